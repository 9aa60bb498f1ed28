"""How often intervals cover: the table of the chapter *Standard errors*, in full.

    python tools/inference_coverage.py       150 draws of the factors for each design; writes
                                             tools/inference_coverage.json
    python tools/inference_coverage.py 40    40 draws; writes nothing

Every draw makes new factors, new loadings (half of them zero, the others of a known sign), new
residuals and, where the design says so, new gaps; fits a penalised model with half of the signs
given; and asks which intervals hold the truth. Then more factors than rows, all cells at once, and
the volatility of a portfolio. Reported are shares with standard errors over draws, since the cells
of a draw are not independent.
"""
import json
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from factorlasso import LassoModel
from factorlasso.data.ewma import decay_weights
from factorlasso.inference import volatility_intervals

DESIGNS = {"iid, T 60": {}, "heteroskedastic, T 60": {"scale": True},
           "gaps, T 120": {"T": 120, "gaps": .3},
           "span 60, iid": {"T": 240, "span": 60}, "AR(.6), T 120": {"T": 120, "memory": .6},
           "AR(.6), span 60": {"T": 240, "span": 60, "memory": .6}}
KINDS = ("moments", "hc", "hac")
M, N = 4, 10


def series(rng, shape, memory):
    "Stationary AR(1) columns of variance one"
    z = rng.normal(size=shape)
    for t in range(1, shape[0] if memory else 0):
        z[t] = memory * z[t - 1] + np.sqrt(1 - memory**2) * z[t]
    return z


def sample(rng, T=60, memory=0.0, gaps=0.0, scale=False, M=M, N=N):
    "Factors, responses and true loadings"
    x = series(rng, (T, M), memory)
    beta = rng.normal(size=(N, M)) * (rng.random((N, M)) < .5)
    e = series(rng, (T, N), memory)
    if scale:
        e *= np.sqrt((1 + 2 * x[:, :1]**2) / 3)
    y = x @ beta.T + e
    y[rng.random(y.shape) < gaps] = np.nan
    return x, y, beta


def newey_west(x, y, w):
    "Estimates and standard errors of one response with the usual bandwidth, weights allowed"
    rows = np.isfinite(y)
    X, w = np.column_stack([x[rows], np.ones(rows.sum())]), w[rows]
    inverse = np.linalg.inv(X.T @ (w[:, None] * X))
    b = inverse @ X.T @ (w * y[rows])
    u = (w * (y[rows] - X @ b))[:, None] * X
    lags, n = int(4 * (len(u) / 100) ** (2 / 9)), w.sum() ** 2 / (w @ w)
    S = u.T @ u
    for k in range(1, lags + 1):
        cross = u[k:].T @ u[:-k]
        S += (1 - k / (lags + 1)) * (cross + cross.T)
    V = inverse @ S @ inverse * n / (n - len(b))
    return b[:-1], np.sqrt(np.diag(V))[:-1], n - len(b)


def one_draw(rng, span=None, **design):
    """Shares of one panel: {kind: covered, kind signed: covered, kind size: rejected among true
    zeros}"""
    x, y, beta = sample(rng, **design)
    signs = np.where((rng.random(beta.shape) < .5) & (beta != 0), np.sign(beta), np.nan)
    model = LassoModel(reg_lambda=.2, span=span, factors_beta_loading_signs=signs).fit(x, y)
    out = {}
    for kind in KINDS:
        errors = model.standard_errors(kind)
        table, freedom = errors.table, np.repeat(errors.numbers.freedom, beta.shape[1])
        truth, b, se = beta.ravel(), table["estimate"], table["se"]
        out[kind] = np.mean(np.abs(b - truth) <= stats.t.ppf(.975, freedom) * se)
        out[kind + " signed"] = np.mean((table["low"] <= truth) & (truth <= table["high"]))
        out[kind + " size"] = np.mean(table["p"][truth == 0] < .05)
    w = decay_weights(len(x), span)
    found = [newey_west(x, y[:, i], w) for i in range(y.shape[1])]
    inside = [np.abs(b - t) <= stats.t.ppf(.975, n) * se
              for (b, se, n), t in zip(found, beta, strict=True)]
    return out | {"Newey-West": np.mean(inside)}


def wide_draw(rng, rho, T=100, M=200, N=6, active=5):
    "Coverage of active and null cells with more factors than rows; Toeplitz correlation ρ"
    x = rng.normal(size=(T, M))
    for j in range(1, M):
        x[:, j] = rho * x[:, j - 1] + np.sqrt(1 - rho**2) * x[:, j]
    beta = np.zeros((N, M))
    for row in beta:
        row[rng.choice(M, active, replace=False)] = rng.choice([-1, 1], active) * rng.uniform(
            .3, 1, active)
    y = x @ beta.T + rng.normal(size=(T, N))
    model = LassoModel(reg_lambda=1.5 * np.sqrt(2 * np.log(M) / T), tol=1e-6).fit(x, y)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        table = model.standard_errors().table
    inside = ((table["low"] <= beta.ravel()) & (beta.ravel() <= table["high"])).to_numpy()
    return {"active": inside[beta.ravel() != 0].mean(), "null": inside[beta.ravel() == 0].mean(),
            "warned": float(any("intervals are too short" in str(c.message) for c in caught))}


