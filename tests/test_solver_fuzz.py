"""Random problems of every kind: no false claim, nothing that is not a number, no bound broken,
nothing slow. See tools/fuzz_solvers.py."""
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
from fuzz_solvers import faults, warm_up  # noqa: E402


@pytest.fixture(scope="module", autouse=True)
def compiled():
    warm_up()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("first", range(0, 600, 60))
def test_random_problems(first):
    found = {seed: faults(seed, steps=20) for seed in range(first, first + 60)}
    assert {seed: wrong for seed, (wrong, _) in found.items() if wrong} == {}
    assert {seed for seed, (_, proven) in found.items() if proven == "no"} == set()
