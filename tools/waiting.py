"""Processor seconds of the calls a user waits for, on one thread: python tools/waiting.py [--size 1
2 3] [--only WORD ...]

Each call is timed twice, and the second counts: what is compiled once is not part of it. A call of
milliseconds, or of a second at most, is repeated, and the best counts. A bar stands beside the
seconds where there is one, and the exit code is the number of bars that were missed.
"""
import os

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "agg"}

import argparse  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
import warnings  # noqa: E402
from dataclasses import replace  # noqa: E402

import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

from scipy.linalg.blas import dsyrk  # noqa: E402
from sklearn.model_selection import KFold  # noqa: E402

from factorlasso import LassoModel, LassoModelCV, fit_rolling, stability_selection  # noqa: E402
from factorlasso.data import moments_of  # noqa: E402
from factorlasso.diagnostics import cluster_stability, diagnose_residuals  # noqa: E402
from factorlasso.model.settings import unit_problem  # noqa: E402
from factorlasso.model.updates import fit_parts, plan_fit  # noqa: E402
from factorlasso.plots import (plot_coefficient_paths, plot_stability_paths,  # noqa: E402
                               plot_volatility_split)
from factorlasso.selection import information_criteria  # noqa: E402
from factorlasso.solvers import solve  # noqa: E402

SIZES = [(819, 4, 55), (1000, 20, 500), (260, 20, 3000)]   # rows, factors, responses
LONG = 60.0   # seconds after which a call is not timed twice
QUICK, REPEATS = .02, 100   # seconds below which a call is repeated so often
BRIEF = 1.5   # seconds below which it is repeated twelve times


def panel(T, M, N, seed=0):
    "Three industries, sparse loadings, residuals that miss three factors"
    rng = np.random.default_rng(seed)
    dates = pd.date_range("2000-01-07", periods=T, freq="W")
    x = pd.DataFrame(rng.normal(size=(T, M)), dates).add_prefix("f")
    centre = rng.normal(size=(3, M))
    beta = (centre[np.arange(N) % 3] + .3 * rng.normal(size=(N, M))) * (rng.random((N, M)) < .5)
    missing = rng.normal(size=(T, 3)) @ (.5 * rng.normal(size=(3, N))
                                         * (np.arange(N) % 3 == np.arange(3)[:, None]))
    return x, pd.DataFrame(x.to_numpy() @ beta.T + missing + rng.normal(size=(T, N)),
                           dates).add_prefix("y")


def one_row(x, y):
    "A call that learns the next row, and the seconds of the warm solve that is a part of it"
    model, half = LassoModel(reg_lambda=.05), len(x) // 2
    rows = iter([(x[k:k + 1], y[k:k + 1]) for k in range(half, len(x))])
    model.partial_fit(x[:half], y[:half])
    setup, sums = plan_fit(model, model.moments_), fit_parts(model, model.moments_)[0]
    problem, beta = unit_problem(model, setup, sums), model.estimation_result_.estimated_beta
    problem = replace(problem, penalty=problem.penalty.scaled(setup.reg_lambda))
    return (lambda: model.partial_fit(*next(rows)),
            seconds(lambda: solve(problem, start=beta.to_numpy())))


def months(rows_per_month, M, N):
    "240 monthly HCGL fits after a year and a half, on monthly or weekly rows"
    T = {"monthly": 260, "weekly": 1100}[rows_per_month]
    x, y = panel(T, M, N)
    if rows_per_month == "monthly":
        x.index = y.index = pd.date_range("2000-01-31", periods=T, freq="ME")
    ends = x.groupby(x.index.to_period("M")).tail(1).index[-240:]
    model = LassoModel("group_lasso_clusters", reg_lambda=.1, span=60)
    return lambda: fit_rolling(model, x, y, ends)


def drawn(plot, what):
    "A picture of it, to the last pixel"
    def call():
        plot(what).figure.canvas.draw()
        plt.close("all")
    return call


