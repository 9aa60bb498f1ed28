"""Another member of kinds of faults that were found by using the package: docs/faults.md says
what each showed."""

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from factorlasso import (
    AdaptiveWeights,
    LassoModel,
    LassoModelCV,
    OlsPrior,
    SignRule,
    UniLasso,
    fit_rolling,
    plot_coefficient_paths,
    stability_selection,
)
from factorlasso.datasets import simulate_factor_model
from factorlasso.datasets.simulations import Regime
from factorlasso.diagnostics import diagnose_residuals, held_out_residuals
from factorlasso.risk import EwmaCovariance
from factorlasso.selection import fit_degrees_of_freedom, information_criteria, select_by_criterion
from factorlasso.solvers import blocks, kernels


def panel(T=120, M=3, N=4, seed=0, noise=0.3):
    rng = np.random.default_rng(seed)
    dates = pd.date_range("2010-01-31", periods=T, freq="ME")
    x = pd.DataFrame(rng.normal(size=(T, M)), dates).add_prefix("f")
    y = pd.DataFrame(
        x.to_numpy() @ rng.normal(size=(M, N)) + noise * rng.normal(size=(T, N)), dates
    ).add_prefix("y")
    return x, y


@pytest.mark.parametrize(
    "kind", ["factor_cluster_group_lasso", "cluster_group_lasso", "cooperative_lasso"]
)
def test_a_gap_at_a_finite_bound_is_not_optimistic(kind):
    x, y = panel(24, 3, 6, 14, 0.1)
    x = x * 0.1 + x[["f0"]].to_numpy()
    groups = pd.Series(list("aabbcc"), y.columns)
    fast, slow = (
        LassoModel(kind, reg_lambda=1e-3, group_data=groups, bounds=(-0.2, 0.6), solver=s, tol=1e-8)
        .fit(x, y)
        .estimation_result_
        for s in ("auto", "CLARABEL")
    )
    assert fast.objective <= slow.objective * (1 + 1e-6)


def test_rolling_row_norms_end_in_exact_zeros():
    for seed in range(200, 230):
        rng = np.random.default_rng(seed)
        x = pd.DataFrame(
            rng.normal(size=(60, 3)), pd.date_range("2018-01-31", periods=60, freq="ME")
        ).add_prefix("f")
        y = pd.DataFrame({"r": 0.5 * x.f0 + rng.normal(size=60)})
        for c in fit_rolling(
            LassoModel("group_lasso", reg_lambda=0.8, group_data=pd.Series(["g"], ["r"])), x, y, 6
        ).values():
            b = c.y_betas.to_numpy()
            assert (b == 0).all() or np.abs(b).max() > 1e-9


@pytest.mark.parametrize("kind", ["group_lasso", "lasso"])
def test_adaptive_weights_do_not_see_the_units_of_a_neighbour(kind):
    x, y = panel(noise=1.0)
    model = LassoModel(
        kind,
        reg_lambda=0.1,
        penalty_weights=AdaptiveWeights(),
        group_penalty="yuan_lin",
        group_data=None if kind == "lasso" else pd.Series(list("abcd"), y.columns),
    )
    assert_allclose(
        model.fit(x, y.assign(y1=100 * y.y1)).coef_.loc["y0"],
        model.fit(x, y).coef_.loc["y0"],
        atol=1e-8,
    )


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_no_prior_from_fewer_rows_than_the_warm_up():
    x, y = panel()
    y.iloc[15:, 1] = np.nan
    model = LassoModel(reg_lambda=0.1, factors_beta_prior=OlsPrior(), warmup_period=20).fit(x, y)
    assert (model.coef_.loc["y1"] == 0).all() and (model.prior_.loc["y1"] == 0).all()


