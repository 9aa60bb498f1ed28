"""Bad input gets a clear error that names what is wrong, never a quiet wrong number: one test for
every such rule."""
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import KFold

from factorlasso import LassoModel, LassoModelCV

T, M, N = 60, 3, 4
dates = pd.date_range("2020-01-31", periods=T, freq="ME")
rng = np.random.default_rng(0)
x = pd.DataFrame(rng.normal(size=(T, M)), dates, ["equity", "rates", "credit"])
loadings = pd.DataFrame([[1, 0, 0.5], [0.8, -0.3, 0], [0, 1, 0], [0.5, 0.2, -0.4]],
                        ["fund", "bond", "stock", "loan"], x.columns)
y = x @ loadings.T + 0.3 * rng.normal(size=(T, N))
signs = pd.DataFrame(np.nan, y.columns, x.columns)
groups = pd.Series(["a", "a", "b", "b"], y.columns)


def fit(x=x, y=y, **arguments):
    return LassoModel(**{"reg_lambda": 1e-3, **arguments}).fit(x, y)


def put(table, row, column, value):
    "A copy with one other cell"
    table = table.astype(object if isinstance(value, str) else float).copy()
    table.loc[row, column] = value
    return table


def renamed(table, old, new):
    return table.rename(columns={old: new})


# ------------------------------------------------------------------ the tables

shifted = y.set_axis(dates + pd.Timedelta(days=1))
one_other = y.set_axis([*dates[:7], dates[7] + pd.Timedelta(days=3), *dates[8:]])
refused_tables = {
    "indexes differ from the first row": (x, shifted, "2020-01-31"),
    "indexes differ in one row": (x, one_other, str(dates[7].date())),
    "rows in another order": (x, y[::-1], "2020-01-31"),
    "same length, other dates": (x[5:], y[:-5], "2020-06-30"),
    "y is a shifted Series": (x, shifted["fund"], "2020-01-31"),
    "duplicate factors": (renamed(x, "rates", "equity"), y, "equity"),
    "duplicate responses": (x, renamed(y, "bond", "fund"), "fund"),
    "duplicate dates": (x.iloc[[0, 0, 1, 2]], y.iloc[[0, 0, 1, 2]], "2020-01-31"),
    "arrays of different length": (x.to_numpy(), y.to_numpy()[:-1], "60.*59"),
    "tables of different length": (x, y[:-1], "60.*59"),
    "no rows": (x[:0], y[:0], "0 sample"),
    "no factors": (x[[]], y, "0 feature"),
    "no responses": (x, y[[]], "y"),
    "infinity in x": (put(x, dates[3], "rates", np.inf), y, "rates"),
    "minus infinity in y": (x, put(y, dates[3], "stock", -np.inf), "stock"),
    "text in x": (put(x, dates[3], "credit", "n/a"), y, "credit"),
    "text in y": (x, put(y, dates[3], "loan", "n/a"), "loan"),
    "dates as values": (x.assign(rates=dates), y, "rates"),
}


@pytest.mark.parametrize("case", refused_tables)
def test_tables_that_are_refused(case):
    bad_x, bad_y, message = refused_tables[case]
    with pytest.raises(ValueError, match=message):
        fit(bad_x, bad_y)


@pytest.mark.parametrize("span", [12, 1.0])
@pytest.mark.parametrize("order", [slice(None, None, -1), [*range(10), 11, 10, *range(12, T)]],
                         ids=["reversed", "two swapped"])
def test_dates_must_increase_under_a_span(span, order):
    with pytest.raises(ValueError, match="increasing"):
        fit(x.iloc[order], y.iloc[order], span=span)


def test_rolling_means_and_searches_over_them_want_rows_in_order():
    with pytest.raises(ValueError, match="increasing order"):
        fit(x[::-1], y[::-1], demean="rolling")
    search = LassoModelCV(LassoModel(demean="rolling"), cv=KFold(3))
    with pytest.raises(ValueError, match="increasing order"):
        search.fit(x[::-1], y[::-1])


def test_order_of_rows_is_free_without_a_span():
    assert_allclose(fit(x[::-1], y[::-1]).coef_, fit().coef_, atol=1e-9)


