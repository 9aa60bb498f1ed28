"""Units are nobody's business.

Invariants: whatever the units of factors and responses, a default `LassoModelCV` and a fit of the
command line keep every zero and every fitted value; loadings change by the ratio of the units.
What is made of a fit (covariance, errors, tests of residuals) is the same to the last bits in
units that are powers of two, which round nothing: no threshold on the way may have a unit.
"""
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from factorlasso import LassoModel, LassoModelCV, diagnose_residuals
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


def in_powers_of_two(seed):
    "A fit, the same fit in other units, and these units of x and y"
    (x, y), s, u = panel(seed), 2.0 ** np.array([-40, 0, 13, 50]), 2.0 ** 35
    x["f0"] = x["f0"].where(x.index == x.index[50], 0.0) if seed == 1 else x["f0"]   # one event
    models = (LassoModel(reg_lambda=.05 * k, factor_scale="sd") for k in (1, u))
    return *(m.fit(x * a, y * b) for m, a, b in zip(models, (1, s), (1, u), strict=True)), s, u


ASKED = [{}, {"refit": True}, {"factor_covariance": "auto"},
         *({"residual_correlation": kind} for kind in ("auto", "threshold", "shrink", "cluster"))]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_a_covariance_does_not_know_units(asked):
    was, now, _, u = in_powers_of_two(0)
    covariances = (model.covariance(**asked).y_covar for model in (was, now))
    assert_allclose(next(covariances), next(covariances) / u**2, rtol=1e-12)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("kind", ["moments", "hc", "hac"])
def test_standard_errors_do_not_know_units(kind, seed):
    was, now, s, u = in_powers_of_two(seed)
    a, b = (model.standard_errors(kind=kind).table for model in (was, now))
    assert_allclose(b["se"] * np.tile(s, N) / u, a["se"], rtol=1e-12)
    assert (a["note"] == b["note"]).all()
    event = (np.arange(N * M) % M == 0) & (seed == 1)   # which the residuals say nothing of
    assert (a["se"].isna() == (event & (kind != "moments"))).all()


def test_diagnoses_do_not_know_units():
    a, b = (diagnose_residuals(model) for model in in_powers_of_two(0)[:2])
    assert_allclose(a.eigenvalues, b.eigenvalues, rtol=1e-12)
    assert (a.p_value, a.critical, a.n_missing) == (b.p_value, b.critical, b.n_missing)
    assert_allclose(a.through_time, b.through_time, rtol=1e-12)


@pytest.mark.parametrize("level", [1e3, 1e5])
def test_diagnoses_do_not_know_levels(level):
    x, y = panel(0)
    a, b = (diagnose_residuals(LassoModel(reg_lambda=.05).fit(x + k, y + k)) for k in (0, level))
    for name in ("statistic", "critical", "p_value"):
        assert_allclose(getattr(b, name), getattr(a, name), rtol=1e-5)