@pytest.mark.parametrize(
    "rule", [dict(factors_beta_prior=OlsPrior()), dict(factors_beta_loading_signs=SignRule())]
)
def test_rules_stay_inside_a_box_that_was_given(rule):
    x, y = panel()
    coef = LassoModel(reg_lambda=0.01, bounds=(-0.1, 0.4), **rule).fit(x, y).coef_
    assert (coef >= -0.1).all(axis=None) and (coef <= 0.4).all(axis=None)


def test_unilasso_does_not_drop_a_factor_for_the_units_of_another():
    x, y = panel()
    scale = np.array([1e-9, 1.0, 1e9])
    assert_allclose(
        UniLasso(reg_lambda=0).fit(x * scale, y).coef_ * scale,
        UniLasso(reg_lambda=0).fit(x, y).coef_,
        rtol=1e-6,
    )


def test_a_search_keeps_the_relation_of_lambdas_by_response():
    x, y = panel(noise=1.0)
    search = LassoModelCV(
        LassoModel(reg_lambda=pd.Series([1.0, 2.0, 3.0, 4.0], y.columns)), n_lambdas=8
    ).fit(x, y)
    chosen = search.best_model_.reg_lambda
    assert_allclose(chosen / chosen.iloc[-1], [0.25, 0.5, 0.75, 1.0])


def test_a_choice_by_criterion_is_a_point_of_the_path():
    x, y = panel(noise=1.0)
    path = LassoModel(reg_lambda=pd.Series([1.0, 2.0, 3.0, 4.0], y.columns)).path(
        x, y, n_lambdas=10
    )
    chosen = select_by_criterion(information_criteria(path))
    model = LassoModel(reg_lambda=chosen).fit(x, y)
    for i, name in enumerate(y.columns):
        k = np.abs(path.lambdas * path.relative[i] - chosen[name]).argmin()
        assert_allclose(model.coef_.loc[name], path.coef[k, i], atol=1e-7)


def test_a_search_stands_where_a_fitted_model_does():
    x, y = panel(noise=1.0)
    search = LassoModelCV(n_lambdas=6).fit(x, y)
    best = search.best_model_
    assert_allclose(fit_degrees_of_freedom(search), fit_degrees_of_freedom(best))
    assert_allclose(held_out_residuals(search, x, y), held_out_residuals(best, x, y))
    assert repr(diagnose_residuals(search, draws=10)) == repr(diagnose_residuals(best, draws=10))
    pd.testing.assert_frame_equal(
        *(stability_selection(m, x, y, n_pairs=3).selected(0.9) for m in (search, best))
    )


def test_one_date_is_a_date_and_a_window_is_not_below_the_warm_up():
    x, y = panel()
    assert list(fit_rolling(LassoModel(), x, y, dates=x.index[50])) == [x.index[50]]
    with pytest.raises(ValueError, match="below the warm-up"):
        fit_rolling(LassoModel(), x, y, "YE", window=11)


@pytest.mark.parametrize("bad", [dict(known=1.5), dict(wrong=-0.1), dict(gaps=2.0)])
def test_simulators_refuse_what_cannot_be(bad):
    with pytest.raises(ValueError):
        simulate_factor_model(**bad)


@pytest.mark.parametrize("size", [dict(x=1e200), dict(y=1e200), dict(w=1e307)])
def test_what_overflows_is_said_or_right(size):
    x, y = panel(60, 3, 2)
    args = x * size.get("x", 1), y * size.get("y", 1), np.full(60, size.get("w", 1.0))
    try:
        model = LassoModel("group_lasso_clusters", reg_lambda=0.0).fit(*args)
    except ValueError:
        return
    right = LassoModel(reg_lambda=0.0).fit(x, y).coef_ * size.get("y", 1) / size.get("x", 1)
    assert_allclose(model.coef_, right, rtol=1e-6)
    assert model.estimation_result_.gap.max() < 1e-6


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("free", [1, 2])
def test_no_false_alarm_with_unpenalised_columns_and_few_rows(free):
    x, y = panel(40, 60, 3, seed=free, noise=1.0)
    weights = pd.DataFrame(1.0, y.columns, x.columns)
    weights.iloc[:, :free] = 0.0
    model = LassoModel(reg_lambda=0.3, penalty_weights=weights).fit(x, y)
    assert model.estimation_result_.gap.max() < 1e-7
    assert (model.coef_.iloc[:, :free] != 0).all(axis=None)