def test_incomplete_factor_rows_count_for_no_response():
    holes = put(put(put(x, dates[3], "rates", np.nan), dates[3], "equity", np.nan), dates[40],
                "credit", np.nan)
    with pytest.warns(UserWarning, match=r"\b2\b") as warned:
        model = fit(holes, y)
    assert len(warned) == 1
    kept = holes.notna().all(axis=1)
    assert_allclose(model.coef_, fit(x[kept], y[kept]).coef_, atol=1e-9)
    assert_allclose(model.intercept_, fit(x[kept], y[kept]).intercept_, atol=1e-9)


def test_no_complete_factor_row_at_all():
    with pytest.raises(ValueError), pytest.warns(UserWarning):
        fit(x.assign(rates=np.nan), y).score(x, y)


def test_input_is_not_modified():
    x0, y0 = put(x, dates[3], "rates", np.nan), put(y, dates[9], "loan", np.nan)
    before = x0.copy(), y0.copy()
    with pytest.warns(UserWarning):
        fit(x0, y0, span=20)
    pd.testing.assert_frame_equal(x0, before[0])
    pd.testing.assert_frame_equal(y0, before[1])


@pytest.mark.parametrize("weights", [-np.ones(T), np.full(T, np.nan), np.full(T, np.inf),
                                     np.ones(T - 1), np.zeros(T)],
                         ids=["negative", "NaN", "infinite", "too short", "all zero"])  # fmt: skip
def test_sample_weights_that_are_refused(weights):
    with pytest.raises(ValueError, match="weight"):
        LassoModel().fit(x, y, sample_weight=weights)


# ------------------------------------------------------------------ short histories


@pytest.mark.parametrize("prior", [None, loadings], ids=["no prior", "prior"])
def test_short_history_returns_the_prior_and_one_warning(prior):
    short = y.copy()
    short.loc[dates[:-5], "stock"] = np.nan  # 5 rows, warm-up 12
    with pytest.warns(UserWarning, match="stock") as warned:
        model = fit(x, short, factors_beta_prior=prior)
    assert len(warned) == 1
    assert_array_equal(model.coef_.loc["stock"],
                       np.zeros(M) if prior is None else prior.loc["stock"])
    assert np.isnan(model.estimation_result_.r2["stock"])
    others = ["fund", "bond", "loan"]
    alone = fit(x, y[others], factors_beta_prior=None if prior is None else prior.loc[others])
    assert_allclose(model.coef_.loc[others], alone.coef_, atol=1e-9)
    assert_allclose(model.score(x, y), alone.score(x, y[others]), atol=1e-9)


def test_short_history_is_left_out_of_clusters():
    short = y.copy()
    short.loc[dates[:-5], "stock"] = np.nan
    with pytest.warns(UserWarning, match="stock"):
        model = fit(x, short, model_type="group_lasso_clusters")
    others = ["fund", "bond", "loan"]
    alone = fit(x, y[others], model_type="group_lasso_clusters")
    assert "stock" not in model.clusters_.dropna().index
    assert_array_equal(model.clusters_[others], alone.clusters_[others])
    assert_allclose(model.coef_.loc[others], alone.coef_, atol=1e-9)


def test_warmup_counts_rows_that_are_valid():
    short = y.copy()
    short.loc[dates[:-12], "stock"] = np.nan
    assert np.isfinite(fit(x, short, warmup_period=12).estimation_result_.r2["stock"])
    with pytest.warns(UserWarning, match="stock"):
        fit(x, short, warmup_period=13)


# ------------------------------------------------------------------ signs, priors and groups

