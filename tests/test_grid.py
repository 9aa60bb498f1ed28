"""Every combination of model, constraints and gaps, on small random problems, against the model
written out in oracle.py.

Our objective, evaluated there, must not exceed what CVXPY's interior point reaches by more than one
part in 1e8.
"""
from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from oracle import Case, decay, make_blocks, rolling
from scipy.optimize import nnls

from factorlasso import LassoModel

T, M, N = 48, 4, 6
MODELS = ["lasso", "group_lasso", "group_lasso_clusters", "factor_cluster_group_lasso",
          "cluster_group_lasso", "cooperative_lasso"]
SIGNS = ["free", "signs", "nonneg"]
GAPS = ["complete", "staggered", "scattered", "ragged", "factors"]
DRAWS = range(2)
rows = pd.date_range("2020-01-31", periods=T, freq="ME")
factors, responses = pd.Index([f"f{j}" for j in range(M)]), pd.Index([f"r{i}" for i in range(N)])


def pick(rng, *options):
    return options[rng.integers(len(options))]


def draw_data(rng, gaps):
    "Factors correlated up to .95, loadings with zeros, noise, and one pattern of missing cells"
    rho = pick(rng, 0.0, 0.5, 0.95)
    x = np.sqrt(rho) * rng.normal(size=(T, 1)) + np.sqrt(1 - rho) * rng.normal(size=(T, M))
    loadings = rng.normal(size=(N, M)) * (rng.random((N, M)) < 0.6)
    y = 0.1 * rng.normal(size=N) + x @ loadings.T + rng.uniform(0.2, 2, size=N) * rng.normal(
        size=(T, N))
    if gaps in ("staggered", "ragged"):
        starts = rng.integers(0, T // 2, size=N)
        y[np.arange(T)[:, None] < starts] = np.nan
    if gaps == "ragged":
        y[np.arange(T)[:, None] >= T - rng.integers(0, 6, size=N)] = np.nan
    if gaps in ("scattered", "ragged", "factors"):
        y[rng.random(y.shape) < 0.15] = np.nan
    if gaps == "factors":
        x[rng.choice(T, 4, replace=False), rng.integers(0, M, size=4)] = np.nan
    return x, y


def draw_box(rng, kind):
    "A sign matrix, and the box it stands for"
    signs = (rng.choice([1.0, -1.0, 0.0, np.nan], size=(N, M)) if kind == "signs"
             else np.full((N, M), np.nan))
    lower = np.where((signs >= 0) | (kind == "nonneg"), 0.0, -np.inf)
    return signs, lower, np.where(signs <= 0, 0.0, np.inf)


def draw(seed, model_type, kind, gaps):
    "A random problem, as arguments of LassoModel and as the oracle's case without its blocks"
    rng = np.random.default_rng(seed)
    x, y = draw_data(rng, gaps)
    signs, lower, upper = draw_box(rng, kind)
    prior = (np.clip(rng.normal(size=(N, M)), lower, upper) if rng.random() < 0.5
             else np.zeros((N, M)))
    span, demean = pick(rng, None, 10, 30), pick(rng, True, False,
                                                 *["rolling"] * (gaps != "factors"))
    arguments = dict(
        model_type=model_type,
        span=span,
        factors_beta_loading_signs=pd.DataFrame(signs, responses, factors)
        if kind == "signs" else None,
        factors_beta_prior=pd.DataFrame(prior, responses, factors) if prior.any() else None,
        nonneg=kind == "nonneg",
        l1_weight=0.0 if model_type == "lasso" else pick(rng, 0.0, 0.3, 1.0),
        group_penalty=pick(rng, "normalized", "yuan_lin"),
        demean=demean,
        loss_normalization=pick(rng, "weight_sum", "sample"),
        warmup_period=4,
    )
    labels = pd.Series(rng.integers(0, 3, size=N), responses).map("group {}".format)
    if model_type == "group_lasso":
        arguments["group_data"] = labels
    elif model_type != "lasso" and rng.random() < 0.5:
        arguments["clustering"] = labels
    case = Case(
        x,
        y,
        decay(T, span),
        lower,
        upper,
        prior,
        l1=1.0 if model_type == "lasso" else arguments["l1_weight"],
        normalization=arguments["loss_normalization"],
        intercept=bool(demean),
        cooperative=model_type == "cooperative_lasso",
    )
    if demean == "rolling":
        case = rolling(case, span)
    strength = 10 ** rng.uniform(-3, -0.1)
    arguments["l2_weight"] = pick(rng, 0.0, 10 ** rng.uniform(-3, 0) * case.steepest())
    return arguments, replace(case, lam=strength * case.steepest(), l2=arguments["l2_weight"]), x, y


def fit(arguments, x, y, lam):
    model = LassoModel(**arguments, reg_lambda=lam)
    return model.fit(pd.DataFrame(x, rows, factors), pd.DataFrame(y, rows, responses))


def groups_of(model, arguments):
    if arguments["model_type"] == "lasso":
        return np.zeros(N)
    return arguments["group_data"] if "group_data" in arguments else model.clusters_.loc[responses]


@pytest.mark.filterwarnings("ignore:.*missing factor:UserWarning")
@pytest.mark.parametrize("gaps", GAPS)
@pytest.mark.parametrize("kind", SIGNS)
@pytest.mark.parametrize("model_type", MODELS)
def test_objective_is_not_above_cvxpy(model_type, kind, gaps):
    for n in DRAWS:
        seed = [MODELS.index(model_type), SIGNS.index(kind), GAPS.index(gaps), n]
        arguments, case, x, y = draw(seed, model_type, kind, gaps)
        model = fit(arguments, x, y, case.lam)
        blocks = make_blocks(model_type, groups_of(model, arguments), M, arguments["group_penalty"])
        case = replace(case, blocks=blocks)
        beta = model.coef_.loc[responses, factors].to_numpy()
        message = f"seed {seed}: {arguments}"

        assert np.isfinite(beta).all(), message
        assert ((beta >= case.lower) & (beta <= case.upper)).all(), message
        assert case.objective(beta) <= case.objective(case.solve()) * (1 + 1e-8), message

        result = model.estimation_result_
        assert_allclose(result.objective, case.objective(beta), rtol=1e-9, err_msg=message)
        assert np.all(result.converged) and np.all(np.asarray(result.gap) <= model.tol), message
        if arguments["demean"] != "rolling":
            assert_allclose(model.intercept_.loc[responses], case.intercepts(beta), atol=1e-10,
                            err_msg=message)
            assert_allclose(model.predict(pd.DataFrame(x, rows, factors).dropna()),
                            # fmt: skip
                            x[np.isfinite(x).all(1)] @ beta.T + case.intercepts(beta), atol=1e-10,
                            err_msg=message)


@pytest.mark.filterwarnings("ignore:.*missing factor:UserWarning")
@pytest.mark.parametrize("model_type, kind, gaps",
                         list(product(MODELS, SIGNS, ["complete", "ragged", "factors"])))
def test_infinite_penalty_returns_the_prior(model_type, kind, gaps):
    for n in DRAWS:
        arguments, case, x, y = draw([7, MODELS.index(model_type), SIGNS.index(kind), n],
                                     model_type, kind, gaps)
        beta = fit(arguments, x, y, 1e6 * case.steepest()).coef_.loc[responses, factors]
        assert_array_equal(beta, case.prior, err_msg=str(arguments))


@pytest.mark.filterwarnings("ignore:.*missing factor:UserWarning")
@pytest.mark.parametrize("model_type, gaps", list(product(MODELS, GAPS)))
def test_no_penalty_returns_least_squares(model_type, gaps):
    for n in DRAWS:
        arguments, case, x, y = draw([8, MODELS.index(model_type), GAPS.index(gaps), n], model_type,
                                     "free", gaps)
        for lam in (0.0, 1e-12 * case.steepest()):
            beta = fit({**arguments, "l2_weight": 0.0}, x, y, lam).coef_.loc[responses, factors]
            assert_allclose(beta, case.least_squares(), rtol=1e-6, atol=1e-6,
                            err_msg=str(arguments))


@pytest.mark.parametrize("gaps", GAPS[:-1])
def test_no_penalty_with_signs_returns_nonnegative_least_squares(gaps):
    for n in DRAWS:
        arguments, case, x, y = draw([9, GAPS.index(gaps), n], "lasso", "nonneg", gaps)
        expected = []
        for i in range(N):
            xi, yi, w, _ = case.response(i)
            expected.append(nnls(np.sqrt(w)[:, None] * xi, np.sqrt(w) * yi)[0])
        beta = fit({**arguments, "factors_beta_prior": None, "l2_weight": 0.0}, x, y,
                   0.0).coef_.loc[responses, factors]
        assert_allclose(beta, expected, rtol=1e-6, atol=1e-6, err_msg=str(arguments))


@pytest.mark.filterwarnings("ignore:.*missing factor:UserWarning")
@pytest.mark.parametrize("model_type, gaps", list(product(MODELS, GAPS)))
def test_squares_alone_are_ridge_regression(model_type, gaps):
    "(k G + r I) b = k c + r prior, response by response"
    for n in DRAWS:
        arguments, case, x, y = draw([10, MODELS.index(model_type), GAPS.index(gaps), n],
                                     model_type, "free", gaps)
        r, expected = 0.1 * case.steepest(), []
        for i in range(N):
            xi, yi, w, k = case.response(i)
            expected.append(np.linalg.solve(k * (xi.T * w) @ xi + r * np.eye(M),
                                            k * xi.T @ (w * yi) + r * case.prior[i]))
        beta = fit({**arguments, "l2_weight": r}, x, y, 0.0).coef_.loc[responses, factors]
        assert_allclose(beta, expected, rtol=1e-7, atol=1e-9, err_msg=str(arguments))


@pytest.mark.parametrize("kind", SIGNS)
@pytest.mark.parametrize("model_type, l1", [("lasso", 0.0), *product(MODELS[1:], [0.0, 0.3, 1.0])])
def test_more_factors_than_rows(model_type, l1, kind):
    """Singular Gram matrices and factors correlated at .99: the certificate must still be true and
    reached"""
    rng = np.random.default_rng(0)
    x = np.sqrt(0.99) * rng.normal(size=(10, 1)) + 0.1 * rng.normal(size=(10, 14))
    y = x @ rng.normal(size=(14, 3)) + rng.normal(size=(10, 3))
    groups = pd.Series(["a", "b", "a"], ["y0", "y1", "y2"])
    signs = (rng.choice([1.0, -1.0, 0.0, np.nan], size=(3, 14)) if kind == "signs"
             else np.full((3, 14), np.nan))
    lower, upper = np.where((signs >= 0) | (kind == "nonneg"), 0.0,
                            -np.inf), np.where(signs <= 0, 0.0, np.inf)
    blocks = make_blocks(model_type, groups, 14)
    case = Case(x, y, np.ones(10), lower, upper, np.zeros((3, 14)), l1=l1 if blocks else 1.0,
                blocks=blocks,
                cooperative=model_type == "cooperative_lasso")  # fmt: skip
    labels = {"group_lasso": dict(group_data=groups),
              "lasso": {}}.get(model_type, dict(clustering=groups))
    for strength in (0.3, 1e-2, 1e-4):
        case = replace(case, lam=strength * case.steepest())
        model = LassoModel(model_type, reg_lambda=case.lam, l1_weight=l1,
                           factors_beta_loading_signs=signs,
                           # fmt: skip
                           nonneg=kind == "nonneg", warmup_period=1, **labels).fit(x, y)
        assert case.objective(model.coef_) <= case.objective(case.solve()) * (1 + 1e-8)
        assert ((model.coef_ >= lower) & (model.coef_ <= upper)).all()
        assert (np.all(model.estimation_result_.converged)
                and np.all(model.estimation_result_.gap <= model.tol))
