"""LassoModel is a scikit-learn estimator: every check of theirs, none skipped, and the compositions
people write."""
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import BaggingRegressor, StackingRegressor, VotingRegressor
from sklearn.feature_selection import RFE, SelectFromModel
from sklearn.linear_model import Lasso, LinearRegression
from sklearn.model_selection import (GridSearchCV, KFold, TimeSeriesSplit, cross_val_predict,
                                     cross_val_score)
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from factorlasso import LassoModel, LassoModelCV, UniLasso

T, M, N = 120, 4, 6
rng = np.random.default_rng(0)
X = rng.normal(size=(T, M))
Y = (1.0 + X @ (rng.normal(size=(N, M)) * (rng.random((N, M)) < 0.6)).T
     + 0.5 * rng.normal(size=(T, N)))
dates = pd.date_range("2015-01-31", periods=T, freq="ME")
x, y = pd.DataFrame(X, dates).add_prefix("f"), pd.DataFrame(Y, dates).add_prefix("r")
noise = pd.DataFrame(rng.normal(size=(T, N)), dates).add_prefix("n")

estimators = [
    LassoModel(),
    LassoModel(demean=False),
    LassoModel("group_lasso_clusters", l1_weight=0.2, nonneg=True),
    LassoModelCV(),
]
run_all_checks = """
from sklearn.utils.estimator_checks import check_estimator
from factorlasso import LassoModel, LassoModelCV, UniLasso
for estimator in {estimators!r}:
    print("of", repr(estimator))
    results = check_estimator(estimator, on_skip=None, on_fail=None)
    print(len(results))
    for check in results:
        if check["status"] != "passed":
            print(check["check_name"], check["status"], repr(check["exception"]))
"""


def test_every_check_passes_and_none_is_skipped():
    """In one process of its own, since a check asks for SCIPY_ARRAY_API before scipy is imported.
    One check UniLasso contradicts by definition: a row of weight two is left out as a whole, not as
    one of its copies"""
    code = run_all_checks.format(estimators=[*estimators, UniLasso()])
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code],
                          env={**os.environ, "SCIPY_ARRAY_API": "1"}, capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr
    pages = [page.splitlines() for page in ("\n" + done.stdout).split("\nof ")[1:]]
    assert len(pages) == len(estimators) + 1 and all(int(number) > 40 for _, number, *_ in pages)
    failed = [(name, problem) for name, _, *problems in pages for problem in problems]
    (name, problem), = failed
    assert name == "UniLasso()", failed
    assert problem.startswith("check_sample_weight_equivalence_on_dense_data failed")


@pytest.mark.parametrize("estimator", estimators, ids=repr)
def test_clone_and_repr(estimator):
    copied = clone(estimator)
    assert repr(copied) == repr(estimator) and copied is not estimator
    assert clone(estimator.fit(x, y)).get_params().keys() == copied.get_params().keys()


def test_agrees_with_scikit_learn():
    "lambda is twice their alpha on complete, unweighted data"
    for i in range(N):
        theirs = Lasso(alpha=0.05, tol=1e-12).fit(X, Y[:, i])
        ours = LassoModel(reg_lambda=0.1, tol=1e-12).fit(X, Y[:, i])
        assert_allclose(np.ravel(ours.coef_), theirs.coef_, atol=1e-8)
        assert_allclose(np.ravel(ours.intercept_), theirs.intercept_, atol=1e-8)
        assert_allclose(ours.score(X, Y[:, i]), theirs.score(X, Y[:, i]), atol=1e-8)


def test_frames_in_frames_out():
    model = LassoModel(reg_lambda=1e-3).fit(x, y)
    prediction = model.predict(x)
    assert isinstance(model.coef_, pd.DataFrame) and isinstance(prediction, pd.DataFrame)
    assert list(model.coef_.index) == list(y) and list(model.coef_.columns) == list(x)
    assert prediction.index.equals(y.index) and prediction.columns.equals(y.columns)
    assert list(model.feature_names_in_) == list(x) and model.n_features_in_ == M


def test_arrays_in_arrays_out():
    model = LassoModel(reg_lambda=1e-3).fit(X, Y)
    assert isinstance(model.predict(X), np.ndarray) and model.predict(X).shape == (T, N)
    assert model.n_features_in_ == M and not hasattr(model, "feature_names_in_")
    assert_array_equal(model.coef_, LassoModel(reg_lambda=1e-3).fit(x, y).coef_)


