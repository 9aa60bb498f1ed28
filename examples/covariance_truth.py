"""Covariances where the truth is known: bias of D, loss of Σ, bias of portfolio risk and how often
its intervals hold, and what twenty thousand responses cost.

    python examples/covariance_truth.py            # everything, a few minutes
    python examples/covariance_truth.py bias       # one table: bias, loss, coverage or size

Nothing here is used to choose anything.
"""
import argparse
import json
import tracemalloc
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
from sklearn.covariance import ledoit_wolf

from factorlasso import LassoModel
from factorlasso.inference.volatility import volatility_intervals
from factorlasso.risk.structure import FactorStructure

HERE = Path(__file__).resolve().parent / "covariance_truth.json"
# rows, factors, span, share of gaps, κ of the penalty λ = κ σ / √T
SETTINGS = [(24, 4, None, 0, 0), (24, 4, None, 0, 1.5), (38, 8, None, 0, 0), (38, 8, None, 0, 1.5),
            (38, 16, None, 0, 0), (38, 16, None, 0, 1.5), (60, 4, None, .3, 0),
            (60, 8, None, .3, 1.5), (60, 8, 40, 0, 0), (120, 8, 60, 0, 1.5), (120, 16, None, 0, 0),
            (120, 16, None, .3, 1.5), (240, 8, 120, .3, 0), (240, 16, None, 0, 1.5)]


def bias_of_D(setting, draws=40, N=50):
    "Estimated over true residual variance, as fitted and refitted: means and standard errors"
    T, M, span, gaps, kappa = setting
    found = []
    for k in range(draws):
        rng = np.random.default_rng(k)
        x, beta = (rng.standard_normal((T, M)),
                   rng.standard_normal((N, M)) * (rng.random((N, M)) < .5))
        y = x @ beta.T + rng.standard_normal((T, N))
        y[rng.random(y.shape) < gaps] = np.nan
        fit = LassoModel(reg_lambda=kappa / T**.5, span=span).fit(x, y)
        found.append([fit.covariance(refit=refit).y_variances["residual_var"].mean()
                      for refit in (False, True)])
    return dict(zip(("fitted", "refitted"), zip(
        np.mean(found, 0).round(4), (np.std(found, 0, ddof=1) / draws**.5).round(4),
        strict=True), strict=True))


def stein(S, truth):
    "Stein's loss per response"
    A = np.linalg.solve(truth, S)
    return (np.trace(A) - np.linalg.slogdet(A)[1] - len(A)) / len(A)