refused_arguments = {
    "sign 2": (dict(factors_beta_loading_signs=put(signs, "bond", "rates", 2)), "bond.*rates"),
    "sign one half": (dict(factors_beta_loading_signs=put(signs, "loan", "equity", 0.5)),
                      "loan.*equity"),
    "infinite sign": (dict(factors_beta_loading_signs=put(signs, "loan", "equity", np.inf)),
                      "loan.*equity"),
    "text as sign": (dict(factors_beta_loading_signs=put(signs, "loan", "equity", "+")), "sign"),
    "response without signs": (dict(factors_beta_loading_signs=signs.drop("bond")), "bond"),
    "factor without signs": (dict(factors_beta_loading_signs=signs.drop(columns="rates")), "rates"),
    "signs of an unknown response": (dict(factors_beta_loading_signs=signs.rename({"bond": "bnd"})),
                                     "bnd|bond"),
    "signs of an extra response":
    (dict(factors_beta_loading_signs=pd.concat([signs, signs[:1].rename({"fund": "gold"})])),
     "gold"),
    "signs of an extra factor": (dict(factors_beta_loading_signs=signs.assign(oil=1)), "oil"),
    "signs of another shape": (dict(factors_beta_loading_signs=np.ones((M, N))), r"\(3, 4\)"),
    "prior above its sign box": (
        dict(factors_beta_loading_signs=put(signs, "bond", "equity", -1),
             factors_beta_prior=loadings),
        "bond.*equity",
    ),
    "prior not zero where pinned": (
        dict(factors_beta_loading_signs=put(signs, "stock", "rates", 0),
             factors_beta_prior=loadings),
        "stock.*rates",
    ),
    "negative prior under nonneg": (dict(nonneg=True, factors_beta_prior=loadings), "bond.*rates"),
    "prior of an extra response": (dict(factors_beta_prior=loadings.rename({"bond": "gold"})),
                                   "gold|bond"),
    "factor without prior": (dict(factors_beta_prior=loadings.drop(columns="rates")), "rates"),
    "infinite prior": (dict(factors_beta_prior=put(loadings, "bond", "rates", np.inf)),
                       "bond.*rates"),
    "response without group": (dict(model_type="group_lasso", group_data=groups.drop("bond")),
                               "bond"),
    "group NaN": (dict(model_type="group_lasso", group_data=groups.mask(groups.index == "loan")),
                  "loan"),
    "no groups": (dict(model_type="group_lasso"), "group_data"),
    "clusters without a response":
    (dict(model_type="group_lasso_clusters", clustering=groups.drop("bond")), "bond"),
    "cluster NaN": (dict(model_type="factor_cluster_group_lasso",
                         clustering=groups.mask(groups.index == "loan")), "loan"),
    "negative lambda": (dict(reg_lambda=-1.0), "reg_lambda"),
    "lambda NaN": (dict(reg_lambda=np.nan), "reg_lambda"),
    "infinite lambda": (dict(reg_lambda=np.inf), "reg_lambda"),
    "lambda without a response": (dict(reg_lambda=pd.Series(1e-3, y.columns[1:])), "fund"),
    "lambda NaN for a response":
    (dict(reg_lambda=pd.Series(1e-3, y.columns).mask(y.columns == "loan")), "loan"),
    "span below 1": (dict(span=0.5), "span"),
    "span NaN": (dict(span=np.nan), "span"),
    "l1_weight below 0": (dict(model_type="group_lasso", group_data=groups, l1_weight=-0.1),
                          "l1_weight"),
    "l1_weight above 1": (dict(model_type="group_lasso", group_data=groups, l1_weight=1.1),
                          "l1_weight"),
    "unknown model type": (dict(model_type="ridge"), "lasso.*group_lasso.*group_lasso_clusters"),
    "unknown normalization": (dict(loss_normalization="sum"), "weight_sum.*sample"),
    "unknown group penalty": (dict(model_type="group_lasso", group_data=groups, group_penalty="l2"),
                              "normalized.*yuan_lin"),
    "unknown demean": (dict(demean="mean"), "rolling"),
    "unknown solver": (dict(solver="magic"), "auto"),
    "unknown clustering": (dict(model_type="group_lasso_clusters", clustering="kmeans"),
                           "clustering"),
    "negative tol": (dict(tol=-1e-8), "tol"),
    "tol NaN": (dict(tol=np.nan), "tol"),
    "negative warm-up": (dict(warmup_period=-1), "warmup_period"),
}


@pytest.mark.parametrize("case", refused_arguments)
def test_arguments_that_are_refused(case):
    arguments, message = refused_arguments[case]
    with pytest.raises(ValueError, match=f"(?s){message}"):
        fit(**arguments)


@pytest.mark.parametrize("case", refused_arguments)
def test_constructor_checks_nothing(case):
    LassoModel(**refused_arguments[case][0])