def test_degrees_of_freedom_count_no_copy_twice():
    x, y = panel(60, 3, 2)
    copies = x.assign(twin=x.f0, sum=x.f1 - 2 * x.f2)
    assert_allclose(LassoModel().path(copies, y, lambdas=[0.0]).df[-1], 3)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", ["factor_cluster_group_lasso", "cluster_group_lasso"])
def test_blocks_with_more_factors_than_rows_converge(kind):
    x, y = panel(6, 8, 4, seed=3)
    groups = pd.Series(list("aabb"), y.columns)
    model = LassoModel(kind, reg_lambda=0.01, group_data=groups, warmup_period=2).fit(x, y)
    assert model.estimation_result_.gap.max() < 1e-7


def test_one_pegged_response_does_not_choose_lambda_for_clusters():
    x, y = panel(240, 5, 9, seed=2, noise=2.0)
    rng = np.random.default_rng(0)
    quiet = y.assign(
        pegged=np.where(
            np.arange(240) < 140, x.f0 + rng.normal(size=240), 0.01 * rng.normal(size=240)
        )
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        one, other = (
            LassoModelCV(LassoModel("group_lasso_clusters"), n_lambdas=15).fit(x, t).best_lambda_
            for t in (y, quiet)
        )
    assert 1 / 3 < other / one < 3


def test_an_empty_model_is_no_silence():
    x, y = panel()
    with pytest.warns(UserWarning, match="λ_max"):
        LassoModel("group_lasso_clusters", reg_lambda=1.0).fit(1e-4 * x, 1e-4 * y)


def test_a_slower_response_is_no_silence():
    x, y = panel()
    y.loc[np.arange(len(y)) % 4 != 3, "y2"] = np.nan
    with pytest.warns(UserWarning, match="y2"):
        LassoModel(reg_lambda=0.01).fit(x, y)


def test_the_level_of_recent_residuals_is_not_the_intercept():
    x, y = panel()
    y.iloc[-12:] += 1.0
    model = LassoModel(reg_lambda=0.01).fit(x, y)
    table = model.covariance().get_snapshot(alpha_span=20)
    recent = (y - model.predict(x)).ewm(span=20).mean().iloc[-1]
    assert_allclose(table["stat_alpha"], recent, rtol=1e-8)
    assert_allclose(table["insample_alpha"], model.intercept_)


@pytest.mark.parametrize("order", ["newest first", "shuffled"])
def test_what_depends_on_age_does_not_depend_on_the_order_of_the_file(order):
    x, y = panel()
    y = y + 0.3 * np.cumsum(np.random.default_rng(1).normal(size=y.shape), 0) / np.sqrt(len(y))
    y.iloc[100:, 0], y.iloc[:80, 1] = np.nan, np.nan
    at = np.arange(119, -1, -1)
    if order == "shuffled":
        at = np.random.default_rng(0).permutation(120)
    one, other = (
        LassoModel(reg_lambda=0.01).fit(a, b) for a, b in ((x, y), (x.iloc[at], y.iloc[at]))
    )
    assert list(other.residuals_.index) == list(x.index[at])
    for how in (
        {"factor_covariance": EwmaCovariance(12, 24, hac_lags=2)},
        {"factor_covariance": "auto", "residual_correlation": "shrink", "young": "drop"},
        {"max_age": 15, "refit": True},
    ):
        a, b = one.covariance(**how), other.covariance(**how)
        assert_allclose(b.get_y_covar(), a.get_y_covar(), rtol=1e-7, atol=1e-12)
        pd.testing.assert_frame_equal(b.get_snapshot(alpha_span=6), a.get_snapshot(alpha_span=6))
        assert b.estimation_date == a.estimation_date == x.index[-1]
    pd.testing.assert_frame_equal(other.summary("hac").to_frame(), one.summary("hac").to_frame())
    a, b = (diagnose_residuals(m).through_time for m in (one, other))
    pd.testing.assert_frame_equal(b, a)


@pytest.mark.filterwarnings("error::DeprecationWarning", "error::FutureWarning")
@pytest.mark.parametrize(
    "names", [["rows", "stat_alpha", "cluster"], [("r2", 1), ("r2", 2), ("alpha", 1)]]
)
def test_factors_named_like_statistics(names):
    x, y = panel()
    x.columns = pd.MultiIndex.from_tuples(names) if isinstance(names[0], tuple) else names
    model = LassoModel(reg_lambda=0.01).fit(x, y)
    table, bare = model.covariance().get_snapshot(), model.coef_.to_numpy()
    assert repr(model.summary()) and (table["loading"].to_numpy() == bare).all()
    assert_allclose(table["statistic"]["r2"], model.estimation_result_.r2)


@pytest.mark.parametrize("cuts", ["2014-06-30", pd.offsets.QuarterEnd(), pd.Period("2014-06")])
def test_a_date_an_offset_and_a_period_are_calendars(cuts):
    x, y = panel()
    assert x.index[53] in fit_rolling(LassoModel(), x, y, dates=cuts)
    with pytest.raises(ValueError, match="such as"):
        fit_rolling(LassoModel(), x, y, dates=pd.DateOffset(months=5))


def test_a_path_that_ends_at_zero_can_be_drawn():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    x, y = panel()
    path = LassoModel().path(x, y, lambdas=[1.0, 0.1, 0.0])
    ax = plot_coefficient_paths(path, "y0")
    assert np.isfinite(np.ravel(ax.get_xlim())).all()
    pyplot.close("all")


@pytest.mark.parametrize("bad", [dict(density="thin"), dict(sign_mix="x"), dict(snr=-0.2)])
def test_regimes_refuse_what_cannot_be(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        Regime(**bad)


def test_the_loops_are_compiled_once():
    rng = np.random.default_rng(0)
    x, y = panel()
    columns = pd.DataFrame(rng.normal(size=(3, 4)).T, y.columns, x.columns)
    wide = pd.DataFrame(rng.normal(size=(20, 3000))).add_prefix("f"), y[:20].reset_index(drop=True)
    groups = pd.Series([0, 0, 1, 1], y.columns)

    def fit_all(prior, wide):
        for settings in ({}, {"model_type": "factor_cluster_group_lasso", "group_data": groups}):
            LassoModel(**settings, factors_beta_prior=prior, reg_lambda=0.01).fit(x, y)
            for few in wide:
                LassoModel(**settings, reg_lambda=0.3).fit(*few)

    loops = kernels._solve_rows, blocks._solve_parts
    fit_all(0.1 * columns.copy(), [])
    kinds = [set(loop.signatures) for loop in loops]
    locked = 0.1 * columns
    locked.to_numpy().flags.writeable = False
    fit_all(locked, [wide])
    assert [set(loop.signatures) for loop in loops] == kinds


@pytest.mark.parametrize("T, N", [(120, 9), (200, 33)])
def test_an_estimated_correlation_is_symmetric_to_the_last_bit(T, N):
    "common residuals under a span, with gaps and without: the estimate can be kept"
    x, y = panel(T, 1, N, 0, 1.0)
    y += np.random.default_rng(1).normal(size=(T, 1)) * (np.arange(N) % 2)
    for observed in (y, y.mask(np.random.default_rng(2).random(y.shape) < .1)):
        model = LassoModel(reg_lambda=.05, span=40).fit(x, observed)
        R = model.covariance(residual_correlation="threshold").residual_corr
        R = R.toarray() if hasattr(R, "toarray") else np.asarray(R)
        assert (R == R.T).all() and (R != np.eye(N)).any()
