"""The scripts that show what the pages claim still run; what they show is for an idle machine."""
import sys
from pathlib import Path

import pytest

tools = Path(__file__).resolve().parents[1] / "tools"


@pytest.mark.filterwarnings("ignore")
def test_every_call_that_a_user_waits_for_can_be_timed(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(tools)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MPLBACKEND"):
        monkeypatch.setenv(name, "agg" if name == "MPLBACKEND" else "1")   # and back afterwards
    import waiting
    monkeypatch.setattr(waiting, "seconds", lambda call: 0.0)
    names = []
    for name, bars, call in waiting.calls(*waiting.panel(90, 3, 6), tmp_path):
        assert len(bars) == len(waiting.SIZES)
        call()
        names.append(name)
    assert len(set(names)) == len(names) > 15
    sys.modules.pop("waiting")
