"""Tables of polars and PyArrow: what is read, and that an answer is of the kind of the question.

Invariants: the numbers are those of pandas; labels of factors, responses and dates are kept; signs,
priors and groups are matched by label; what is lazy or sparse is refused by the name of the fix.
"""
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from factorlasso import LassoModel, LassoModelCV, UniLasso

rng = np.random.default_rng(0)
dates = pd.date_range("2015-01-31", periods=80, freq="ME", name="month")
x = pd.DataFrame(rng.normal(size=(80, 3)), dates, ["mkt", "size", "value"])
y = pd.DataFrame(x.to_numpy() @ rng.normal(size=(3, 4)) + rng.normal(size=(80, 4)), dates,
                 list("abcd")).mask(rng.random((80, 4)) < 0.1)
x.iloc[7, 1] = np.nan
kinds = {"polars": lambda t: pl.from_pandas(t.reset_index()),
         # fmt: skip
         "pyarrow": lambda t: pa.Table.from_pandas(t.reset_index(), preserve_index=False)}
each_kind = pytest.mark.parametrize("kind", kinds)
estimators = [LassoModel(reg_lambda=0.05, span=30), LassoModelCV(cv=3), UniLasso(reg_lambda=0.05)]
pytestmark = pytest.mark.filterwarnings("ignore:1 of 80 rows")


@each_kind
@pytest.mark.parametrize("estimator", estimators, ids=repr)
def test_the_same_numbers_and_labels(kind, estimator):
    X, Y = kinds[kind](x), kinds[kind](y)
    ours = estimator.fit(X, Y)
    found = (ours.coef_, ours.intercept_, ours.covariance().get_y_covar(), ours.score(X, Y),
             ours.covariance().estimation_date)
    theirs = estimator.fit(x, y)
    pd.testing.assert_frame_equal(found[0], theirs.coef_, check_column_type=False,
                                  check_index_type=False)
    pd.testing.assert_frame_equal(found[2], theirs.covariance().get_y_covar(),
                                  check_column_type=False, check_index_type=False)
    assert_array_equal(found[1], theirs.intercept_)
    assert found[3] == theirs.score(x, y) and found[4] == dates[-1]
    assert list(ours.feature_names_in_) == list(x) and ours.n_features_in_ == 3


@each_kind
def test_predictions_in_kind(kind):
    X, Y = kinds[kind](x), kinds[kind](y)
    expected = LassoModel(reg_lambda=0.05).fit(x, y).predict(x)
    found = LassoModel(reg_lambda=0.05).fit(X, Y).predict(X)
    assert type(found) is type(X)
    found = pl.DataFrame(found)
    assert found.columns == ["month", *y] and found["month"].equals(pl.DataFrame(X)["month"])
    assert_array_equal(found.drop("month").to_numpy(), expected)
    assert isinstance(LassoModel().fit(X, Y).predict(x), pd.DataFrame)
    assert isinstance(LassoModel().fit(x, y).predict(X), type(X))


def test_one_response():
    model = LassoModel(reg_lambda=0.05).fit(kinds["polars"](x), pl.Series("a", y["a"]))
    expected = LassoModel(reg_lambda=0.05).fit(x, y["a"])
    assert_array_equal(model.coef_, expected.coef_)
    assert isinstance(model.predict(kinds["polars"](x)), pl.Series) and model.coef_.name == "a"
    assert_array_equal(model.predict(kinds["polars"](x)), expected.predict(x))


def test_rows_without_dates_are_numbered():
    X, Y = kinds["polars"](x).drop("month"), kinds["polars"](y).drop("month")
    model = LassoModel(reg_lambda=0.05).fit(X, Y, sample_weight=pl.Series(np.arange(1, 81.0)))
    assert_array_equal(model.coef_, LassoModel(reg_lambda=0.05).fit(x, y, np.arange(1, 81.0)).coef_)
    assert model.predict(X).columns == list(y) and list(model.residuals_.index) == list(range(80))
    pd.testing.assert_index_equal(LassoModel().fit(X, y).residuals_.index, dates)


def test_other_dates_are_refused():
    X, Y = kinds["polars"](x), kinds["polars"](y)
    with pytest.raises(ValueError, match="position 0"):
        LassoModel().fit(X[1:], Y[:-1])
    with pytest.raises(ValueError, match="feature names"):
        LassoModel().fit(X, Y).predict(X.select("month", "size", "mkt", "value"))
    with pytest.raises(ValueError, match="'sector' of x is not numeric"):
        LassoModel().fit(X.with_columns(pl.lit("bank").alias("sector")), Y)


def test_signs_priors_and_groups_by_label():
    signs = pd.DataFrame([[1, np.nan, np.nan], [np.nan, 0, np.nan], [-1, np.nan, 1], [1, 1, 1]],
                         list("dbca"), ["value", "mkt", "size"])
    prior, groups = signs.fillna(0) * 0.2, pd.Series(list("vuvu"), list("dbca"))
    settings = dict(factors_beta_loading_signs=signs, factors_beta_prior=prior, group_data=groups)
    foreign = {name: pl.from_pandas(t.rename_axis("response").reset_index())
               for name, t in settings.items() if name != "group_data"}
    foreign["group_data"] = pl.DataFrame({"response": list("dbca"), "group": list("vuvu")})
    for name in foreign:
        assert isinstance(foreign[name], pl.DataFrame)
    ours = LassoModel("group_lasso", reg_lambda=0.1,
                      **foreign).fit(kinds["polars"](x), kinds["polars"](y))
    assert_array_equal(ours.coef_,
                       LassoModel("group_lasso", reg_lambda=0.1, **settings).fit(x, y).coef_)
    assert (ours.coef_.loc["b", "mkt"], ours.coef_.loc["d", "value"] >= 0) == (0, True)


def test_what_is_lazy_or_sparse_is_refused_by_the_name_of_the_fix():
    with pytest.raises(TypeError, match=r"X\.collect\(\)"):
        LassoModel().fit(kinds["polars"](x).lazy(), y)
    with pytest.raises(TypeError, match=r"x\.toarray\(\)"):
        LassoModel().fit(csr_array(np.eye(80)[:, :3]), y)


def test_inside_scikit_learn():
    X, Y = kinds["polars"](x.fillna(0)).drop("month"), kinds["polars"](y.fillna(0)).drop("month")
    pipe = make_pipeline(StandardScaler().set_output(transform="polars"),
                         LassoModel(reg_lambda=0.1)).fit(X, Y)
    assert isinstance(pipe.predict(X), pl.DataFrame) and list(pipe[-1].coef_.columns) == list(x)
    search = GridSearchCV(LassoModel(), {"reg_lambda": [1.0, 0.01]}, cv=KFold(3)).fit(X, Y)
    assert search.best_params_ == {"reg_lambda": 0.01}
