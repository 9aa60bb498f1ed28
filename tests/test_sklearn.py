"LassoModel is a scikit-learn estimator: every check of theirs, none skipped, and the compositions people write."
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import Lasso
from sklearn.model_selection import GridSearchCV, KFold, TimeSeriesSplit, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from factorlasso import LassoModel, LassoModelCV, UniLasso

T, M, N = 120, 4, 6
rng = np.random.default_rng(0)
X = rng.normal(size=(T, M))
Y = 1.0 + X @ (rng.normal(size=(N, M)) * (rng.random((N, M)) < 0.6)).T + 0.5 * rng.normal(size=(T, N))
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
results = check_estimator({estimator!r}, on_skip=None, on_fail=None)
print(len(results))
for check in results:
    if check["status"] != "passed":
        print(check["check_name"], check["status"], repr(check["exception"]))
"""


def failed_checks(estimator):
    "In a process of its own, since one check asks for SCIPY_ARRAY_API before scipy is imported"
    command = [sys.executable, "-W", "ignore", "-c", run_all_checks.format(estimator=estimator)]
    done = subprocess.run(command, env={**os.environ, "SCIPY_ARRAY_API": "1"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    number, *problems = done.stdout.splitlines()
    assert int(number) > 40
    return problems


@pytest.mark.parametrize("estimator", estimators, ids=repr)
def test_every_check_passes_and_none_is_skipped(estimator):
    assert failed_checks(estimator) == []


def test_leaving_out_a_weighted_row_is_not_leaving_out_one_of_its_copies():
    "The one check that UniLasso contradicts by definition: a row of weight two is left out as a whole"
    problem, = failed_checks(UniLasso())
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


@pytest.mark.parametrize("target", [Y[:, 0], y["r0"], list(Y[:, 0])], ids=["array", "Series", "list"])
def test_one_dimensional_target(target):
    model = LassoModel(reg_lambda=1e-3).fit(x if isinstance(target, pd.Series) else X, target)
    prediction = model.predict(x if isinstance(target, pd.Series) else X)
    assert prediction.shape == (T,)
    assert isinstance(prediction, pd.Series) == isinstance(target, pd.Series)
    assert_allclose(prediction, LassoModel(reg_lambda=1e-3).fit(X, Y[:, :1]).predict(X)[:, 0], atol=1e-12)


@pytest.mark.parametrize("data", [(x, y), (X, Y), (X, y), (X, Y[:, 0]), (x, y["r0"])],
                         ids=["frames", "arrays", "array and frame", "one target", "frame and Series"])  # fmt: skip
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
        assert_allclose(predicted[test], LassoModel(reg_lambda=1e-2).fit(X[train], Y[train]).predict(X[test]), atol=1e-12)


@pytest.mark.parametrize("estimator", estimators, ids=repr)
@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("data", [(x, noise), (X, noise), (X, noise.to_numpy()), (X, noise["n0"])],
                         ids=["frames", "array and frame", "arrays", "one target"])  # fmt: skip
def test_noise_never_scores_well(estimator, scaled, data):
    model = make_pipeline(StandardScaler(), estimator) if scaled else estimator
    assert cross_val_score(model, *data, cv=KFold(4)).max() < 0.2
    assert clone(model).fit(*data).score(*data) < 0.2


def test_sample_weights_pass_through_a_pipeline():
    weights = rng.uniform(size=T)
    pipeline = make_pipeline(StandardScaler(), LassoModel(reg_lambda=1e-2)).fit(X, Y, lassomodel__sample_weight=weights)
    direct = LassoModel(reg_lambda=1e-2).fit(StandardScaler().fit_transform(X), Y, sample_weight=weights)
    assert_array_equal(pipeline[-1].coef_, direct.coef_)