def test_matrices_may_come_in_any_order():
    shuffled = dict(factors_beta_prior=loadings.iloc[::-1, ::-1],
                    factors_beta_loading_signs=np.sign(loadings).iloc[[2, 0, 3, 1]])
    straight = dict(factors_beta_prior=loadings, factors_beta_loading_signs=np.sign(loadings))
    assert_array_equal(fit(**shuffled).coef_, fit(**straight).coef_)
    by_label = pd.Series([1e-3, 1e-2, 1e-1, 1.0], y.columns)
    assert_array_equal(fit(reg_lambda=by_label[::-1]).coef_, fit(reg_lambda=by_label).coef_)
    assert_array_equal(fit(model_type="group_lasso", group_data=groups[::-1]).coef_,
                       fit(model_type="group_lasso", group_data=groups).coef_)  # fmt: skip


# ------------------------------------------------------------------ score


def test_score_counts_only_rows_with_both():
    model = fit()
    holes = put(y, dates[:30], "fund", np.nan)
    expected = []
    for name in y:
        rows = holes[name].notna()
        error = holes.loc[rows, name] - model.predict(x).loc[rows, name]
        # errors by the spread in the fit
        expected.append(1 - (error**2).mean() / y[name].var(ddof=0))
    assert_allclose(model.score(x, holes), np.mean(expected), rtol=1e-10)


@pytest.mark.parametrize("value", [np.nan, 3.0], ids=["no row", "no variance"])
def test_score_leaves_out_what_cannot_be_scored(value):
    model, others = fit(), ["fund", "bond", "loan"]
    assert_allclose(model.score(x, y.assign(stock=value)),
                    fit(x, y[others]).score(x, y[others]), atol=1e-9)


@pytest.mark.parametrize("nothing", [y * np.nan, 0 * y], ids=["no row", "no variance"])
def test_score_of_nothing_is_an_error(nothing):
    with pytest.raises(ValueError):
        fit().score(x, nothing)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("as_frames", [True, False])
def test_noise_never_scores_well(seed, as_frames):
    noise = np.random.default_rng(seed)
    a, b = (pd.DataFrame(noise.normal(size=(T, M)), dates),
            pd.DataFrame(noise.normal(size=(T, N)), dates))
    later = b.set_axis(dates + pd.Timedelta(days=1))
    model = fit(a, b) if as_frames else fit(a.to_numpy(), b)
    assert model.score(a if as_frames else a.to_numpy(), b) < 0.2
    with pytest.raises(ValueError, match="index"):
        model.score(a, later)


# ------------------------------------------------------------------ state


def test_a_refit_that_fails_leaves_the_fit_whole():
    model = fit(model_type="group_lasso_clusters")
    before = {k: v for k, v in vars(model).items() if k.endswith("_")}
    prediction, score = model.predict(x), model.score(x, y)
    for bad_x, bad_y in [(x, shifted), (x, put(y, dates[0], "fund", np.inf)), (x[[]], y)]:
        with pytest.raises(ValueError):
            model.fit(bad_x, bad_y)
    model.set_params(reg_lambda=-1.0)
    with pytest.raises(ValueError):
        model.fit(x[["equity"]], y)
    assert {k: v for k, v in vars(model).items() if k.endswith("_")}.keys() == before.keys()
    assert all(vars(model)[k] is v for k, v in before.items())
    assert_array_equal(model.predict(x), prediction)
    assert model.score(x, y) == score


@pytest.mark.parametrize("method", ["predict", "score", "covariance"])
def test_not_fitted(method):
    with pytest.raises(NotFittedError):
        getattr(LassoModel(), method)(*{"predict": (x,), "score": (x, y), "covariance": ()}[method])


def test_predict_wants_the_factors_of_the_fit():
    model = fit()
    for wrong in (x[["equity"]], x.rename(columns={"rates": "oil"}),
                  x[["rates", "equity", "credit"]]):
        with pytest.raises(ValueError):
            model.predict(wrong)


def test_predict_where_a_factor_is_missing():
    "No number can stand there, so none does"
    prediction = fit().predict(put(x, dates[3], "rates", np.nan))
    assert prediction.loc[dates[3]].isna().all() and prediction.drop(dates[3]).notna().all().all()


def test_degenerate_columns_are_no_error():
    """A constant response and a duplicated factor are degenerate, not an error, and give finite
    numbers"""
    twin = x.assign(copy=x["equity"], constant=1.0)
    model = fit(twin, y.assign(flat=2.0), reg_lambda=1e-4)
    assert np.isfinite(model.coef_).all().all()
    assert_array_equal(model.coef_.loc["flat"], 0.0)
    assert_array_equal(model.coef_["constant"], 0.0)
    assert np.all(model.estimation_result_.converged)