@pytest.mark.parametrize("target", [Y[:, 0], y["r0"], list(Y[:, 0])],
                         ids=["array", "Series", "list"])
def test_one_dimensional_target(target):
    model = LassoModel(reg_lambda=1e-3).fit(x if isinstance(target, pd.Series) else X, target)
    prediction = model.predict(x if isinstance(target, pd.Series) else X)
    assert prediction.shape == (T,)
    assert isinstance(prediction, pd.Series) == isinstance(target, pd.Series)
    assert_allclose(prediction, LassoModel(reg_lambda=1e-3).fit(X, Y[:, :1]).predict(X)[:, 0],
                    atol=1e-12)


@pytest.mark.parametrize("data", [(x, y), (X, Y), (X, y), (X, Y[:, 0]), (x, y["r0"])],
                         # fmt: skip
                         ids=["frames", "arrays", "array and frame", "one target",
                              "frame and Series"])
@pytest.mark.parametrize("cv", [KFold(4), TimeSeriesSplit(4)], ids=["k-fold", "forward"])
def test_cross_validation_and_search(data, cv):
    pipeline = make_pipeline(StandardScaler(), LassoModel(reg_lambda=1e-3))
    scores = cross_val_score(pipeline, *data, cv=cv)
    assert np.isfinite(scores).all() and scores.mean() > 0.3 and scores.max() < 1
    search = GridSearchCV(pipeline, {"lassomodel__reg_lambda": [1e-3, 1e-1, 1e3]}, cv=cv).fit(*data)
    assert search.best_params_["lassomodel__reg_lambda"] < 1e3
    assert np.shape(search.predict(data[0])) == np.shape(data[1])


def test_prediction_out_of_fold_uses_the_training_rows_only():
    folds = KFold(3)
    predicted = cross_val_predict(LassoModel(reg_lambda=1e-2), X, Y, cv=folds)
    for train, test in folds.split(X):
        assert_allclose(predicted[test], LassoModel(reg_lambda=1e-2).fit(X[train], Y[train])
                        .predict(X[test]), atol=1e-12)


@pytest.mark.parametrize("estimator", estimators, ids=repr)
@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("data", [(x, noise), (X, noise), (X, noise.to_numpy()), (X, noise["n0"])],
                         ids=["frames", "array and frame", "arrays", "one target"])  # fmt: skip
def test_noise_never_scores_well(estimator, scaled, data):
    """A fold that is quieter than the rows that trained is easy for anybody, so the bar is what the
    same model scores without loadings"""
    model = make_pipeline(StandardScaler(), estimator) if scaled else estimator
    bare = clone(estimator).set_params(**({"lambdas": [1e9]} if hasattr(estimator, "lambdas")
                                          else {"reg_lambda": 1e9}))
    scores, easy = (cross_val_score(m, *data, cv=KFold(4)) for m in (model, bare))
    assert (scores - easy).max() < 0.2 and scores.mean() < 0.05
    assert clone(model).fit(*data).score(*data) < 0.2


def test_sample_weights_pass_through_a_pipeline():
    weights = rng.uniform(size=T)
    pipeline = (make_pipeline(StandardScaler(), LassoModel(reg_lambda=1e-2))
                .fit(X, Y, lassomodel__sample_weight=weights))
    direct = LassoModel(reg_lambda=1e-2).fit(StandardScaler().fit_transform(X), Y,
                                             sample_weight=weights)
    assert_array_equal(pipeline[-1].coef_, direct.coef_)


# --------------------------------------------------------- what scikit-learn builds from estimators

both = pytest.mark.parametrize("a, b", [(x, y), (X, Y)], ids=["frames", "arrays"])
one_response = pytest.mark.parametrize("a, b", [(x, y["r1"]), (X, Y[:, 1])],
                                       ids=["frame and Series", "arrays"])
kinds = pytest.mark.parametrize("kind", [LassoModel, UniLasso], ids=lambda kind: kind.__name__)


@pytest.fixture(scope="module")
def alone():
    return LassoModel(reg_lambda=0.01).fit(X, Y[:, 1])


@pytest.mark.parametrize("estimator", [*estimators, UniLasso()], ids=repr)
@pytest.mark.parametrize("a", [x, X], ids=["frame", "array"])
@pytest.mark.parametrize("target", [y["r1"], Y[:, 1], list(Y[:, 1])],
                         ids=["Series", "array", "list"])
