"""Units are nobody's business.

Invariants: whatever the units of factors and responses, a default `LassoModelCV` and a fit of the
command line keep every zero and every fitted value; loadings change by the ratio of the units.
"""
import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from factorlasso import LassoModelCV
from factorlasso.cli.cli import main

T, M, N = 90, 4, 3
few = settings(max_examples=5, deadline=None, derandomize=True)
exponents = st.lists(st.integers(-4, 4), min_size=M + N, max_size=M + N)


def panel(seed):
    "Sparse truth, noise, a late start and some holes"
    rng = np.random.default_rng(seed)
    months = pd.date_range("2015-01-31", periods=T, freq="ME", name="date")
    x = pd.DataFrame(rng.normal(size=(T, M)), months).add_prefix("f")
    beta = rng.normal(size=(N, M)) * (rng.random((N, M)) < .6)
    y = pd.DataFrame(x.to_numpy() @ beta.T + rng.normal(size=(T, N)), months).add_prefix("r")
    y.iloc[:20, 0] = np.nan
    return x, y.mask(rng.random(y.shape) < .05)


def units(powers):
    "Positive numbers that no rounding makes exact"
    return 3.7 ** np.array(powers[:M], dtype=float), 2.9 ** np.array(powers[M:], dtype=float)


def agree(was, now, s, u):
    "The same zeros, and loadings in the new units"
    was, now = was.to_numpy(), now.to_numpy() * s / u[:, None]
    assert ((was != 0) == (now != 0)).all() and (was != 0).any()
    assert_allclose(now, was, rtol=1e-5, atol=1e-7)


@few
@given(st.integers(0, 100), exponents)
def test_a_search_does_not_know_units(seed, powers):
    (x, y), (s, u) = panel(seed), units(powers)
    was, now = LassoModelCV().fit(x, y), LassoModelCV().fit(x * s, y * u)
    agree(was.coef_, now.coef_, s, u)
    assert_allclose(now.predict(x * s) / u, was.predict(x), rtol=1e-6, atol=1e-6)


def by_command(folder, x, y):
    "Loadings and intercepts that the command line writes"
    x.to_csv(folder / "x.csv")
    y.to_csv(folder / "y.csv")
    files = ["--x", str(folder / "x.csv"), "--y", str(folder / "y.csv")]
    assert not main(["fit", *files, "--out", str(folder / "out")])
    tables = (pd.read_csv(folder / "out" / f"{name}.csv", index_col=0)
              for name in ("loadings", "responses"))
    loadings, responses = tables
    return loadings, responses["alpha"].to_numpy() + x.to_numpy() @ loadings.to_numpy().T


@few
@given(st.integers(0, 100), exponents)
def test_the_command_line_does_not_know_units(tmp_path_factory, seed, powers):
    (x, y), (s, u) = panel(seed), units(powers)
    folder = tmp_path_factory.mktemp("units")
    was, fitted = by_command(folder, x, y)
    now, scaled = by_command(folder, x * s, y * u)
    agree(was, now, s, u)
    assert_allclose(scaled / u, fitted, rtol=1e-6, atol=1e-6)
