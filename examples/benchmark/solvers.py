"""Solvers: a function each, which takes a problem, prepares what its package wants, and returns
`run(tol) -> β`.

Only `run` is timed. β is (N, M), or (K, N, M) for a path. Every package is called through its
public interface, in the form that is fastest for it. scikit-learn, skglm, celer, adelie and glmnet
minimise half the mean square, so their penalty is λ/2. Peers that have no intercept in the form
used here get centred data, and the centring is not timed.

abess is not here: it solves the best-subset problem, which has no λ and another minimum. Nor are
asgl and group-lasso, which took hundreds of times longer to the same minimum in a first look.
"""
import warnings
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import numpy as np

MANY = 1_000_000  # iterations: only the tolerance stops a solver
SOLVERS = {}


@dataclass(frozen=True)
class Solver:
    """A way to solve a problem."""

    name: str
    package: str  # whose interpreter it needs
    make: object  # problem -> run(tol)
    tols: tuple  # tolerances to try, from the loosest


def solver(package, tols=(1e-4, 1e-6, 1e-8, 1e-10, 1e-12, 1e-14)):
    """Register a function of this module."""

    def register(make):
        SOLVERS[make.__name__] = Solver(make.__name__, package, make, tols)
        return make

    return register


def versions(*names):
    """{package: version} of those that are installed."""
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            pass
    return found


# ------------------------------------------------------------------ helpers


def frames(problem):
    """x, y and the signs as labelled pandas objects."""
    import pandas as pd

    T, M, N = problem.shape
    dates = pd.date_range("2000-01-03", periods=T, freq="B")
    factors, responses = [f"x{j}" for j in range(M)], [f"y{i}" for i in range(N)]
    signs = None if problem.signs is None else pd.DataFrame(problem.signs, responses, factors)
    return pd.DataFrame(problem.X, dates, factors), pd.DataFrame(problem.Y, dates, responses), signs


def centred(problem):
    """Complete data less their means, Fortran order."""
    X, Y = problem.X - problem.X.mean(0), problem.Y - problem.Y.mean(0)
    return np.asfortranarray(X), np.asfortranarray(Y)


def valid_rows(problem, i):
    """Factors and response i on the rows where it is observed, less their means."""
    seen = ~np.isnan(problem.Y[:, i])
    X, y = problem.X[seen], problem.Y[seen, i]
    return X - X.mean(0), y - y.mean()