def calls(x, y, folder):
    "What is timed: name, bars by size (None: no bar), and a function of no arguments"
    clusters = LassoModel("group_lasso_clusters", reg_lambda=.1)
    lasso = LassoModel(reg_lambda=.05)
    fitted = lasso.fit(x, y)
    covariance, path, rows = fitted.covariance(), lasso.path(x, y), clusters.path(x, y)
    yield "fit LASSO", (None, None, None), lambda: LassoModel(reg_lambda=.05).fit(x, y)
    yield ("fit HCGL", (None, None, None),
           lambda: LassoModel("group_lasso_clusters", reg_lambda=.1).fit(x, y))
    learn, warm = one_row(x, y)
    yield "partial_fit, one row", (.001 + warm, None, None), learn
    for pace in ("monthly", "weekly"):
        yield (f"fit_rolling, {pace} rows", (.7, None, None),
               months(pace, x.shape[1], min(y.shape[1], 55)))
    yield "diagnose_residuals", (3, 3, 3), lambda: diagnose_residuals(fitted)
    yield "cluster_stability", (None, 2, 20), lambda: cluster_stability(None, y)
    yield ("stability selection, HCGL", (None, None, 10),
           lambda: stability_selection(clusters, x, y, rng=0))
    yield "LassoModelCV, HCGL", (None, None, 4), lambda: LassoModelCV(clusters).fit(x, y)
    yield ("LassoModelCV, diagonality", (None, None, 3),
           lambda: LassoModelCV(lasso, scoring="diagonality").fit(x, y))
    yield "criteria, LASSO", (None, None, 2), lambda: information_criteria(replace(path))
    yield "criteria, HCGL", (None, None, 2), lambda: information_criteria(replace(rows))
    yield ("plot_coefficient_paths", (None, .6, None), drawn(plot_coefficient_paths, path))
    stable = stability_selection(lasso, x, y, lambdas=path.lambdas, n_pairs=5, rng=0)
    yield "plot_stability_paths", (None, .6, None), drawn(plot_stability_paths, stable)
    yield ("plot_volatility_split", (None, None, .5), drawn(plot_volatility_split, covariance))
    yield "save xlsx", (None, None, 1.5), lambda: covariance.save(f"{folder}/c.xlsx")
    yield "load xlsx", (None, None, None), lambda: type(covariance).load(f"{folder}/c.xlsx")
    yield "save parquet", (None, None, None), lambda: covariance.save(f"{folder}/c.parquet")


def genes(N, gappy=False):
    """A search over 20 λ in 5 folds: N genes in 150 samples on 300 regulators, two of a hundred
    real; with gaps, from four plates"""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(150, 300))
    beta = rng.normal(size=(N, 300)) * (rng.random((N, 300)) < .02)
    y = x @ beta.T + 2 * rng.normal(size=(150, N))
    if not gappy:
        return lambda: LassoModelCV(n_lambdas=20, cv=KFold(5)).fit(x, y)
    y[rng.random(y.shape) < .05] = np.nan
    plates = rng.choice(list("abcd"), 150)
    return lambda: LassoModelCV(n_lambdas=20, cv=KFold(5)).fit(x, y, absorb=plates)


def gaps(N, T=20_000, M=100):
    "Moments of N responses, 0 to 90 % missing at random, and the `dsyrk` calls that they need"
    rng = np.random.default_rng(0)
    missing = rng.uniform(0, .9, N)
    X, Y = rng.normal(size=(T, M)), np.where(rng.random((T, N)) < missing, np.nan, 1.0)
    Y *= rng.normal(size=(T, N))
    A = np.asfortranarray(X.T)
    rows = (T * np.minimum(missing, 1 - missing)).astype(int)
    return (lambda: moments_of(X, Y)), lambda: [dsyrk(1.0, A[:, :n]) for n in rows]


def timed(call):
    start = time.process_time()
    call()
    return time.process_time() - start


def seconds(call):
    "Of the second call, or of the first where that was long; of the best of many if it is quick"
    taken = timed(call)
    if taken <= LONG:
        taken = timed(call)
    more = REPEATS if taken < QUICK else 12 if taken < BRIEF else 0
    return min([taken, *(timed(call) for _ in range(more))])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", nargs="+", type=int, choices=(1, 2, 3), default=[1, 2, 3])
    parser.add_argument("--only", nargs="+", default=[""], help="words in the names of the calls")
    parser.add_argument("--genes", type=int, metavar="N",
                        help="time a search over N genes instead; the bar is 30 s for 2000")
    parser.add_argument("--gaps", type=int, metavar="N",
                        help="time the moments of N responses with gaps instead, against dsyrk")
    options, missed = parser.parse_args(), 0
    warnings.simplefilter("ignore")
    if options.genes:
        for gappy in (False, True):   # what is compiled once and kept is not part of a search
            genes(20, gappy)()
        taken, bar = [seconds(genes(options.genes, g)) for g in (False, True)], options.genes * .015
        print(f"LassoModelCV, {options.genes} genes: {taken[0]:.2f}, with gaps and plates "
              f"{taken[1]:.2f}   bar {bar:g}")
        return int(max(taken) > bar)
    if options.gaps:
        pairs = [tuple(timed(call) for call in gaps(options.gaps)) for _ in range(3)]
        taken, floor = (min(seconds) for seconds in zip(*pairs, strict=True))
        print(f"moments {taken:.2f}, dsyrk {floor:.2f}, ratio {taken / floor:.2f}   bar 1.25")
        return int(taken > 1.25 * floor)
    for size in options.size:
        shape = SIZES[size - 1]
        print(f"{shape[0]} rows, {shape[1]} factors, {shape[2]} responses", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            for name, bars, call in calls(*panel(*shape), folder):
                if any(word in name for word in options.only):
                    taken, bar = seconds(call), bars[size - 1]
                    missed += bar is not None and taken > bar
                    print(f"  {name:<28}{taken:8.{2 if taken >= QUICK else 5}f}"
                          + (f"   bar {bar:.3g}" if bar else "")
                          + ("  MISSED" if bar and taken > bar else ""),
                          flush=True)
    return missed


if __name__ == "__main__":
    raise SystemExit(main())
