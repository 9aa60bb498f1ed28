"""Objective: what every answer is measured by, written from the formula alone and shared with no
solver. NumPy only.

    F(β) = Σ_i κ_i Σ_t m_ti (y_ti − α_i − x_t'β_i)² + λ Σ_b w_b ‖β_b‖

with κ_i = 1/Σ_t m_ti and the best α_i. A block b is one cell (LASSO, w = 1), one row of β (w =
√(|g|/G), g the cluster of the response and G the number of clusters) or one factor within one
cluster (the same w).
"""
import numpy as np

CHUNK = 4_000_000  # cells of Y at a time


def _chunks(problem):
    """Positions of the responses, a bounded number of cells at a time."""
    T, _, N = problem.shape
    return np.array_split(np.arange(N), max(1, T * N // CHUNK))


def _residuals(problem, beta, columns):
    """(T, n) residuals with the best constants, and the centred data; zero where nothing is
    observed."""
    X, Y = problem.X, problem.Y[:, columns]
    seen = ~np.isnan(Y)
    n = np.maximum(seen.sum(0), 1)
    if problem.centre == "all":
        X, Y = X - X.mean(0), Y - np.nanmean(Y, axis=0)
    data, R = np.where(seen, Y, 0.0), np.where(seen, Y - X @ beta[columns].T, 0.0)
    if problem.centre == "own":
        data = np.where(seen, data - data.sum(0) / n, 0.0)
        R = np.where(seen, R - R.sum(0) / n, 0.0)
    return data, R, 1 / n if problem.mean == "own" else np.full(len(columns), 1 / len(X))


def block_weights(problem):
    """(N,) weight of the norms that each response belongs to."""
    if problem.kind == "lasso":
        return np.ones(problem.shape[2])
    _, group, size = np.unique(problem.labels, return_inverse=True, return_counts=True)
    return np.sqrt(size / len(size))[group]


def _norms(problem, cells):
    """Norm of the block of every cell, (N, M): the cell, its row, or its factor within its cluster.
    """
    if problem.kind == "lasso":
        return np.abs(cells)
    if problem.kind == "row":
        return np.broadcast_to(np.linalg.norm(cells, axis=1, keepdims=True), cells.shape)
    _, group = np.unique(problem.labels, return_inverse=True)
    squares = np.zeros((group.max() + 1, cells.shape[1]))
    np.add.at(squares, group, cells**2)
    return np.sqrt(squares)[group]


def penalty(problem, beta):
    """Σ_b w_b ‖β_b‖, without λ."""
    norms, w = _norms(problem, beta), block_weights(problem)
    if problem.kind == "lasso":
        return float(norms.sum())
    if problem.kind == "row":
        return float(w @ norms[:, 0])
    _, first = np.unique(problem.labels, return_index=True)
    return float(w[first] @ norms[first].sum(1))


def loss(problem, beta):
    """Σ_i κ_i Σ_t m_ti r_ti²."""
    total = 0.0
    for columns in _chunks(problem):
        _, R, k = _residuals(problem, beta, columns)
        total += float(k @ (R**2).sum(0))
    return total


def value(problem, beta):
    """F(β): a number, or (K,) where the problem is a path and β is (K, N, M)."""
    if problem.lambdas is not None:
        return np.array([_value(problem, lam, b)
                         for lam, b in zip(problem.lambdas, beta, strict=True)])
    return _value(problem, problem.lam, beta)


def _value(problem, lam, beta):
    return loss(problem, beta) + lam * penalty(problem, beta)


def sign_violation(problem, beta):
    """The largest |β_ij| on the wrong side of its sign."""
    if problem.signs is None:
        return 0.0
    s = problem.signs
    wrong = np.where(np.isnan(s), 0.0, np.where(s == 0, np.abs(beta), np.maximum(-s * beta, 0.0)))
    return float(wrong.max())


def lower_bound(problem, beta):
    """A number that F cannot fall below, from the residuals of any β: the dual objective at a
    feasible scaling of them.

    With r the residuals, the dual point is θ_c r, one θ for each part c of the problem that stands
    alone (a response, or a cluster), so small that every block of the pull 2κ x'r, less what its
    signs hold, has norm at most λ w.
    """
    if problem.lambdas is not None:
        raise ValueError("a lower bound is for one value of λ")
    M, N = problem.shape[1:]
    pull, fit, rss = np.empty((N, M)), np.empty(N), np.empty(N)
    for columns in _chunks(problem):
        data, R, k = _residuals(problem, beta, columns)
        X = problem.X - problem.X.mean(0) if problem.centre != "none" else problem.X
        pull[columns] = 2 * k[:, None] * (R.T @ X)
        fit[columns], rss[columns] = k * (R * data).sum(0), k * (R**2).sum(0)
    if problem.signs is not None:
        s = problem.signs
        pull = np.where(s == 0, 0.0, np.where(np.isnan(s), pull, s * np.maximum(s * pull, 0.0)))
    with np.errstate(divide="ignore"):
        room = (problem.lam * block_weights(problem)[:, None] / _norms(problem, pull)).min(1)
    theta = np.minimum(room, 1.0)
    if problem.kind == "factor":
        _, group = np.unique(problem.labels, return_inverse=True)
        smallest = np.ones(group.max() + 1)
        np.minimum.at(smallest, group, theta)
        theta = smallest[group]
    return float((2 * theta * fit - theta**2 * rss).sum())


def excess(problem, found, best):
    """Relative suboptimality; the worst one along a path. `found`, `best`: values of F."""
    return float(np.max((np.asarray(found) - best) / np.asarray(best)))