def one_world(rho, N, T, seed, M=4):
    "Losses, and the volatility that equal weights are said to have over the true one"
    rng = np.random.default_rng(seed)
    C = np.kron(np.eye(N // 5), rho + (1 - rho) * np.eye(5))
    s, beta = rng.uniform(.5, 1.5, N), rng.standard_normal((N, M))
    truth = beta @ beta.T + C * np.outer(s, s)
    x = rng.standard_normal((T, M))
    y = x @ beta.T + s * (rng.standard_normal((T, N)) @ np.linalg.cholesky(C).T)
    fit, out = LassoModel(reg_lambda=0).fit(x, y), {}
    w = rng.dirichlet(np.ones(N), 20).T
    told = {"diagonal": {}, "auto": {"factor_covariance": "auto", "residual_correlation": "auto"}}
    ours = {k: fit.covariance(**v).y_covar.to_numpy() for k, v in told.items()}
    for name, S in (ours | {"Ledoit–Wolf": ledoit_wolf(y)[0]}).items():
        out[name] = stein(S, truth)
        out[f"{name}, volatility"] = np.sqrt((w * (S @ w)).sum(0) / (w * (truth @ w)).sum(0)).mean()
    return out


def losses(draws=160, many=8):
    "Mean losses by world, N and T, and the standard error of ours; of 500 responses few draws"
    sizes = [(N, T) for N in (20, 100, 500) for T in (60, 120, 240)]
    worlds = [(world, rho, N, T) for world, rho in (("blocks", .5), ("white", 0.0))
              for N, T in sizes] + [("weaker blocks", .38, 100, 120)]
    found = {f"{world} {N} {T}": pd.DataFrame(
        [one_world(rho, N, T, k) for k in range(draws if N < 500 else many)])
             for world, rho, N, T in worlds}
    return {k: (t.mean().round(4).to_dict() | {"auto, s.e.": round(t["auto"].sem(), 4)})
            for k, t in found.items()}


def held(T, rho, gaps, correlation, draws=400, N=20, M=4):
    "Share of draws in which the interval at 95 % holds the true volatility of a portfolio"
    C, hits = np.kron(np.eye(N // 5), rho + (1 - rho) * np.eye(5)), []
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        s, beta = rng.uniform(.5, 1.5, N), rng.standard_normal((N, M))
        x = rng.standard_normal((T, M))
        y = x @ beta.T + s * (rng.standard_normal((T, N)) @ np.linalg.cholesky(C).T)
        y[rng.random(y.shape) < gaps] = np.nan
        w = rng.dirichlet(np.ones(N)) * rng.choice([-1, 1], N) ** (seed % 2)
        true = np.sqrt(w @ (beta @ beta.T + C * np.outer(s, s)) @ w)
        fit = LassoModel(reg_lambda=0).fit(pd.DataFrame(x), pd.DataFrame(y))
        found = volatility_intervals(fit, pd.Series(w), residual_correlation=correlation)
        hits.append(found.low["volatility"] <= true <= found.high["volatility"])
    return [round(np.mean(hits), 4), round(np.std(hits) / draws**.5, 4)]


def coverage():
    "By rows, correlation in blocks and gaps: half of the portfolios are long-only"
    cases = [(T, rho, gaps) for T in (60, 120, 240) for rho in (0.0, .5) for gaps in (0, .2)]
    return {f"{T} {rho} {gaps} {kind}": held(T, rho, gaps, kind) for T, rho, gaps in cases
            for kind in ("diagonal", "sample")}


def size(N=20_000, M=10):
    "Peak memory of the matrix over its own, its time over that of B B', and the same of a solve"
    rng = np.random.default_rng(0)
    B, at = rng.standard_normal((N, M)), np.arange(N)
    c = FactorStructure(B, rng.uniform(1, 2, N))

    def cost(f):
        start = perf_counter()
        f()
        return perf_counter() - start

    blas, ours = min(cost(lambda: B @ B.T) for _ in range(3)), min(cost(c.matrix) for _ in range(3))
    peaks = {}
    rest = {"solve": lambda: c.solve(at * 1.0), "log_det": c.log_det, "sqrt": c.sqrt,
            "quadratic_form": lambda: c.quadratic_form(at * 1.0), "sample": lambda: c.sample(100)}
    for name, f in {"matrix": c.matrix, **rest}.items():
        tracemalloc.start()
        f()
        peaks[name] = round(tracemalloc.get_traced_memory()[1] / (8 * N**2), 4)
        tracemalloc.stop()
    return {"time over BLAS": round(ours / blas, 2), "peak over N × N": peaks}


if __name__ == "__main__":
    parts = {"bias": lambda: {str(s): bias_of_D(s) for s in SETTINGS},
             "loss": losses, "coverage": coverage, "size": size}
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="*", help=f"default: all of {', '.join(parts)}")
    wanted = parser.parse_args().tables
    if unknown := [k for k in wanted if k not in parts]:
        parser.error(f"no such table: {', '.join(unknown)}")
    for name in wanted or parts:
        done = json.loads(HERE.read_text("utf-8")) if HERE.exists() else {}
        done[name] = parts[name]()
        HERE.write_text(json.dumps(done, indent=1, ensure_ascii=False, sort_keys=True) + "\n",
                        "utf-8")
        print(name, json.dumps(done[name], indent=1, ensure_ascii=False), flush=True)
