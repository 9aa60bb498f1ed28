"""skfolio's factor-model prior takes our estimators, and gives the portfolio of its own."""
import numpy as np
import pytest
from numpy.testing import assert_allclose
from skfolio import RiskMeasure
from skfolio.optimization import MeanRisk, ObjectiveFunction
from skfolio.prior import LoadingMatrixRegression, TimeSeriesFactorModel
from sklearn.linear_model import Lasso, LinearRegression

from factorlasso import LassoModel, load_us_equity_factors

us = load_us_equity_factors()
y = us.y.dropna(axis=1, thresh=len(us.y)).iloc[-240:, ::2]
x = us.x.loc[y.index]


def portfolio(regressor, **settings):
    "Weights of a portfolio whose prior has loadings from this regressor"
    loadings = LoadingMatrixRegression(linear_regressor=regressor)
    prior = TimeSeriesFactorModel(loading_matrix_estimator=loadings)
    return MeanRisk(prior_estimator=prior, **settings).fit(y, factors=x).weights_


PAIRS = {
    "lasso": (LassoModel(reg_lambda=4e-4, tol=1e-12), Lasso(alpha=2e-4, tol=1e-12)),
    "least squares": (LassoModel(reg_lambda=0.0), LinearRegression()),
    "positive": (LassoModel(reg_lambda=4e-4, nonneg=True, tol=1e-12),
                 Lasso(alpha=2e-4, positive=True, tol=1e-12)),
}


@pytest.mark.parametrize("objective", [
    {},
    {"objective_function": ObjectiveFunction.MAXIMIZE_RATIO},
    {"risk_measure": RiskMeasure.CVAR, "max_weights": 0.3},
], ids=["least variance", "best ratio", "least shortfall"])
@pytest.mark.parametrize("ours, theirs", PAIRS.values(), ids=PAIRS)
def test_the_portfolio_is_theirs(ours, theirs, objective):
    found = portfolio(ours, **objective)
    assert_allclose(found, portfolio(theirs, **objective), atol=1e-5)
    assert np.isclose(found.sum(), 1) and (found > 1e-3).sum() > 1