def test_shapes_do_not_depend_on_the_container(estimator, a, target):
    model = clone(estimator).fit(a, target)
    assert (np.shape(model.coef_) == (M,) and np.shape(model.intercept_) == ()
            and np.shape(model.predict(a)) == (T,))
    assert isinstance(model.predict(a), pd.Series) == (isinstance(target, pd.Series) and a is x)
    assert np.shape(clone(estimator).fit(a, y[["r1"]]).coef_) == (1, M)


@pytest.mark.parametrize("estimator", [*estimators, UniLasso()], ids=repr)
def test_the_keyword_x_goes_on_working(estimator):
    old, new = clone(estimator).fit(x=x, y=y), clone(estimator).fit(X=x, y=y)
    pd.testing.assert_frame_equal(old.coef_, new.coef_)
    pd.testing.assert_frame_equal(old.predict(x=x), new.predict(x))
    assert old.score(x=x, y=y) == new.score(x, y)
    assert_array_equal(old.path(x=x, y=y).lambdas, new.path(x, y).lambdas)
    with pytest.raises(TypeError, match="twice"):
        old.fit(x, x=x, y=y)


@pytest.mark.parametrize("estimator", [*estimators, UniLasso()], ids=repr)
def test_metadata_are_weights_groups_and_batches(estimator):
    requests = estimator.get_metadata_routing()
    absorb = set() if isinstance(estimator, UniLasso) else {"absorb"}
    assert (set(requests.fit.requests) == {"sample_weight"} | absorb
            | ({"groups"} if isinstance(estimator, LassoModelCV) else set()))
    assert set(requests.score.requests) == {"sample_weight", "absorb"}
    assert set(requests.predict.requests) == {"absorb"}


@kinds
@pytest.mark.parametrize("labels",
                         [[10107, 14593, 7, 8], pd.MultiIndex.from_product([["a"], range(4)]),
                          ["mkt", 5, "hml", 7],
                          # fmt: skip
                          pd.to_datetime(["2020", "2022", "2021", "2019"])],
                         ids=["int", "tuples", "mixed", "dates"])
def test_columns_in_another_order_are_refused(kind, labels):
    named = x.set_axis(labels, axis=1)
    model = kind(reg_lambda=0.01).fit(named, y)
    for action in (lambda z: model.predict(z), lambda z: model.score(z, y)):
        with pytest.raises(ValueError, match="same order"):
            action(named.iloc[:, [1, 0, 2, 3]])
    assert model.n_features_in_ == M and not hasattr(model, "feature_names_in_")
    assert_array_equal(model.coef_.columns, named.columns)


def test_one_factor_as_a_series():
    model = LassoModel(reg_lambda=0.01).fit(x["f1"], y)
    assert model.n_features_in_ == 1 and list(model.feature_names_in_) == ["f1"]
    with pytest.raises(ValueError, match="feature names"):
        model.predict(x["f2"])


@one_response
def test_stacking_and_voting(a, b):
    parts = [("ours", LassoModel(reg_lambda=0.01)), ("uni", UniLasso()),
             ("theirs", LinearRegression())]
    assert StackingRegressor(parts).fit(a, b).score(a, b) > 0.5
    voted = VotingRegressor(parts).fit(a, b)
    assert_allclose(voted.predict(a), np.mean([e.predict(a) for e in voted.estimators_], axis=0))


@pytest.mark.parametrize("a, b", [(x, y["r1"]), (X, Y[:, 1]), (x, y), (X, Y), (x, y[["r1"]])],
                         # fmt: skip
                         ids=["one, frame", "one, array", "frames", "arrays", "one column"])
def test_transformed_target(a, b):
    double = TransformedTargetRegressor(LassoModel(reg_lambda=0.04), func=lambda v: 2 * v,
                                        inverse_func=lambda v: v / 2).fit(a, b)
    plain = LassoModel(reg_lambda=0.02).fit(a, b)
    assert np.shape(double.predict(a)) == np.shape(b)
    assert_allclose(double.predict(a), plain.predict(a), atol=1e-7)


@both
@kinds
def test_one_model_for_each_output(a, b, kind):
    apart = MultiOutputRegressor(kind(reg_lambda=0.01)).fit(a, b)
    assert_allclose(apart.predict(a), kind(reg_lambda=0.01).fit(a, b).predict(a), atol=1e-8)


@both
def test_recursive_elimination(a, b):
    for target in (b, np.asarray(b)[:, 1]):
        chosen = RFE(LassoModel(reg_lambda=0.01), n_features_to_select=2).fit(a, target)
        theirs = RFE(Lasso(alpha=0.005), n_features_to_select=2).fit(np.asarray(a),
                                                                     np.asarray(target))
        assert_array_equal(chosen.support_, theirs.support_)


