"""Data: seeded panels, and the problem that every solver is given. NumPy only, since it runs in
every environment."""
from dataclasses import dataclass, fields, replace

import numpy as np


@dataclass(frozen=True, eq=False)
class Problem:
    """One problem of the benchmark; the objective is written out in `objective.py`."""

    X: np.ndarray  # (T, M) factors
    Y: np.ndarray  # (T, N) responses, NaN where not observed
    lam: float  # λ on the scale of the objective
    # "lasso", "row" (one norm for each row of β), "factor" (one for each cluster and factor) or
    # "cooperative" (one for each sign of those; timed only, objective.py does not know it)
    kind: str = "lasso"
    signs: np.ndarray | None = None  # (N, M) of 1, -1, 0, NaN (free); None: all free
    # (N,) clusters; None with norms: the solver finds them
    labels: np.ndarray | None = None
    lambdas: np.ndarray | None = None  # (K,) decreasing, for a path
    # means over the rows of the response ("own"), over all rows ("all"), or none ("none")
    centre: str = "own"
    # squares are averaged over the rows of the response ("own") or divided by T ("all")
    mean: str = "own"

    @property
    def shape(self):
        """(T, M, N)."""
        return (*self.X.shape, self.Y.shape[1])

    @property
    def complete(self):
        """Whether every cell is observed."""
        return not np.isnan(self.Y).any()

    def save(self, path):
        """Write an npz file."""
        np.savez(path,
                 **{f.name: v for f in fields(self) if (v := getattr(self, f.name)) is not None})

    @classmethod
    def load(cls, path):
        """Read an npz file."""
        with np.load(path) as arrays:
            values = {name: arrays[name] for name in arrays.files}
        return cls(**{name: v.item() if v.ndim == 0 else v for name, v in values.items()})


def largest_lambda(problem):
    """The smallest λ for which the LASSO without signs is all zero: the largest 2 |cov(x, y)|."""
    top = 0.0
    for columns in np.array_split(np.arange(problem.Y.shape[1]),
                                  max(1, problem.Y.size // 10_000_000)):
        Y = problem.Y[:, columns]
        seen = ~np.isnan(Y)
        R = np.where(seen, Y - np.nanmean(Y, axis=0), 0.0)
        top = max(top, 2 * np.abs(problem.X.T @ R / seen.sum(0)).max())
    return top


def simulate(T, M, N, corr=0.3, density=0.3, groups=10, r2=0.5, seed=0):
    """Equicorrelated factors with unit variance, groups of responses with a common support, noise
    for a given R²."""
    rng = np.random.default_rng(seed)
    X = np.sqrt(1 - corr) * rng.normal(size=(T, M)) + np.sqrt(corr) * rng.normal(size=(T, 1))
    labels = rng.integers(groups, size=N)
    support = rng.random((groups, M)) < density
    support[np.arange(groups), rng.integers(M, size=groups)] = True
    centre = rng.choice([-1.0, 1.0], size=(groups, M)) * support
    beta = centre[labels] * (0.5 + rng.random((N, M)))
    signal = X @ beta.T
    scale = signal.std(0)
    Y = signal / scale + np.sqrt(1 / r2 - 1) * rng.normal(size=(T, N))
    return X, Y, beta / scale[:, None]


def with_gaps(Y, how, share=0.2, seed=1):
    """The same responses with a share of the cells missing: "complete", "staggered" starts or
    "scattered" cells."""
    rng = np.random.default_rng(seed)
    T, N = Y.shape
    if how == "complete" or not share:
        return Y
    if how == "staggered":
        first = rng.integers(0, int(round(2 * share * T)) + 1, size=N)
        return np.where(np.arange(T)[:, None] < first, np.nan, Y)
    if how == "scattered":
        return np.where(rng.random((T, N)) < share, np.nan, Y)
    raise ValueError(f"gaps must be complete, staggered or scattered, got {how!r}")


def some_signs(beta, share=0.5, wrong=0.1, seed=2):
    """Signs for a share of the cells: the true sign (0 where the loading is zero), a tenth of them
    wrong on purpose."""
    rng = np.random.default_rng(seed)
    signs = np.sign(beta)
    flipped = rng.choice([-1.0, 0.0, 1.0], size=beta.shape)
    signs = np.where(rng.random(beta.shape) < wrong, flipped, signs)
    return np.where(rng.random(beta.shape) < share, signs, np.nan)


def make(T, M, N, gaps="complete", share=0.2, signs=False, lam=0.1, corr=0.3, unit=1.0,
         seed=0, **fixed):
    """A problem with λ = `lam` times the largest useful one; `unit` multiplies x and y (and λ by
    its square)."""
    X, Y, beta = simulate(T, M, N, corr=corr, seed=seed)
    Y = with_gaps(Y, gaps, share, seed + 1)
    problem = Problem(unit * X, unit * Y, 1.0, signs=some_signs(beta, seed=seed + 2) if signs
                      else None, **fixed)
    return replace(problem, lam=lam * largest_lambda(problem))


def make_wide(T, M, N=1, lam=0.1, active=50, seed=0):
    """A few responses and many more factors than rows, independent but for a common part."""
    rng = np.random.default_rng(seed)
    X = np.sqrt(0.8) * rng.normal(size=(T, M)) + np.sqrt(0.2) * rng.normal(size=(T, 1))
    Y = np.empty((T, N))
    for i in range(N):
        beta = np.zeros(M)
        beta[rng.choice(M, min(active, M), replace=False)] = rng.normal(size=min(active, M))
        signal = X @ beta
        Y[:, i] = signal / signal.std() + 0.5 * rng.normal(size=T)
    problem = Problem(X, Y, 1.0)
    return replace(problem, lam=lam * largest_lambda(problem))


def with_path(problem, n=50, ratio=1e-3):
    """The problem for `n` values of λ in equal steps of the logarithm, from the largest useful one
    down."""
    top = largest_lambda(problem)
    return replace(problem, lambdas=top * ratio ** np.linspace(0, 1, n))