def family_draw(rng, N, M, T, common=0, kind="hc", memory=0):
    """Whether all simultaneous intervals hold; `common` is the share of a factor that all residuals
    have"""
    x, y, beta = sample(rng, T=T, M=M, N=N, memory=memory)
    y += np.sqrt(common / (1 - common)) * rng.normal(size=(T, 1))
    together = LassoModel(reg_lambda=.1).fit(x, y).standard_errors(kind).simultaneous(rng=rng)
    inside = (together["low"] <= beta.ravel()) & (beta.ravel() <= together["high"])
    return {"all": float(inside.all())}


def volatility_draw(rng, garch=False, memory=0, gaps=0, T=120, N=20, M=4):
    """Whether the intervals for the volatility of an equal-weighted portfolio, and for the share of
    a factor in its variance, hold the truth"""
    x, scale = series(rng, (T, M), memory), np.ones((T, M))
    for t in range(1, T if garch else 0):
        scale[t] = np.sqrt(.05 + scale[t - 1]**2 * (.85 + .1 * x[t - 1]**2))
    beta, w = 1 + rng.normal(size=(N, M)) * .5, np.full(N, 1 / N)
    y = (scale * x) @ beta.T + 2 * series(rng, (T, N), memory)
    y[rng.random(y.shape) < gaps] = np.nan
    model = LassoModel(reg_lambda=.1).fit(scale * x, y)
    ends = volatility_intervals(model, pd.Series(w, model.estimation_result_.alpha.index))
    f, d = w @ beta, 4 * (w @ w)
    truth = {"volatility": np.sqrt(f @ f + d), "x0": f[0]**2 / (f @ f + d)}
    return {"volatility" if k == "volatility" else "share of a factor":
            float(ends.loc[k, "low"] <= v <= ends.loc[k, "high"]) for k, v in truth.items()}


def repeat(draw, draws, **design):
    "{name: (mean, standard error)} over draws"
    runs = [draw(np.random.default_rng([seed, 1]), **design) for seed in range(draws)]
    values = {k: np.array([r[k] for r in runs]) for k in runs[0]}
    return {k: (round(float(v.mean()), 4), round(float(v.std(ddof=1) / np.sqrt(draws)), 4))
            for k, v in values.items()}


def study(draws):
    "Everything"
    result = {"draws": draws,
              "one by one": {name: repeat(one_draw, draws, **d) for name, d in DESIGNS.items()}}
    show(result["one by one"])
    result["more factors than rows"] = {f"correlation {rho}":
                                        repeat(wide_draw, max(draws * 3 // 5, 4), rho=rho)
                                        for rho in (0, .5, .9)}
    show(result["more factors than rows"])
    result["volatility"] = {name: repeat(volatility_draw, 4 * draws, **d) for name, d in
                            {"independent": {}, "gaps": {"gaps": .3}, "AR(.6)": {"memory": .6},
                             "GARCH": {"garch": True}}.items()}
    show(result["volatility"])
    cases = [(55, 4, 120, {}), (55, 4, 120, {"common": .5}), (55, 4, 120, {"kind": "hac"}),
             (55, 4, 120, {"kind": "hac", "memory": .6}),
             (55, 4, 480, {"kind": "hac", "memory": .6}),
             (500, 20, 240, {}), (500, 20, 240, {"common": .5}), (500, 20, 240, {"kind": "hac"}),
             (500, 20, 1000, {})]
    result["all at once"] = {}
    for N, M, T, how in cases:
        label = ", ".join([f"{N} x {M}, T {T}", *(f"{k} {v}" for k, v in how.items())])
        found = repeat(family_draw, draws * (4 if N < 100 else 2), N=N, M=M, T=T, **how)
        result["all at once"][label] = found
        show({label: found})
    return result


def show(rows):
    for name, found in rows.items():
        print(f"{name:40}", *(f"{k} {m:.3f} ({s:.3f})" for k, (m, s) in found.items()), flush=True)


if __name__ == "__main__":
    warnings.filterwarnings("ignore", "nothing is left of")
    found = study(int(sys.argv[1]) if len(sys.argv) > 1 else 150)
    if len(sys.argv) < 2:
        Path(__file__).with_suffix(".json").write_text(json.dumps(found, indent=1) + "\n")
