"""The model written once more, straight from its definition and without the package: slow, literal,
independent.

    sum_i k_i sum_t w_t m_ti (y_ti - a_i - x_t'b_i)^2
        + lam * [(1 - a) sum_b w_b |u_b|_2 + a sum_ij |u_ij|] + l2 sum_ij u_ij^2,   u = b - prior

A cooperative penalty has |max(u_b, 0)|_2 + |max(-u_b, 0)|_2 for |u_b|_2.
"""
from dataclasses import dataclass, replace

import cvxpy as cp
import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Case:
    x: np.ndarray  # (T, M), NaN allowed
    y: np.ndarray  # (T, N), NaN allowed
    weights: np.ndarray  # (T,)
    lower: np.ndarray  # (N, M)
    upper: np.ndarray  # (N, M)
    prior: np.ndarray  # (N, M)
    lam: float = 0.0
    l1: float = 1.0  # share of the L1 part
    l2: float = 0.0  # weight of the squares, not times lam
    cooperative: bool = False  # a norm for each sign of a block
    blocks: tuple = ()  # (weight, rows, columns) of the cells that share a norm
    normalization: str = "weight_sum"
    intercept: bool = True

    def rows(self, i):
        "The rows that count for response i"
        return np.isfinite(self.y[:, i]) & np.isfinite(self.x).all(1) & (self.weights > 0)

    def response(self, i):
        """x, y, weights and k of one response, on its own rows, centred there if there is an
        intercept"""
        rows = self.rows(i)
        x, y, w = self.x[rows], self.y[rows, i], self.weights[rows]
        if self.intercept:
            x, y = x - w @ x / w.sum(), y - w @ y / w.sum()
        return x, y, w, 1 / w.sum() if self.normalization == "weight_sum" else 1 / len(self.y)

    def loss(self, beta):
        total = 0.0
        for i, b in enumerate(beta):
            x, y, w, k = self.response(i)
            total += k * (w @ (y - x @ b) ** 2)
        return total

    def objective(self, beta):
        u = beta - self.prior
        sides = (np.where(u > 0, u, 0), np.where(u < 0, u, 0)) if self.cooperative else (u,)
        norms = sum(w * np.sqrt((side[rows, cols] ** 2).sum()) for w, rows, cols in self.blocks
                    for side in sides)
        return (self.loss(beta) + self.lam * ((1 - self.l1) * norms + self.l1 * np.abs(u).sum())
                + self.l2 * (u**2).sum())

    def intercepts(self, beta):
        out = np.zeros(len(beta))
        for i, b in enumerate(beta):
            rows = self.rows(i)
            w = self.weights[rows] / self.weights[rows].sum()
            out[i] = w @ (self.y[rows, i] - self.x[rows] @ b)
        return out if self.intercept else 0 * out

    def steepest(self):
        "The largest derivative of the loss at the prior, the scale of lam"
        data = [self.response(i) for i in range(len(self.prior))]
        return max(np.abs(2 * k * (w * (y - x @ p)) @ x).max()
                   for (x, y, w, k), p in zip(data, self.prior, strict=True))

    def solve(self):
        "The minimum by CVXPY, moved into the box, where an interior point is only nearly"
        beta = cp.Variable(self.prior.shape)
        u = beta - self.prior
        cost, sides = (self.l2 * cp.sum_squares(u),
                       (cp.pos(u), cp.neg(u)) if self.cooperative else (u,))
        for i in range(len(self.prior)):
            x, y, w, k = self.response(i)
            cost += cp.sum_squares(cp.multiply(np.sqrt(k * w), y - x @ beta[i]))
        if self.l1:
            cost += self.lam * self.l1 * cp.sum(cp.abs(u))
        if self.l1 < 1:
            weight = self.lam * (1 - self.l1)
            cost += sum(weight * w * cp.norm(cp.vec(side[rows, cols], order="C"))
                        for w, rows, cols in self.blocks for side in sides)
        limits = []
        if (low := np.isfinite(self.lower)).any():
            limits.append(beta[low] >= self.lower[low])
        if (high := np.isfinite(self.upper)).any():
            limits.append(beta[high] <= self.upper[high])
        cp.Problem(cp.Minimize(cost), limits).solve(solver="CLARABEL")
        return np.clip(beta.value, self.lower, self.upper)

    def least_squares(self):
        "Weighted least squares response by response, no penalty and no box"
        out = []
        for i in range(len(self.prior)):
            x, y, w, _ = self.response(i)
            out.append(np.linalg.lstsq(np.sqrt(w)[:, None] * x, np.sqrt(w) * y, rcond=None)[0])
        return np.array(out)


def make_blocks(model_type, groups, M, group_penalty="normalized"):
    "(weight, rows, columns) of every block that the model type ties together; groups: (N,) labels"
    labels = pd.unique(np.asarray(groups))
    out = []
    for label in labels:
        members = np.flatnonzero(np.asarray(groups) == label)
        weight = np.sqrt(len(members) / (len(labels) if group_penalty == "normalized" else 1))
        if model_type in ("group_lasso", "group_lasso_clusters"):
            out += [(weight, np.array([i]), np.arange(M)) for i in members]
        elif model_type in ("factor_cluster_group_lasso", "cooperative_lasso"):
            out += [(weight, members, np.array([j])) for j in range(M)]
        elif model_type == "cluster_group_lasso":
            out.append((weight, np.repeat(members, M), np.tile(np.arange(M), len(members))))
    return tuple(out)


def decay(T, span):
    "w_t = (1 - 2 / (span + 1)) ** (T - 1 - t)"
    return np.ones(T) if span is None else (1 - 2 / (span + 1)) ** np.arange(T - 1.0, -1, -1)


def minus_running_mean(table, span):
    """Each column less its running mean, which starts at the first value and waits through gaps;
    without a span less its mean"""
    out = np.full(table.shape, np.nan)
    for j, column in enumerate(table.T):
        mean = np.nan if span else np.nanmean(column)
        for t in np.flatnonzero(np.isfinite(column)):
            if span:
                mean = column[t] if np.isnan(mean) else mean + 2 / (span + 1) * (column[t] - mean)
            out[t, j] = column[t] - mean
    return out


def rolling(case, span):
    """The same case demeaned the papers' way: no intercept is left to fit, and under a span the
    first row, all zeros, is dropped"""
    first = 1 if span else 0
    x, y = (minus_running_mean(table, span)[first:] for table in (case.x, case.y))
    return replace(case, x=x, y=y, weights=case.weights[first:], intercept=False)