def quiet(call):
    """Call with warnings silenced: a loose tolerance is asked for on purpose, and the objective
    tells the rest."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call()


# ------------------------------------------------------------------ this package


def our_model(problem, n_jobs=None, tol=1e-8):
    """A LassoModel for a problem."""
    import pandas as pd

    from factorlasso import LassoModel

    _, _, signs = frames(problem)
    labels = (None if problem.labels is None
              else pd.Series(problem.labels, [f"y{i}" for i in range(problem.shape[2])]))
    kinds = {"lasso": "lasso", "row": "group_lasso_clusters",
             "factor": "factor_cluster_group_lasso", "cooperative": "cooperative_lasso"}
    demean = {"own": True, "all": "rolling", "none": False}[problem.centre]
    mean = {"own": "weight_sum", "all": "sample"}[problem.mean]
    return LassoModel(kinds[problem.kind], problem.lam, factors_beta_loading_signs=signs,
                      clustering=labels, tol=tol,
                      demean=demean, loss_normalization=mean, n_jobs=n_jobs)


def _ours(problem, n_jobs=None):
    model = our_model(problem, n_jobs)
    x, y, _ = frames(problem)
    return lambda tol: quiet(lambda: model.set_params(tol=tol).fit(x, y)).coef_.to_numpy()


@solver("factorlasso", (1e-6, 1e-8, 1e-10, 1e-12))
def ours(problem):
    """The whole fit: DataFrames in, labelled results out, one thread."""
    return _ours(problem)


@solver("factorlasso", (1e-6, 1e-8, 1e-10, 1e-12))
def ours_two_threads(problem):
    """The whole fit with `n_jobs=2`."""
    return _ours(problem, n_jobs=2)


@solver("factorlasso", (1e-6, 1e-8, 1e-10, 1e-12))
def ours_solve(problem):
    """The solver alone: from moments to loadings."""
    from dataclasses import replace

    from factorlasso.model.settings import prepare, weighted_panel
    from factorlasso.data.moments import loss_scale
    from factorlasso.penalties.penalties import Problem as Moments
    from factorlasso.solvers.solver import solve, summarize_panel

    model = our_model(problem)
    x, y, _ = frames(problem)
    setup = prepare(model, *weighted_panel(model, x, y))
    moments = summarize_panel(setup.fitted, model.demean is True)
    ready = Moments(moments, setup.penalty.scaled(setup.reg_lambda), setup.bounds, setup.prior,
                    loss_scale(moments, model.loss_normalization))
    return lambda tol: solve(replace(ready), tol).beta


@solver("factorlasso", (1e-6, 1e-8, 1e-10, 1e-12))
def ours_path(problem):
    """The whole path: DataFrames in, labelled results out."""
    model = our_model(problem)
    x, y, _ = frames(problem)
    return lambda tol: quiet(lambda: model.set_params(tol=tol)
                             .path(x, y, lambdas=problem.lambdas)).coef


@solver("factorlasso", (None,))
def ours_clusters(problem):
    """The clusters of the responses at default settings, and nothing else."""
    from factorlasso.clusters import Clustering, find_clusters
    from factorlasso.data import make_panel

    panel = make_panel(problem.X, problem.Y)

    def run(_):
        find_clusters(Clustering(), panel)

    return run


# ------------------------------------------------------------------ scikit-learn, complete data


@solver("scikit-learn")
def sklearn_lasso(problem):
    """`Lasso`, intercept included."""
    from sklearn.linear_model import Lasso

    X, Y = np.asfortranarray(problem.X), np.asfortranarray(problem.Y)
    return lambda tol: quiet(lambda: np.atleast_2d(Lasso(problem.lam / 2, tol=tol, max_iter=MANY)
                                                   .fit(X, Y).coef_))


@solver("scikit-learn")
def sklearn_precompute(problem):
    """`Lasso(precompute=True)`, the whole fit from DataFrames, intercept included."""
    from sklearn.linear_model import Lasso

    x, y, _ = frames(problem)
    return lambda tol: quiet(lambda: Lasso(problem.lam / 2, precompute=True, tol=tol, max_iter=MANY)
                             .fit(x, y).coef_)


@solver("scikit-learn")
def sklearn_gram(problem):
    """`Lasso(precompute=G)` on centred arrays, G not timed: what its solver costs."""
    from sklearn.linear_model import Lasso

    X, Y = centred(problem)
    opts = dict(precompute=np.ascontiguousarray(X.T @ X), fit_intercept=False, max_iter=MANY)
    return lambda tol: quiet(lambda: Lasso(problem.lam / 2, tol=tol, **opts).fit(X, Y).coef_)


@solver("scikit-learn")
def sklearn_gram_unchecked(problem):
    """The same with `fit(check_input=False)`."""
    from sklearn.linear_model import Lasso

    X, Y = centred(problem)
    opts = dict(precompute=np.ascontiguousarray(X.T @ X), fit_intercept=False, max_iter=MANY)
    return lambda tol: quiet(lambda: Lasso(problem.lam / 2, tol=tol, **opts)
                             .fit(X, Y, check_input=False).coef_)


def _sklearn_path(problem, **options):
    from sklearn.linear_model import lasso_path

    X, Y = centred(problem)

    def run(tol):
        G, XY = np.ascontiguousarray(X.T @ X), np.asfortranarray(X.T @ Y)
        opts = dict(alphas=problem.lambdas / 2, precompute=G, tol=tol, max_iter=MANY, **options)
        return np.stack([lasso_path(X, Y[:, i], Xy=XY[:, i], **opts)[1].T
                         for i in range(Y.shape[1])], axis=1)

    return lambda tol: quiet(lambda: run(tol))


@solver("scikit-learn")
def sklearn_path(problem):
    """`lasso_path` for every response with one Gram matrix, on centred arrays."""
    return _sklearn_path(problem)


@solver("scikit-learn")
def sklearn_path_unchecked(problem):
    """The same with `check_input=False`, which most of its time goes into."""
    return _sklearn_path(problem, check_input=False)


@solver("scikit-learn")
def sklearn_fits(problem):
    """One `Lasso(precompute=True)` for every λ, warm-started."""
    from sklearn.linear_model import Lasso

    x, y, _ = frames(problem)

    def run(tol):
        model = Lasso(precompute=True, tol=tol, max_iter=MANY, warm_start=True)
        return np.stack([model.set_params(alpha=lam / 2).fit(x, y).coef_.copy()
                         for lam in problem.lambdas])

    return lambda tol: quiet(lambda: run(tol))


@solver("scikit-learn")
def sklearn_multitask(problem):
    """`MultiTaskLasso` for every cluster: one norm for each factor within it."""
    from sklearn.linear_model import MultiTaskLasso

    X, Y = centred(problem)
    names, group, size = np.unique(problem.labels, return_inverse=True, return_counts=True)
    parts = [(np.flatnonzero(group == g), problem.lam / 2 * np.sqrt(size[g] / len(size)))
             for g in range(len(names))]

    def run(tol):
        beta = np.empty((Y.shape[1], X.shape[1]))
        for rows, alpha in parts:
            beta[rows] = MultiTaskLasso(alpha, fit_intercept=False, tol=tol,
                                        max_iter=MANY).fit(X, Y[:, rows]).coef_
        return beta

    return lambda tol: quiet(lambda: run(tol))


@solver("scikit-learn")
def sklearn_split(problem):
    """`Lasso(positive=True)` for every response on its own rows, each column as often as it has
    allowed signs."""
    from sklearn.linear_model import Lasso

    _, M, N = problem.shape
    signs = np.full((N, M), np.nan) if problem.signs is None else problem.signs

    def run(tol):
        beta = np.zeros((N, M))
        for i in range(N):
            up, down = np.flatnonzero(~(signs[i] <= 0)), np.flatnonzero(~(signs[i] >= 0))
            j, s = np.r_[up, down], np.r_[np.ones(len(up)), -np.ones(len(down))]
            if not len(j):
                continue
            X, y = valid_rows(problem, i)
            G = (X.T @ X)[np.ix_(j, j)] * (s[:, None] * s)
            model = Lasso(problem.lam / 2, positive=True, precompute=G, fit_intercept=False,
                          tol=tol, max_iter=MANY)
            np.add.at(beta[i], j, s * model.fit(np.asfortranarray(X[:, j] * s), y).coef_)
        return beta

    return lambda tol: quiet(lambda: run(tol))


# ------------------------------------------------------------------ skglm and celer, complete data


@solver("skglm")
def skglm_cd(problem):
    """`Lasso`: working sets and Anderson acceleration."""
    from skglm import Lasso

    X, Y = centred(problem)

    def run(tol):
        model = Lasso(problem.lam / 2, fit_intercept=False, tol=tol, max_iter=1000)
        return np.array([model.fit(X, Y[:, i]).coef_ for i in range(Y.shape[1])])

    return lambda tol: quiet(lambda: run(tol))


@solver("skglm")
def skglm_gram(problem):
    """`GramCD`: coordinate descent on the Gram matrix."""
    from skglm.penalties import L1
    from skglm.solvers import GramCD

    X, Y = centred(problem)

    def run(tol):
        solve = GramCD(fit_intercept=False, tol=tol, max_iter=10_000).solve
        return np.array([solve(X, Y[:, i], None, L1(problem.lam / 2))[0]
                         for i in range(Y.shape[1])])

    return lambda tol: quiet(lambda: run(tol))


@solver("skglm")
def skglm_group(problem):
    """`GroupLasso` with the row as its one group."""
    from skglm import GroupLasso

    X, Y = centred(problem)
    lam = problem.lam / 2 * _row_weights(problem)

    def run(tol):
        opts = dict(groups=X.shape[1], fit_intercept=False, tol=tol, max_iter=1000)
        return np.array([GroupLasso(alpha=lam[i], **opts).fit(X, Y[:, i]).coef_
                         for i in range(Y.shape[1])])

    return lambda tol: quiet(lambda: run(tol))


@solver("celer")
def celer_lasso(problem):
    """`Lasso`: working sets and dual extrapolation."""
    from celer import Lasso

    X, Y = centred(problem)

    def run(tol):
        model = Lasso(problem.lam / 2, fit_intercept=False, tol=tol)
        return np.array([model.fit(X, Y[:, i]).coef_ for i in range(Y.shape[1])])

    return lambda tol: quiet(lambda: run(tol))


@solver("celer")
def celer_group(problem):
    """`GroupLasso` with the row as its one group."""
    from celer import GroupLasso

    X, Y = centred(problem)
    lam = problem.lam / 2 * _row_weights(problem)

    def run(tol):
        opts = dict(groups=X.shape[1], fit_intercept=False, tol=tol)
        return np.array([GroupLasso(alpha=lam[i], **opts).fit(X, Y[:, i]).coef_
                         for i in range(Y.shape[1])])

    return lambda tol: quiet(lambda: run(tol))


def _row_weights(problem):
    from objective import block_weights

    return block_weights(problem)


# ------------------------------------------------------------------ adelie


@solver("adelie", (1e-7, 1e-9, 1e-11, 1e-13, 1e-15))
def adelie_gram(problem):
    """`gaussian_cov` on the Gram matrix."""
    import adelie

    X, Y = centred(problem)

    def run(tol):
        A, V = np.asfortranarray(X.T @ X / len(X)), X.T @ Y / len(X)
        opts = dict(lmda_path=[problem.lam / 2], tol=tol, early_exit=False, progress_bar=False)
        fits = (adelie.gaussian_cov(A=A, v=V[:, i].copy(), **opts) for i in range(Y.shape[1]))
        return np.array([fit.betas.toarray()[0] for fit in fits])

    return lambda tol: quiet(lambda: run(tol))


@solver("adelie", (1e-7, 1e-9, 1e-11, 1e-13, 1e-15))
def adelie_group(problem):
    """`gaussian_cov` with the row as its one group."""
    import adelie

    X, Y = centred(problem)
    w = _row_weights(problem)

    def run(tol):
        A, V = np.asfortranarray(X.T @ X / len(X)), X.T @ Y / len(X)
        opts = dict(lmda_path=[problem.lam / 2], tol=tol, early_exit=False, progress_bar=False,
                    groups=np.array([0]))
        fits = (adelie.gaussian_cov(A=A, v=V[:, i].copy(), penalty=w[[i]], **opts)
                for i in range(Y.shape[1]))
        return np.array([fit.betas.toarray()[0] for fit in fits])

    return lambda tol: quiet(lambda: run(tol))


@solver("adelie", (1e-7, 1e-9, 1e-11, 1e-13, 1e-15))
def adelie_split(problem):
    """`gaussian_cov` for every response on its own rows, each cell with a sign under a one-sided
    constraint."""
    import adelie

    _, M, N = problem.shape
    signs = np.full((N, M), np.nan) if problem.signs is None else problem.signs
    zero, far = np.zeros(1), np.full(1, 1e100)
    limits = {1.0: (zero, far), -1.0: (-far, zero)}

    def run(tol):
        beta = np.zeros((N, M))
        for i in range(N):
            j = np.flatnonzero(~(signs[i] == 0))
            if not len(j):
                continue
            X, y = valid_rows(problem, i)
            X = X[:, j]
            boxes = [None if np.isnan(s) else adelie.constraint.box(*limits[s])
                     for s in signs[i, j]]
            fit = adelie.gaussian_cov(A=np.asfortranarray(X.T @ X / len(X)), v=X.T @ y / len(X),
                                      constraints=boxes, lmda_path=[problem.lam / 2], tol=tol,
                                      early_exit=False, progress_bar=False)
            beta[i, j] = fit.betas.toarray()[0]
        return beta

    return lambda tol: quiet(lambda: run(tol))


# ------------------------------------------------------------------ glmnet


@solver("glmnet", (1e-7, 1e-9, 1e-11, 1e-13, 1e-15))
def glmnet_lasso(problem):
    """`ElasticNet` at one λ."""
    from glmnet import ElasticNet

    X, Y = centred(problem)
    opts = dict(alpha=1, n_splits=0, standardize=False, fit_intercept=False, max_iter=MANY)

    def run(tol):
        model = ElasticNet(lambda_path=np.array([problem.lam / 2]), tol=tol, **opts)
        return np.array([model.fit(X, Y[:, i]).coef_path_[..., -1].ravel()
                         for i in range(Y.shape[1])])

    return lambda tol: quiet(lambda: run(tol))


@solver("glmnet", (1e-7, 1e-9, 1e-11, 1e-13, 1e-15))
def glmnet_path(problem):
    """`ElasticNet` along the whole path."""
    from glmnet import ElasticNet

    X, Y = centred(problem)
    opts = dict(alpha=1, n_splits=0, standardize=False, fit_intercept=False, max_iter=MANY)

    def run(tol):
        model = ElasticNet(lambda_path=problem.lambdas / 2, tol=tol, **opts)
        return np.stack([model.fit(X, Y[:, i]).coef_path_.T for i in range(Y.shape[1])], axis=1)

    return lambda tol: quiet(lambda: run(tol))


@solver("glmnet", (1e-7, 1e-9, 1e-11, 1e-13, 1e-15))
def glmnet_limits(problem):
    """`ElasticNet` for every response on its own rows, signs as limits."""
    from glmnet import ElasticNet

    _, M, N = problem.shape
    signs = np.full((N, M), np.nan) if problem.signs is None else problem.signs
    opts = dict(alpha=1, n_splits=0, standardize=False, fit_intercept=False, max_iter=MANY)

    def run(tol):
        beta, path = np.zeros((N, M)), np.array([problem.lam / 2])
        for i in range(N):
            j = np.flatnonzero(~(signs[i] == 0))
            if not len(j):
                continue
            X, y = valid_rows(problem, i)
            low, high = (np.where(signs[i, j] > 0, 0.0, -np.inf),
                         np.where(signs[i, j] < 0, 0.0, np.inf))
            model = ElasticNet(lambda_path=path, tol=tol, lower_limits=low,
                               upper_limits=high, **opts)
            beta[i, j] = model.fit(X[:, j], y).coef_path_[..., -1].ravel()
        return beta

    return lambda tol: quiet(lambda: run(tol))


# ------------------------------------------------------------------ the original, release 1.0.6


def _original_model(problem):
    import pandas as pd

    from factorlasso import LassoModel, LassoModelType

    kinds = {"lasso": "LASSO", "row": "HIERARCHICAL_CLUSTER_GROUP_LASSO",
             "factor": "FACTOR_CLUSTER_GROUP_LASSO"}
    x, y, signs = frames(problem)
    mean = {"own": "weight_sum", "all": "sample"}[problem.mean]
    model = LassoModel(model_type=getattr(LassoModelType, kinds[problem.kind]),
                       reg_lambda=problem.lam, span=None, factors_beta_loading_signs=signs,
                       loss_normalization=mean, demean=problem.centre != "none")
    labels = None if problem.labels is None else pd.Series(problem.labels,
                                                           y.columns).map("g{}".format)
    return model, x, y, {} if labels is None else dict(external_clusters=labels)


@solver("original", (None,))
def original(problem):
    """One fit; its interior-point solver has no tolerance to choose."""
    model, x, y, clusters = _original_model(problem)

    def run(_):
        fitted = model.fit(x=x, y=y, **clusters)
        found = fitted.clusters_
        run.labels = None if found is None else np.unique(np.asarray(found), return_inverse=True)[1]
        return fitted.coef_.to_numpy()

    return run


@solver("original", (None,))
def original_path(problem):
    """One fit for every λ; the function it has for paths takes the same time."""
    model, x, y, _ = _original_model(problem)

    def run(_):
        return np.stack([model.set_params(reg_lambda=lam).fit(x=x, y=y).coef_.to_numpy()
                         for lam in problem.lambdas])

    return run


# --------------------------------------------------------- cross-validation: β is that of the refit


@solver("factorlasso", (1e-8,))
def ours_cv(problem):
    """`LassoModelCV` over `problem.lambdas`, five expanding windows, refit at the best λ."""
    from factorlasso.selection.selection import LassoModelCV

    x, y, _ = frames(problem)
    model = LassoModelCV(our_model(problem), lambdas=problem.lambdas, cv=5)
    return lambda tol: quiet(lambda: model.fit(x, y)).best_model_.coef_.to_numpy()


def _original_cv(problem, **options):
    from factorlasso import LassoModelCV

    model, x, y, _ = _original_model(problem)

    def run(_):
        search = LassoModelCV(lambdas=list(problem.lambdas), n_splits=5,
                              base_model=model, **options)
        return search.fit(x, y).best_model_.coef_.to_numpy()

    return run


@solver("original", (None,))
def original_cv(problem):
    """`LassoModelCV` as it comes."""
    return _original_cv(problem)


@solver("original", (None,))
def original_cv_path(problem):
    """`LassoModelCV(use_lambda_path=True)`."""
    return _original_cv(problem, use_lambda_path=True)


# ------------------------------------------------------------------ what the hardware allows


@solver("factorlasso", (None,))
def blas_products(problem):
    """Two matrix products and nothing else: mask'·(all products of two factors), and Y'X. It solves
    nothing."""
    X, seen = problem.X, (~np.isnan(problem.Y)).astype(float)
    Y = np.where(seen > 0, problem.Y, 0.0)
    j, k = np.triu_indices(X.shape[1])
    pairs = X[:, j] * X[:, k]
    gram, cross = np.empty((Y.shape[1], len(j))), np.empty((Y.shape[1], X.shape[1]))

    def run(_):
        np.matmul(seen.T, pairs, out=gram)
        np.matmul(Y.T, X, out=cross)
        return None

    return run


@solver("factorlasso", (None,))
def blas_products_built(problem):
    """The same with the products of the factors formed inside."""
    X, seen = problem.X, (~np.isnan(problem.Y)).astype(float)
    Y = np.where(seen > 0, problem.Y, 0.0)
    j, k = np.triu_indices(X.shape[1])

    def run(_):
        (seen.T @ (X[:, j] * X[:, k])).shape, (Y.T @ X).shape
        return None

    return run


@solver("factorlasso", (None,))
def eigen_secular(problem):
    """Row norms on complete data by their formula: eigenvectors of the Gram matrix once, and the
    length of every row by Newton's method. It knows no signs, bounds, gaps or certificate."""
    X, Y = centred(problem)
    G, C, w = X.T @ X / len(X), Y.T @ X / len(X), problem.lam / 2 * _row_weights(problem)

    def run(_):
        d, Q = np.linalg.eigh(G)
        z = C @ Q
        z[np.linalg.norm(z, axis=1) <= w] = 0.0
        length = np.zeros(len(z))
        for _ in range(100):
            ends = np.outer(length, d) + w[:, None]
            psi2 = ((z / ends) ** 2).sum(1)
            slope = (z**2 * d / ends**3).sum(1)
            step = np.divide(psi2 * (np.sqrt(psi2) - 1), slope, out=np.zeros_like(w),
                             where=slope > 0)
            length += step
            if (np.abs(step) <= 1e-13 * length).all():
                break
        return (z * length[:, None] / ends) @ Q.T

    return run


@solver("factorlasso", (None,))
def scipy_clusters(problem):
    """`numpy.corrcoef` and SciPy's Ward linkage, cut at half the largest distance."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    def run(_):
        distance = squareform(1 - np.corrcoef(problem.Y.T), checks=False)
        fcluster(linkage(distance, "ward"), distance.max() / 2, "distance")

    return run
