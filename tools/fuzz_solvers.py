"""Random problems against what every answer must hold: python tools/fuzz_solvers.py [how many,
2000] [first seed, 0] [-j processes, 1] [--seeds one or more, instead]

A problem is drawn from its seed: one of six model types with boxes that have finite and equal ends,
priors, cell weights of zero and of a million, copies of factors, constants, gaps, weights, more
factors than rows, units from 1e-9 to 1e9. Checked, by seed:

1. nothing raises, nothing is NaN, nothing takes longer than 10 seconds;
2. no loading is outside its box, and the objective reported is that of the loadings;
3. the claim holds: no other point is better than the gap allows, neither FISTA's after some steps
from three starts nor, since these are short where units are mixed, one that is found from the
answer along one line at a time, in the unit of each factor (cells, pairs of cells, blocks);
4. nearly all answers are proven to 1e-6 (a claim that is too large is no error, but it is counted,
apart from what the rounding of moments and pulls leaves open: loadings that cancel each other).
"""
import argparse
import sys
import time
import traceback
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from itertools import islice

import numpy as np
from numba import njit

from factorlasso.data.moments import loss_scale
from factorlasso.data.panel import make_panel
from factorlasso.penalties.constraints import Bounds
from factorlasso.penalties.penalties import (GEOMETRIES, Problem, from_scaled_cells,
                                             in_scaled_cells, lambda_max, make_penalty)
from factorlasso.penalties.prox import block_norms
from factorlasso.solvers.certificate import HAZE, ROUNDING, TRUSTED, components, deviations
from factorlasso.solvers.fista import fista_steps
from factorlasso.solvers.solver import solve, summarize_panel
from factorlasso.solvers.wide import multiplied

# the last: rows weighted by clusters of different sizes, and an L1 share
KINDS = [*GEOMETRIES, "hierarchical"]
GOLDEN = (np.sqrt(5) - 1) / 2


