"""What must not change the answer: units, empty rows, order, what stands under a mask, and rows
that are written twice."""
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from factorlasso import AdaptiveWeights, LassoModel, OlsPrior, SignRule, UniLasso
from factorlasso.clusters.clusters import Clustering, dependence_matrix
from factorlasso.data.ewma import rolling_mean, weighted_corr, weighted_cov, weighted_mean
from factorlasso.data.panel import make_panel

T, M, N = 60, 4, 6
MODELS = ["lasso", "group_lasso", "group_lasso_clusters", "factor_cluster_group_lasso",
          "cluster_group_lasso"]
seeds = st.integers(0, 10_000)
models = st.sampled_from(MODELS)
spans = st.sampled_from([None, 12, 40])
few = settings(max_examples=25, deadline=None, derandomize=True,
               suppress_health_check=list(HealthCheck))


def draw(seed, gaps=True):
    "Data with staggered starts and holes, signs, a prior inside them, and groups"
    rng = np.random.default_rng(seed)
    X = 0.6 * rng.normal(size=(T, 1)) + 0.8 * rng.normal(size=(T, M))
    Y = X @ (rng.normal(size=(N, M)) * (rng.random((N, M)) < 0.6)).T + rng.normal(size=(T, N))
    if gaps:
        Y[np.arange(T)[:, None] < rng.integers(0, T // 3, size=N)] = np.nan
        Y[rng.random(Y.shape) < 0.1] = np.nan
    x = pd.DataFrame(X, pd.date_range("2020-01-01", periods=T), [f"f{j}" for j in range(M)])
    y = pd.DataFrame(Y, x.index, [f"r{i}" for i in range(N)])
    signs = pd.DataFrame(rng.choice([1, -1, 0, np.nan, np.nan, np.nan], size=(N, M)),
                         y.columns, x.columns)
    prior = (0.2 * signs).fillna(0.1)
    groups = pd.Series(rng.integers(0, 3, size=N).astype(str), y.columns)
    return rng, x, y, signs, prior, groups


def make(model_type, groups, **arguments):
    by_group = {"group_data": groups} if model_type == "group_lasso" else {}
    return LassoModel(model_type, l1_weight=0.2 if model_type != "lasso" else 0.0, **by_group,
                      **arguments)


def assert_same_fit(a, b, atol=1e-8):
    "Equal loadings, equal zeros"
    b = b.loc[a.index, a.columns]
    assert_allclose(a, b, atol=atol * max(1.0, np.abs(a.to_numpy()).max()))
    assert_array_equal(a != 0, b != 0)


@few
@given(seeds, models, spans, st.floats(-6, 6), st.floats(-3, 0))
def test_units(seed, model_type, span, power, strength):
    "x and y times s, lambda times s squared: the same loadings"
    _, x, y, signs, prior, groups = draw(seed)
    s, lam = 10.0**power, 10.0**strength
    arguments = dict(span=span, factors_beta_loading_signs=signs, factors_beta_prior=prior)
    small = make(model_type, groups, reg_lambda=lam, **arguments).fit(x, y)
    large = make(model_type, groups, reg_lambda=lam * s**2, **arguments).fit(s * x, s * y)
    assert_same_fit(small.coef_, large.coef_)
    assert_allclose(large.intercept_, s * small.intercept_, atol=1e-8 * s)


@few
@given(seeds, models, spans, st.floats(-6, 6))
def test_units_of_the_response_alone(seed, model_type, span, power):
    "y times s, lambda times s: loadings times s"
    _, x, y, signs, _, groups = draw(seed)
    s = 10.0**power
    arguments = dict(span=span, factors_beta_loading_signs=signs)
    small = make(model_type, groups, reg_lambda=0.05, **arguments).fit(x, y)
    large = make(model_type, groups, reg_lambda=0.05 * s, **arguments).fit(x, s * y)
    assert_same_fit(small.coef_, large.coef_ / s)


@few
@given(seeds, models, spans, st.floats(-4, 4), st.booleans(), st.booleans())
def test_units_of_the_factors(seed, model_type, span, power, ridge, series):
    "under `factor_scale` each factor in a unit of its own: loadings over units, and nothing else"
    rng, x, y, signs, prior, groups = draw(seed)
    units = pd.Series(10.0 ** (power * rng.uniform(-1, 1, M)), x.columns)
    one, other = (pd.Series(1.0, x.columns), units) if series else ("sd", "sd")
    arguments = dict(reg_lambda=0.1, span=span, factors_beta_loading_signs=signs,
                     l2_weight=0.1 * ridge)
    given = make(model_type, groups, factor_scale=one, factors_beta_prior=prior,
                 **arguments).fit(x, y)
    moved = make(model_type, groups, factor_scale=other, factors_beta_prior=prior / units,
                 **arguments).fit(x * units, y)
    assert_same_fit(given.coef_, moved.coef_ * units, atol=1e-7)
    assert_allclose(moved.intercept_, given.intercept_, atol=1e-6)


@few
@given(seeds, models, st.booleans())
def test_weights_of_cells(seed, model_type, scaled):
    """a cell that weighs c is a cell of a factor that is c times as dear; the objective of CVXPY is
    never lower"""
    rng, x, y, signs, _, groups = draw(seed)
    weights = pd.DataFrame(rng.choice([0.0, 0.3, 1.0, 4.0], size=(N, M)), y.columns, x.columns)
    arguments = dict(reg_lambda=0.1, factors_beta_loading_signs=signs, penalty_weights=weights)
    arguments["factor_scale"] = "sd" if scaled else None
    ours = make(model_type, groups, **arguments).fit(x, y).estimation_result_
    theirs = make(model_type, groups, solver="CLARABEL", **arguments).fit(x, y).estimation_result_
    assert ours.converged.all() and ours.objective <= theirs.objective * (1 + 1e-9)
    assert_allclose(ours.estimated_beta, theirs.estimated_beta, atol=2e-3)


@few
@given(seeds, st.sampled_from(["lasso", "group_lasso"]))
def test_adaptive_weights_pool_nothing(seed, model_type):
    "a response does not depend on the others where the penalty does not join them"
    _, x, y, _, _, groups = draw(seed)
    model = make(model_type, groups, reg_lambda=0.1, penalty_weights=AdaptiveWeights(),
                 factors_beta_prior=OlsPrior())
    before, after = model.fit(x, y).coef_, model.fit(x, y.assign(r0=100 * y["r0"])).coef_
    assert_allclose(before.iloc[1:], after.iloc[1:], atol=1e-10)


@few
@given(seeds, st.integers(1, 11))
def test_rules_trust_no_young_response(seed, rows):
    "fewer rows than `warmup_period`: no prior, no sign"
    _, x, y, _, _, _ = draw(seed, gaps=False)
    y.iloc[rows:, 1] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        model = LassoModel(factors_beta_prior=OlsPrior(),
                           factors_beta_loading_signs=SignRule()).fit(x, y)
    assert (model.coef_.loc["r1"] == 0).all() and model.signs_.loc["r1"].isna().all()


@few
@given(seeds, st.floats(0.01, 0.5),
       st.sampled_from([(-1.0, 1.0), (0.1, 2.0), (-2.0, -0.1), (0.0, 0.5)]))
def test_rules_give_way_to_bounds(seed, threshold, bounds):
    "nothing that was derived makes a fit with bounds fail"
    _, x, y, _, _, _ = draw(seed)
    model = LassoModel(bounds=bounds, factors_beta_prior=OlsPrior(),
                       factors_beta_loading_signs=SignRule(threshold))
    coef = model.fit(x, y).coef_.to_numpy()
    assert (bounds[0] <= coef).all() and (coef <= bounds[1]).all()


@few
@given(seeds, models, spans, st.integers(1, 30), st.booleans())
def test_empty_rows(seed, model_type, span, extra, at_the_end):
    """Rows without any response change nothing, before or after the others, whatever their factors
    are"""
    rng, x, y, signs, _, groups = draw(seed)
    more = pd.DataFrame(rng.normal(size=(extra, M)), columns=x.columns)
    more.index = pd.date_range("2021-01-01" if at_the_end else "2019-01-01", periods=extra)
    long = pd.concat([x, more]).sort_index()
    arguments = dict(reg_lambda=0.05, span=span, factors_beta_loading_signs=signs)
    without = make(model_type, groups, **arguments).fit(x, y)
    with_rows = make(model_type, groups, **arguments).fit(long, y.reindex(long.index))
    assert_same_fit(without.coef_, with_rows.coef_)
    assert_allclose(with_rows.intercept_, without.intercept_, atol=1e-8)


@few
@given(seeds, models, spans)
def test_order_of_factors_and_responses(seed, model_type, span):
    rng, x, y, signs, prior, groups = draw(seed)
    arguments = dict(reg_lambda=0.05, span=span, factors_beta_loading_signs=signs,
                     factors_beta_prior=prior)
    one = make(model_type, groups, **arguments).fit(x, y)
    other = make(model_type, groups, **arguments).fit(x[rng.permutation(x.columns)],
                                                      y[rng.permutation(y.columns)])
    assert_same_fit(one.coef_, other.coef_)


@few
@given(seeds, models, spans)
def test_rows_without_weight(seed, model_type, span):
    "What stands in a row of weight zero does not matter, however large it is"
    rng, x, y, signs, _, groups = draw(seed)
    weights = rng.choice([0.0, 0.5, 1.0], size=T)
    arguments = dict(reg_lambda=0.05, span=span, factors_beta_loading_signs=signs)
    clean = make(model_type, groups, **arguments).fit(x, y, sample_weight=weights)
    x[weights == 0], y[weights == 0] = 1e99, -1e99
    poisoned = make(model_type, groups, **arguments).fit(x, y, sample_weight=weights)
    assert_array_equal(clean.coef_, poisoned.coef_)
    assert_array_equal(clean.intercept_, poisoned.intercept_)


@few
@given(seeds, models, spans)
def test_rows_with_a_missing_factor(seed, model_type, span):
    "The rest of a row whose factors are incomplete does not matter either"
    rng, x, y, signs, _, groups = draw(seed)
    rows = rng.choice(T, 6, replace=False)
    x.iloc[rows, 0] = np.nan
    arguments = dict(reg_lambda=0.05, span=span, factors_beta_loading_signs=signs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        clean = make(model_type, groups, **arguments).fit(x, y)
        x.iloc[rows, 1:], y.iloc[rows] = 1e99, -1e99
        poisoned = make(model_type, groups, **arguments).fit(x, y)
    assert_array_equal(clean.coef_, poisoned.coef_)
    assert_array_equal(clean.intercept_, poisoned.intercept_)


@few
@given(seeds)
def test_a_panel_keeps_nothing_under_its_mask(seed):
    rng, x, y, *_ = draw(seed)
    weights = rng.choice([0.0, 1.0], size=T)
    clean = make_panel(x, y, weights)
    x[weights == 0], y[weights == 0] = 1e99, -1e99
    poisoned = make_panel(x, y, weights)
    assert_array_equal(clean.mask, poisoned.mask)
    assert_array_equal(clean.Y, poisoned.Y)
    assert not poisoned.Y[~poisoned.mask].any()


@few
@given(seeds, st.sampled_from([weighted_mean, weighted_cov, weighted_corr]))
def test_statistics_read_nothing_under_their_mask(seed, statistic):
    rng, _, y, *_ = draw(seed)
    clean, weights = np.ascontiguousarray(y), rng.uniform(size=T)
    mask = np.isfinite(clean)
    poisoned = np.where(mask, clean, rng.choice([1e99, -1e99], size=y.shape))
    assert_array_equal(statistic(poisoned, weights, mask), statistic(clean, weights))
    assert_array_equal(rolling_mean(poisoned, 12, mask), rolling_mean(clean, 12))


@few
@given(seeds, models, st.booleans())
def test_rows_written_twice_weigh_twice(seed, model_type, demean):
    rng, x, y, signs, prior, groups = draw(seed)
    times = rng.integers(0, 4, size=T)
    arguments = dict(factors_beta_loading_signs=signs.to_numpy(),
                     factors_beta_prior=prior.to_numpy(), demean=demean)
    by_position = groups.set_axis([f"y{i}" for i in range(N)])
    model = make(model_type, by_position, reg_lambda=0.05, warmup_period=2, **arguments)
    if model_type not in ("lasso", "group_lasso"):
        model.set_params(clustering=by_position)
    weighted = model.fit(x.to_numpy(), y.to_numpy(), sample_weight=times).coef_
    repeated = model.fit(np.repeat(x.to_numpy(), times, axis=0),
                         np.repeat(y.to_numpy(), times, axis=0)).coef_
    assert_same_fit(pd.DataFrame(weighted), pd.DataFrame(repeated))


@few
@given(seeds, models, st.floats(1e-3, 1e3))
def test_only_ratios_of_weights_matter(seed, model_type, factor):
    rng, x, y, signs, _, groups = draw(seed)
    weights = rng.uniform(0.1, 1, size=T)
    model = make(model_type, groups, reg_lambda=0.05, factors_beta_loading_signs=signs)
    assert_same_fit(model.fit(x, y, sample_weight=weights).coef_,
                    model.fit(x, y, sample_weight=factor * weights).coef_)


@few
@given(seeds, spans)
def test_a_response_does_not_depend_on_the_others(seed, span):
    _, x, y, signs, _, _ = draw(seed)
    together = LassoModel(reg_lambda=0.05, span=span,
                          factors_beta_loading_signs=signs).fit(x, y).coef_
    for name in y:
        alone = LassoModel(reg_lambda=0.05, span=span,
                           factors_beta_loading_signs=signs.loc[[name]]).fit(x, y[[name]]).coef_
        assert_same_fit(together.loc[[name]], alone, atol=1e-10)


@few
@given(seeds, st.floats(-1e3, 1e3), st.floats(-1e3, 1e3))
def test_means_go_to_the_intercept(seed, shift_x, shift_y):
    _, x, y, signs, _, _ = draw(seed)
    model = LassoModel(reg_lambda=0.05, factors_beta_loading_signs=signs)
    first, second = model.fit(x, y).coef_, model.fit(x + shift_x, y + shift_y).coef_
    assert_same_fit(first, second, atol=1e-7)
    assert_allclose(model.predict(x + shift_x) - shift_y,
                    LassoModel(**model.get_params()).fit(x, y).predict(x), atol=1e-6)


@pytest.mark.parametrize("model_type", MODELS)
def test_layout_in_memory(model_type):
    _, x, y, signs, _, groups = draw(0)
    model = make(model_type, groups, reg_lambda=0.05, factors_beta_loading_signs=signs)
    orders = (np.ascontiguousarray, np.asfortranarray)
    by_row, by_column = ([pd.DataFrame(order(t), t.index, t.columns) for t in (x, y)]
                         for order in orders)
    assert_array_equal(model.fit(*by_row).coef_, model.fit(*by_column).coef_)


@pytest.mark.parametrize("model_type", MODELS)
def test_threads_give_the_same_numbers(model_type):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(80, 5)), rng.normal(size=(80, 300))
    groups = pd.Series(rng.integers(0, 20, size=300), [f"y{i}" for i in range(300)])
    model = make(model_type, groups, reg_lambda=0.02)
    assert_array_equal(model.fit(x, y).coef_, model.set_params(n_jobs=2).fit(x, y).coef_)


# ------------------------------------------------------------------ a response's fit is its own


def estimators(groups):
    """One estimator of every kind whose penalty does not pool responses, or whose groups are given
    and alone"""
    alone = pd.Series(list(groups.index), groups.index)
    yield LassoModel(reg_lambda=0.05)
    yield LassoModel(reg_lambda=0.05, demean=False)
    yield LassoModel("group_lasso", reg_lambda=0.05, group_data=alone, group_penalty="yuan_lin")
    yield LassoModel("cooperative_lasso", reg_lambda=0.05, group_data=alone,
                     group_penalty="yuan_lin")
    yield UniLasso(reg_lambda=0.05)


@few
@given(seeds, st.sampled_from([None, 3, 12]),
       st.sampled_from(["bad row", "ended", "late", "units"]), st.integers(0, 4))
def test_a_response_is_fitted_from_its_own_rows(seed, span, what, which):
    """Whatever happens on rows that it does not have, before, beside or after them, and whatever
    the unit of the weights"""
    rng, x, y, _, _, groups = draw(seed)
    name = y.columns[0]
    rows = y[name].notna().to_numpy()
    weights = rng.uniform(0.5, 2, size=T)
    model = list(estimators(groups))[which].set_params(span=span)
    expected = (LassoModel(**model.get_params()) if isinstance(model, LassoModel)
                else UniLasso(**model.get_params()))
    if what in ("bad row", "units"):
        last = np.flatnonzero(rows)[-1] + 1     # a decay counts rows, so the gaps stay
        base_x, base_y, base_w = x, y[[name]], weights
    elif what == "ended":
        more = pd.DataFrame(rng.normal(size=(3_000, M)),
                            pd.date_range(x.index[-1], periods=3_001)[1:], x.columns)
        base_x, base_y, base_w = x, y[[name]], weights
        x, y, weights = pd.concat([x, more]), pd.concat(
            [y, pd.DataFrame(rng.normal(size=(3_000, N)), more.index, y.columns).assign(
                **{name: np.nan})]), np.r_[weights, np.ones(3_000)]
    else:
        more = pd.DataFrame(rng.normal(size=(50, M)),
                            pd.date_range(end=x.index[0], periods=51)[:-1], x.columns)
        base_x, base_y, base_w = x, y[[name]], weights
        x, y, weights = pd.concat([more, x]), pd.concat(
            [pd.DataFrame(1e6, more.index, y.columns).assign(**{name: np.nan}), y]), np.r_[
                np.ones(50), weights]
    if model.get_params().get("group_data") is not None:
        expected.set_params(group_data=pd.Series([name], [name]))
    alone = expected.fit(base_x, base_y, sample_weight=base_w)
    if what == "bad row":
        x = x.copy()
        gone = np.flatnonzero(~rows[:last])
        x.iloc[gone, 0] = 1e9
        y = (y.mask(np.repeat(np.isin(np.arange(T), gone)[:, None], N, axis=1))
             if rng.random() < .5 else y)
    factor = 10.0 ** rng.integers(-6, 7) if what == "units" else 1.0
    together = model.fit(x, y, sample_weight=factor * weights)
    assert_same_fit(pd.DataFrame(together.coef_).loc[[name]], pd.DataFrame(alone.coef_), atol=1e-7)
    assert_allclose(together.estimation_result_.r2[name],
                    alone.estimation_result_.r2[name], atol=1e-7)


@few
@given(seeds, st.sampled_from([3, 12]))
def test_clusters_of_series_that_ended_are_those_of_their_time(seed, span):
    "Correlations under a decay, three thousand rows after the last common one"
    rng, _, y, *_ = draw(seed, gaps=False)
    later = np.vstack([y, np.c_[np.full((3_000, 3), np.nan), rng.normal(size=(3_000, N - 3))]])
    before = dependence_matrix(Clustering(span=span), make_panel(np.ones((T, 1)), y))
    after = dependence_matrix(Clustering(span=span), make_panel(np.ones((len(later), 1)), later))
    assert_allclose(after[:3], before[:3], atol=1e-9)


@few
@given(seeds)
def test_statistics_do_not_see_rows_that_a_pair_does_not_share(seed):
    rng, _, y, *_ = draw(seed)
    y.iloc[5, 0], y.iloc[5, 1] = np.nan, 0.0
    before = weighted_corr(y.to_numpy())
    for size in (1e8, 1e200):
        y.iloc[5, 1] = size
        assert_allclose(weighted_corr(y.to_numpy())[0, 1],
                        weighted_corr(y.drop(y.index[5]).to_numpy())[0, 1], rtol=1e-9)
    assert_allclose(before[0, 1], weighted_corr(y.drop(y.index[5]).to_numpy())[0, 1], rtol=1e-9)
