"""skfolio's factor-model prior takes our estimators, and gives the portfolio of its own."""
import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import Lasso, LinearRegression

from factorlasso import LassoModel, load_us_equity_factors

PAIRS = {
    "lasso": (LassoModel(reg_lambda=4e-4, tol=1e-12), Lasso(alpha=2e-4, tol=1e-12)),
    "least squares": (LassoModel(reg_lambda=0.0), LinearRegression()),
    "positive": (LassoModel(reg_lambda=4e-4, nonneg=True, tol=1e-12),
                 Lasso(alpha=2e-4, positive=True, tol=1e-12)),
}


@pytest.fixture(scope="module", params=["least variance", "best ratio", "least shortfall"])
def portfolio(request):
    """Weights of a portfolio whose prior has loadings from a regressor; skfolio takes seconds to
    import, so only the worker that needs it does"""
    from skfolio import RiskMeasure
    from skfolio.optimization import MeanRisk, ObjectiveFunction
    from skfolio.prior import LoadingMatrixRegression, TimeSeriesFactorModel

    us = load_us_equity_factors()
    y = us.y.dropna(axis=1, thresh=len(us.y)).iloc[-240:, ::2]
    settings = {"least variance": {},
                "best ratio": {"objective_function": ObjectiveFunction.MAXIMIZE_RATIO},
                "least shortfall": {"risk_measure": RiskMeasure.CVAR, "max_weights": 0.3}}

    def weights(regressor):
        loadings = LoadingMatrixRegression(linear_regressor=regressor)
        prior = TimeSeriesFactorModel(loading_matrix_estimator=loadings)
        model = MeanRisk(prior_estimator=prior, **settings[request.param])
        return model.fit(y, factors=us.x.loc[y.index]).weights_
    return weights


@pytest.mark.parametrize("ours, theirs", PAIRS.values(), ids=PAIRS)
def test_the_portfolio_is_theirs(ours, theirs, portfolio):
    found = portfolio(ours)
    assert_allclose(found, portfolio(theirs), atol=1e-5)
    assert np.isclose(found.sum(), 1) and (found > 1e-3).sum() > 1