@one_response
def test_selection_of_factors_from_a_model(a, b, alone):
    found, size = (SelectFromModel(LassoModel(reg_lambda=0.01), threshold="median").fit(a, b),
                   np.abs(alone.coef_))
    assert_array_equal(found.get_support(), size >= np.median(size))
    assert found.transform(a).shape[1] == 2


@one_response
def test_bagging(a, b, alone):
    bag = BaggingRegressor(LassoModel(reg_lambda=0.01), n_estimators=5, random_state=0).fit(a, b)
    assert_allclose(bag.predict(a), alone.predict(X), atol=0.5)
    assert bag.score(a, b) > 0.9 * alone.score(X, Y[:, 1])


@both
def test_a_pipeline_keeps_labels(a, b):
    pipeline = make_pipeline(StandardScaler(),
                             LassoModel(reg_lambda=0.01)).set_output(transform="pandas").fit(a, b)
    if a is x:
        assert (list(pipeline[-1].feature_names_in_) == list(x)
                and list(pipeline.predict(x)) == list(y))
    assert_allclose(pipeline.predict(a),
                    make_pipeline(StandardScaler(), LassoModel(reg_lambda=0.01)).fit(X, Y)
                    .predict(X), atol=1e-9)


@both
def test_search_with_routed_weights(a, b):
    w, grid, folds = rng.uniform(0.1, 3, T), {"reg_lambda": [0.3, 0.01]}, KFold(3)
    with config_context(enable_metadata_routing=True):
        model = (LassoModel().set_fit_request(sample_weight=True)
                 .set_score_request(sample_weight=True))
        search = GridSearchCV(model, grid, cv=folds).fit(a, b, sample_weight=w)
    by_hand = [[LassoModel(reg_lambda=lam).fit(X[i], Y[i], w[i]).score(X[j], Y[j], w[j])
                for i, j in folds.split(X)]
               for lam in grid["reg_lambda"]]  # fmt: skip
    assert_allclose(search.cv_results_["mean_test_score"], np.mean(by_hand, axis=1), atol=1e-7)
    assert_allclose(search.best_estimator_.coef_,
                    LassoModel(**search.best_params_).fit(X, Y, w).coef_, atol=1e-9)


@both
def test_the_cross_validated_model_has_what_its_best_model_has(a, b):
    model = LassoModelCV(LassoModel("group_lasso_clusters", span=60)).fit(a, b)
    best = model.best_model_
    assert (model.estimation_result_ is best.estimation_result_
            and model.clusters_ is best.clusters_ and model.span == 60)
    assert_array_equal(model.covariance().get_y_covar(), best.covariance().get_y_covar())
    pd.testing.assert_frame_equal(model.residuals_, best.residuals_)
    later = a.shift(240, freq="ME") if isinstance(a, pd.DataFrame) else a
    assert_array_equal(model.nowcast(later, alpha_span=12).upper, best.nowcast(later, 12).upper)
    assert not hasattr(LassoModelCV(), "coef_") and not hasattr(model, "predict_proba")


def test_unilasso_has_what_the_others_have():
    model = LassoModelCV(UniLasso(), cv=3).fit(x, y)
    assert model.path(x, y).coef.shape == (50, N, M) and "R²" in repr(model.best_model_.summary())
    assert_allclose(np.diag(model.covariance().get_y_covar()),
                    model.covariance().get_model_vols()["total_vol"] ** 2)


class Diary:
    "A callback of scikit-learn that counts the steps that it is told of"
    def setup(self, estimator, context):
        self.steps = 0

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        self.steps += context.task_name == "step"


@pytest.mark.skipif(not hasattr(LassoModel, "set_callbacks"), reason="scikit-learn before 1.9")
@pytest.mark.parametrize("work, number", [
    (lambda told: told(LassoModelCV(cv=4)).fit(x, y), 4),
    (lambda told: told(LassoModelCV(cv=4, scoring="diagonality")).fit(x, y), 4),
    (lambda told: told(LassoModelCV(UniLasso(), cv=4)).fit(x, y), 4),
    (lambda told: told(LassoModel("group_lasso_clusters")).path(x, y, n_lambdas=9), 9),
], ids=["cross-validation", "diagonality", "UniLasso", "path"])
def test_callbacks_are_told_of_every_step(work, number):
    diary = Diary()
    work(lambda estimator: estimator.set_callbacks(diary))
    assert diary.steps == number