def draw(seed):
    "A random problem, and how many steps of FISTA it is worth."
    rng = np.random.default_rng(seed)
    N, M = int(rng.integers(1, 7)), int(rng.integers(1, 8))
    T = int(rng.choice([M // 2 + 2, 12, 40, 120]))
    X = rng.normal(size=(T, M)) + rng.choice([0, 0, 1, 10]) * rng.normal(size=(T, 1))
    if rng.random() < 0.25:
        X[:, rng.integers(M)] = X[:, rng.integers(M)] * rng.choice([1.0, -2.0, 0.3])
    if rng.random() < 0.15:
        X[:, rng.integers(M)] = rng.choice([0.0, 0.1, 1e6])
    X = X * 10.0 ** [np.zeros(M), rng.integers(-9, 10, M),
                     np.full(M, rng.integers(-9, 10))][rng.integers(3)]
    sd = np.where(X.std(0) > 1e-12 * np.abs(X).max(0), X.std(0), 1.0)
    unit = 10.0 ** rng.choice([0, 0, rng.integers(-9, 10)])
    Y = unit * (X / sd @ (rng.normal(size=(M, N)) * (rng.random((M, N)) < 0.6))
                + rng.choice([0.0, 0.1, 1, 5]) * rng.normal(size=(T, N)))
    if rng.random() < 0.4:
        Y[rng.random(Y.shape) < 0.2] = np.nan
        Y[: T // 3, 0] = np.nan
    size = unit / sd
    choices = [0, 0.0, 0.1, 1, np.inf] if rng.random() < 0.6 else [np.inf]
    lower, upper = -rng.choice(choices, size=(N, M)) * size, rng.choice(choices, size=(N, M)) * size
    shift = np.where(rng.random((N, M)) < 0.2, rng.choice([-0.2, 0.2], size=(N, M)) * size, 0.0)
    box = Bounds(lower + shift, upper + shift)
    prior = np.clip(rng.choice([0, 0, 0.5]) * rng.normal(size=(N, M)) * size, box.lower, box.upper)
    panel = make_panel(X, Y, rng.random(T) + 0.1 if rng.random() < 0.3 else None)
    moments = summarize_panel(panel, bool(rng.random() < 0.9))
    kind, a = KINDS[seed % len(KINDS)], float(rng.choice([0, 0, 0.3]))
    groups = np.unique(rng.integers(0, 3, N), return_inverse=True)[1]
    if kind == "hierarchical":
        kind, a = "row", 0.2
    weights = rng.choice([1, 1, 1, 0, 1e6] if rng.random() < 0.4 else [1.0], size=(N, M)) * sd
    # weights of cells in the norms, too, or in the L1 part alone
    inside = M <= T and rng.random() < 0.5
    penalty = make_penalty(kind, groups, M, a, rng.choice(["normalized", "yuan_lin"]),
                           weights if inside or kind == "cell" else None)
    penalty = penalty if inside or kind == "cell" else replace(penalty, l1=a * weights)
    unscaled = Problem(moments, penalty, box, prior,
                       loss_scale(moments, rng.choice(["weight_sum", "sample"])))
    top = lambda_max(unscaled)
    top = top if 0 < top < np.inf else unit**2
    return Problem(moments, penalty.scaled(top * rng.choice([0, 1e-9, 1e-4, 0.01, 0.1, 0.5])), box,
                   prior, unscaled.scale)


def parts_of(problem, beta):
    "Objective of every component, and what it is compared with where it is nearly zero."
    penalty, part, u = problem.penalty, components(problem.penalty.blocks), beta - problem.prior
    size = np.maximum(problem.moments.s, problem.moments.loss(problem.prior))
    value = np.bincount(part, problem.scale * problem.moments.loss(beta)
                        + (penalty.l1 * np.abs(u)).sum(1))
    inside, owner = penalty.blocks >= 0, np.zeros(len(penalty.l2), dtype=int)
    owner[penalty.blocks[inside]] = np.broadcast_to(part[:, None], u.shape)[inside]
    v = u if penalty.inside is None else penalty.inside * u
    for side in (np.maximum(v, 0.0), np.maximum(-v, 0.0)) if penalty.cooperative else (v,):
        value += np.bincount(owner, penalty.l2 * block_norms(side, penalty.blocks, len(owner)),
                             minlength=len(value))
    return part, value, np.bincount(part, problem.scale * size)


def off(moments):
    "What an entry of a Gram matrix may be off: three digits more where rows were taken away."
    return np.where(moments.n_obs < moments.T, 1000 * HAZE, HAZE)


def reach_of(problem, beta):
    "Size of the terms that the residual of each response is the sum of, and |β| by its parts."
    m, parts = problem.moments, np.abs(problem.prior) + np.abs(beta - problem.prior)
    return np.sqrt(m.s) + (deviations(m) * parts).sum(1), parts


def unknown(problem, beta):
    "What pulls that are known to `ROUNDING` of their terms leave open, in each component."
    return np.bincount(components(problem.penalty.blocks), 2 * ROUNDING * problem.scale
                       * reach_of(problem, beta)[0] ** 2)


def haze(problem, beta):
    "What the objective of each component owes to the rounding of its moments."
    m, (reach, parts) = problem.moments, reach_of(problem, beta)
    # a factor about its mean is as exact as the mean
    level = np.where(deviations(m) > 0, np.abs(m.x_mean)[m.pattern] * parts, 0.0).sum(1)
    return np.bincount(components(problem.penalty.blocks),
                       off(m) * problem.scale * reach * (reach + level))


def dust(problem, beta):
    "What factors that do not move, but for rounding, may leave in the objective of each component."
    moments = problem.moments
    squares = (np.diagonal(moments.G, axis1=1, axis2=2) if len(moments.G)
               else moments.squares())[moments.pattern]
    still = np.where(deviations(moments) > 0, 0.0, np.sqrt(np.maximum(squares, 0.0)))
    reach = (still * (np.abs(problem.prior) + np.abs(beta))).sum(1)
    return np.bincount(components(problem.penalty.blocks), problem.scale * reach**2)


def copies(problem, n):
    "The same problem n times, as one: the responses of each copy behind those of the one before."
    penalty, rows = problem.penalty, np.tile(np.arange(len(problem.prior)), n)
    shift = np.repeat(np.arange(n), len(problem.prior))[:, None] * len(penalty.l2)
    blocks = penalty.blocks[rows]
    more = replace(penalty, l1=penalty.l1[rows], l2=np.tile(penalty.l2, n),
                   blocks=np.where(blocks >= 0, blocks + shift, -1),
                   inside=None if penalty.inside is None else penalty.inside[rows])
    return Problem(problem.moments.take(rows), more, problem.bounds.take(rows),
                   problem.prior[rows], problem.scale[rows])


@njit(cache=True)
def penalty_at(U, l1, l2, inside, blocks, two_sided):
    "The penalty at U, with the weights of blocks in l2[1:]; l2[0] stands for none."
    total, squares = 0.0, np.zeros((len(l2), 2))
    for i, j in np.ndindex(U.shape):
        u = U[i, j]
        total += l1[i, j] * abs(u)
        squares[blocks[i, j] + 1, 1 if two_sided and u < 0.0 else 0] += (inside[i, j] * u) ** 2
    return total + (l2 * np.sqrt(squares).sum(1)).sum()


@njit(cache=True)
def way_along(U, D, box, least):
    "Between which multiples of D the minimum lies: inside the box, and not beyond all kinks."
    far, low, high = abs(least), -np.inf, np.inf
    for i, j in np.ndindex(U.shape):
        if D[i, j] != 0.0:
            far = max(far, abs(U[i, j] / D[i, j]))
            a, b = (box[0, i, j] - U[i, j]) / D[i, j], (box[1, i, j] - U[i, j]) / D[i, j]
            low, high = max(low, min(a, b)), min(high, max(a, b))
    return min(max(low, -far), 0.0), max(min(high, far), 0.0)


@njit(cache=True)
def along_line(U, D, Q, loss, rounded, box, penalty):
    """Move U along D to its minimum, by golden sections and by all zeros on the way; Q is its pull.
    A curvature that may be rounding counts as if it was not."""
    move, curve, pull, here = np.zeros(U.shape), 0.0, (Q * D).sum(), penalty_at(U, *penalty)
    for i in range(len(U)):
        move[i] = loss[i] @ D[i]
        size = (np.sqrt(np.maximum(np.diag(loss[i]), 0.0)) * np.abs(D[i])).sum()
        curve += (move[i] * D[i]).sum() + rounded[i] * size**2
    low, high = way_along(U, D, box, pull / curve if curve > 0.0 else 0.0)
    tries = np.concatenate((np.zeros(40), (-U / np.where(D != 0.0, D, np.inf)).ravel()))
    a, b, inner, last, best, lowest = low, high, low, np.inf, 0.0, 0.0
    for n in range(len(tries)):
        x = a + b - inner if 1 < n < 40 else a + (b - a) * (GOLDEN if n else 1 - GOLDEN)
        x = tries[n] if n >= 40 else x
        change = x * (x * curve - 2 * pull) + penalty_at(U + x * D, *penalty) - here
        if low <= x <= high and change < lowest:
            best, lowest = x, change
        # the better of the two inner points stays one, the worse becomes an end
        if n == 0 or change < last:
            a, b = (a, b) if n == 0 else (inner, b) if x > inner else (a, inner)
            inner, last = x, change
        else:
            a, b = (a, x) if x > inner else (x, b)
    if best != 0.0:
        Q -= best * move
        U[:] = np.minimum(np.maximum(U + best * D, box[0]), box[1])


@njit(cache=True)
def line_steps(U, Q, sd, loss, rounded, box, penalty):
    """A pass of line searches: each cell, pairs of cells of a response, each block towards its
    prior and where it is pulled, and one factor taking over from another in all responses."""
    (N, M), blocks, signs = U.shape, penalty[3], np.sign(loss[0])
    for i, j, m in np.ndindex((N, M, M)):
        D = np.zeros(U.shape)
        D[i, j] = 1 / sd[i, j]
        if m != j:
            D[i, m] = (1 if j < m else -1) / sd[i, m]
        along_line(U, D, Q, loss, rounded, box, penalty)
    for b in range(blocks.max() + 1):
        if (blocks == b).any():
            along_line(U, np.where(blocks == b, U, 0.0), Q, loss, rounded, box, penalty)
            along_line(U, np.where(blocks == b, Q / sd**2, 0.0), Q, loss, rounded, box, penalty)
    for j, m in np.ndindex((M, M)):
        if j != m and N > 1:
            D = np.zeros(U.shape)
            D[:, j], D[:, m] = -U[:, j], signs[j, m] * U[:, j] * sd[:, j] / sd[:, m]
            along_line(U, D, Q, loss, rounded, box, penalty)


def by_lines(problem, beta, passes=3):
    "Where passes of line searches come to from beta, component by component."
    full, point = problem if len(problem.moments.G) else multiplied(problem), beta.copy()
    part = components(problem.penalty.blocks)
    for g in range(part.max() + 1):
        mine = full.take(np.flatnonzero(part == g))
        m, penalty, box, U = (mine.moments, mine.penalty, mine.shifted_bounds(),
                              beta[part == g] - mine.prior)
        inside = np.ones(U.shape) if penalty.inside is None else penalty.inside
        parts = (np.ascontiguousarray(penalty.l1), np.append(0.0, penalty.l2), inside,
                 penalty.blocks.astype(int), penalty.cooperative)
        sd = np.where(deviations(m) > 0, deviations(m), np.inf)
        for _ in range(passes):
            line_steps(U, -mine.gradient(mine.prior + U) / 2, sd,
                       mine.scale[:, None, None] * m.G[m.pattern], off(m),
                       np.stack([box.lower, box.upper]), parts)
        point[part == g] = mine.prior + U
    return np.clip(point, problem.bounds.lower, problem.bounds.upper)


def opponents(problem, beta, steps, rng):
    """Points that might be better: line searches from the answer, FISTA from there, from the prior
    and from a random point, and random steps."""
    yield by_lines(problem, beta)
    box, scale = problem.bounds, np.where(deviations(problem.moments) > 0,
                                          deviations(problem.moments), 1.0)
    noise = rng.normal(size=beta.shape) * np.sqrt(np.maximum(problem.moments.s, 0))[:, None] / scale
    starts = np.vstack([beta, problem.prior, np.clip(beta + 0.01 * noise, box.lower, box.upper)])
    # all three at once: a step costs calls, not arithmetic
    three = copies(problem, 3)
    units = 1.0 if three.penalty.inside is None else three.penalty.inside
    point = next(islice(fista_steps(in_scaled_cells(three), starts * units), steps, None))
    point = point if three.penalty.inside is None else from_scaled_cells(three, point)
    yield from np.split(point, 3)
    for size in (1e-8, 1e-4):
        yield np.clip(beta + size * noise * (rng.random(beta.shape) < 0.5), box.lower, box.upper)
        yield np.clip(problem.prior + (beta - problem.prior)
                      * (1 + size * rng.normal(size=beta.shape)), box.lower, box.upper)


def warm_up():
    "Compile everything, so that the clock of a problem counts solving."
    for seed in (0, 1, 2, 3, 4, 5, 6, 12):
        by_lines(draw(seed), solve(draw(seed), 1e-8).beta)


def faults(seed, steps=60):
    """What is wrong with the answer to a random problem (a list of sentences), and whether it is
    proven: "yes", "hazy" (but for the rounding of its moments) or "no"."""
    problem, start = draw(seed), time.thread_time()
    found, wrong = solve(problem, 1e-8), []
    seconds, beta = time.thread_time() - start, found.beta
    if seconds > 10:
        wrong.append(f"{seconds:.0f} seconds")
    if not (np.isfinite(beta).all() and np.isfinite(found.objective)
            and not np.isnan(found.gap).any()):
        return [*wrong, "not a number"], "no"
    if not ((beta >= problem.bounds.lower) & (beta <= problem.bounds.upper)).all():
        wrong.append("outside its box")
    part, value, variance = parts_of(problem, beta)
    rounding = 1e-12 * (variance + value) + dust(problem, beta)
    gap = np.zeros(len(value))
    gap[part] = found.gap
    fog = haze(problem, beta)
    if abs(found.objective - value.sum()) > (100 * rounding + fog).sum():
        wrong.append(f"objective {found.objective:.17g} is {value.sum():.17g}")
    for point in opponents(problem, beta, steps, np.random.default_rng(seed)):
        better = value - parts_of(problem, point)[1]
        limit = (np.where(np.isfinite(gap), gap, 1.0) * np.maximum(value, 1e-8 * variance)
                 + rounding + haze(problem, point))
        if (better > limit).any():
            g = int(np.argmax(better - limit))
            wrong.append(f"claims {gap[g]:.1e}, and "
                         f"{better[g] / max(value[g], 1e-8 * variance[g]):.1e} was to be gained")
            break
    # the dual point of the claim is a little further out, and less is nothing to the certificate
    open_, fog = gap - 1e-6, np.maximum(2 * (fog + unknown(problem, beta)),
                                        HAZE * TRUSTED * variance)
    return wrong, ("yes" if (open_ <= 0).all() else "no"
                   if (open_ * np.maximum(value, 1e-8 * variance) > fog).any() else "hazy")


def judged(seed):
    "`faults` of a seed, whatever is raised."
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return seed, *faults(seed)
        except Exception:
            return seed, [traceback.format_exc(limit=3)], "no"


def run(seeds, processes):
    "Yield what `judged` says of all seeds, in their order."
    if processes == 1:
        warm_up()
        yield from map(judged, seeds)
        return
    with ProcessPoolExecutor(processes, initializer=warm_up) as pool:
        yield from pool.map(judged, seeds, chunksize=20)


def main():
    "Run the problems asked for; exit status 1 where one of them is wrong."
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("count", type=int, nargs="?", default=2000)
    parser.add_argument("first", type=int, nargs="?", default=0)
    parser.add_argument("-j", type=int, default=1, metavar="PROCESSES")
    parser.add_argument("--seeds", type=int, nargs="+", default=None)
    asked, begin, kinds, bad = parser.parse_args(), time.perf_counter(), Counter(), 0
    seeds = asked.seeds or range(asked.first, asked.first + asked.count)
    for seed, wrong, proven in run(seeds, asked.j):
        kinds[proven] += 1
        bad += bool(wrong)
        if wrong or proven == "no":
            print(f"seed {seed} ({KINDS[seed % len(KINDS)]}): "
                  f"{'; '.join(wrong) or 'not proven to 1e-6'}", flush=True)
    print(f"{len(seeds)} problems, {bad} wrong, {kinds['no']} not proven to 1e-6, "
          f"{kinds['hazy']} but for the rounding of their moments, "
          f"{time.perf_counter() - begin:.0f} s")
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
