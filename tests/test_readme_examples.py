"""The uses that users of the original package know: each must run as they wrote it, and mean what
they took it to mean."""
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from factorlasso import LassoModel, LassoModelType

T, M, N = 200, 3, 5
rng = np.random.default_rng(42)
index = pd.date_range("2020-01-01", periods=T, freq="W-WED")
x = pd.DataFrame(rng.normal(size=(T, M)), index, ["f0", "f1", "f2"])
true = pd.DataFrame([[1, 0, 0.5], [0, 1, 0], [0.8, 0, -0.3], [0, 0, 1], [0.5, 0.5, 0]],
                    [f"y{i}" for i in range(N)], x.columns)
y = x @ true.T + 0.1 * rng.normal(size=(T, N))


def test_quick_start():
    model = LassoModel(model_type=LassoModelType.LASSO, reg_lambda=1e-4).fit(x=x, y=y)
    assert_allclose(model.coef_, true, atol=0.03)
    assert model.estimated_betas is model.coef_ or model.estimated_betas.equals(model.coef_)
    assert_array_equal(model.estimation_result_.estimated_beta, model.coef_)
    assert (model.estimation_result_.r2 > 0.9).all()
    assert_allclose(model.score(x, y), model.estimation_result_.r2.mean(), atol=1e-12)
    assert_allclose(model.predict(x), x @ model.coef_.T + model.intercept_, atol=1e-12)


@pytest.mark.parametrize("name", ["lasso", "group_lasso", "group_lasso_clusters"])
def test_names_of_the_model_types(name):
    assert LassoModelType(name) is getattr(LassoModelType, name.upper())
    arguments = dict(group_data=pd.Series("all", y.columns)) if name == "group_lasso" else {}
    a = LassoModel(name, reg_lambda=1e-3, **arguments).fit(x, y).coef_
    assert_array_equal(a, LassoModel(LassoModelType(name), reg_lambda=1e-3, **arguments)
                       .fit(x, y).coef_)


def test_sign_matrix():
    signs = pd.DataFrame(np.nan, y.columns, x.columns)
    signs.loc["y2", "f2"] = 1  # the truth is -0.3
    signs.loc["y0", "f0"] = -1  # the truth is 1
    signs.loc["y1", "f1"] = 0  # the truth is 1
    coef = LassoModel(reg_lambda=1e-4, factors_beta_loading_signs=signs).fit(x, y).coef_
    assert coef.loc["y2", "f2"] == coef.loc["y0", "f0"] == coef.loc["y1", "f1"] == 0
    assert ((coef.where(signs == 1, 0) >= 0).all(axis=None)
            and (coef.where(signs == -1, 0) <= 0).all(axis=None))
    assert_allclose(coef.loc[["y3", "y4"]], true.loc[["y3", "y4"]], atol=0.03)


def test_prior():
    prior = pd.DataFrame(0.7, y.columns, x.columns)
    for model_type in ("lasso", "group_lasso_clusters"):
        strong = LassoModel(model_type, reg_lambda=1e4, factors_beta_prior=prior).fit(x, y).coef_
        weak = LassoModel(model_type, reg_lambda=1e-6, factors_beta_prior=prior).fit(x, y).coef_
        assert_array_equal(strong, prior)
        assert_allclose(weak, true, atol=0.03)


def test_hierarchical_clusters_with_a_span():
    model = LassoModel(LassoModelType.GROUP_LASSO_CLUSTERS, reg_lambda=1e-4, span=52).fit(x=x, y=y)
    assert_allclose(model.coef_, true, atol=0.06)
    assert model.clusters_.index.equals(y.columns) and model.clusters_.between(1, N).all()
    assert np.shape(model.linkage_) == (N - 1, 4) and model.cutoff_ > 0
    assert model.clusters.equals(model.clusters_) and model.cutoff == model.cutoff_
    assert_array_equal(model.linkage, model.linkage_)
    assert model.x.equals(x) and model.y.equals(y)


def test_group_labels():
    groups = pd.Series(["a", "a", "b", "b", "b"], y.columns)
    model = LassoModel("group_lasso", reg_lambda=1e-4, group_data=groups).fit(x, y)
    assert_allclose(model.coef_, true, atol=0.03)


@pytest.mark.parametrize("model_type", ["lasso", "group_lasso"])
def test_gaps_touch_only_their_own_response(model_type):
    "Histories that start 50 and 100 rows late leave every other response as it was"
    arguments = dict(reg_lambda=1e-3, group_data=pd.Series(["a", "a", "b", "b", "b"], y.columns))
    late = y.copy()
    late.iloc[:50, 1] = np.nan
    late.iloc[:100, 3] = np.nan
    full, gaps = (LassoModel(model_type, **arguments).fit(x, table).coef_ for table in (y, late))
    assert_allclose(gaps.iloc[[0, 2, 4]], full.iloc[[0, 2, 4]], rtol=0, atol=1e-12)
    assert_allclose(gaps, true, atol=0.05)
    alone = LassoModel("lasso", reg_lambda=1e-3).fit(x[50:], y[["y1"]][50:]).coef_
    if model_type == "lasso":
        assert_allclose(gaps.loc["y1"], alone.loc["y1"], atol=1e-9)


def test_covariance():
    model = LassoModel(reg_lambda=1e-4).fit(x, y)
    data = model.covariance()
    sigma = data.get_y_covar()
    assert list(sigma.index) == list(sigma.columns) == list(y)
    assert_allclose(sigma, sigma.T, atol=0)
    assert np.linalg.eigvalsh(sigma).min() > 0
    residual = np.diag(data.y_variances["residual_var"])
    assert_allclose(sigma, data.y_betas @ data.x_covar @ data.y_betas.T + residual,
                    rtol=1e-12, atol=1e-15)
    assert_allclose(data.get_y_covar(residual_var_weight=0.0),
                    data.y_betas @ data.x_covar @ data.y_betas.T, atol=1e-15)
    assert_allclose(sigma, y.cov(), atol=0.05)
