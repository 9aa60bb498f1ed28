"""Covariance forecasts judged out of sample: the whole comparison of the page *US equities*.

    nice python examples/covariance_forecasts.py                  # everything, half an hour
    nice python examples/covariance_forecasts.py stocks-60 skfolio:stocks-60        # one cell

Each cell is one panel and one window. Every rule is chosen inside the window; no row that judges is
used to choose anything. The results are kept in `covariance_forecasts.json`, cell by cell.
"""
import argparse
import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.covariance import ledoit_wolf, oas
from skfolio.datasets import load_factors_dataset, load_sp500_dataset
from skfolio.preprocessing import prices_to_returns
from skfolio.prior import EmpiricalPrior, TimeSeriesFactorModel
from threadpoolctl import threadpool_limits

from factorlasso import LassoModel, load_us_equity_factors
from factorlasso.data.ewma import decay_weights
from factorlasso.risk.forecasts import evaluate_forecasts
from factorlasso.risk.residual_correlation import ResidualCorrelation

HERE = Path(__file__).resolve().parent / "covariance_forecasts.json"
KAPPA = 1.5      # of the LASSO: λᵢ = κ σᵢ s̄ / √n, as on the page; not tuned here
# of so many dates one, since skfolio's factor model is slow
SPARSE = {"portfolios": 12, "stocks": 3, "all": 12, "daily": 12}


def monthly(names):
    us = load_us_equity_factors()
    y = us.y.iloc[:, names].dropna()
    return 100 * us.x.loc[y.index], 100 * y


def daily():
    y, x = prices_to_returns(load_sp500_dataset(), load_factors_dataset())[:2]
    rows = x.index.intersection(y.index)
    return 100 * x.loc[rows], 100 * y.loc[rows]


# panel, rows of the window, rows for which a forecast is used
CELLS = {f"{name}-{window}": (lambda s=names: monthly(s), window, 6) for name, names in
         (("portfolios", slice(0, 30)), ("stocks", slice(30, 50)), ("all", slice(0, 50)))
         for window in (60, 120, 240)}
CELLS |= {f"daily-{window}": (daily, window, 20) for window in (250, 500)}


def poet(Z, K):
    """Fan, Liao and Mincheva (2013): principal components, and a soft threshold on the residual
    correlation, C = 1/2"""
    T, N = Z.shape
    S = np.cov(Z.T, ddof=0)
    w, V = np.linalg.eigh(S)
    U = S - (V[:, -K:] * w[-K:]) @ V[:, -K:].T
    s = np.sqrt(np.diag(U))
    noise = .5 * (np.sqrt(np.log(N) / T) + N**-.5)
    off = np.sign(U) * np.maximum(np.abs(U) / np.outer(s, s) - noise, 0) * np.outer(s, s)
    np.fill_diagonal(off, np.diag(U))
    return S - U + off


def rivals(X, Z):
    "Covariances that do not use this package; skfolio's default prior is the sample covariance"
    w = decay_weights(len(Z), len(Z) / 2)
    return {"skfolio default": np.asarray(EmpiricalPrior().fit(Z).return_distribution_.covariance),
            "Ledoit–Wolf": ledoit_wolf(Z)[0], "OAS": oas(Z)[0], "EWMA": np.cov(Z.T, aweights=w),
            "POET": poet(Z, X.shape[1])}


def skfolio_model(X, Z):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        prior = TimeSeriesFactorModel().fit(Z, factors=X)
    return np.asarray(prior.return_distribution_.covariance)


def ours(X, Z):
    "Estimates of this package: `covariance` with everything on \"auto\", and what it is made of"
    ols = LassoModel(reg_lambda=0).fit(X, Z)
    n = len(Z)
    scale = np.sqrt(ols.covariance().y_variances["residual_var"] / n) * X.std().mean()
    lasso = LassoModel(reg_lambda=KAPPA * scale).fit(X, Z)
    both = {"factor_covariance": "auto", "residual_correlation": "auto"}
    flat, even = ResidualCorrelation("auto", level=1.0), ResidualCorrelation("auto", inflation=1.0)
    return {"least squares, diagonal": ols.covariance(),
            "least squares, auto": ols.covariance(**both),
            "least squares, level 1": ols.covariance(residual_correlation=flat),
            "least squares, g = 1": ols.covariance(factor_covariance="auto",
                                                   residual_correlation=even),
            "LASSO, refit, auto": lasso.covariance(refit=True, **both)}


def forecasts(name, methods, every=1):
    "Calendars of one cell by name of the forecast, and the returns"
    panel, window, horizon = CELLS[name]
    x, y = panel()
    found = {}
    for stop in range(window, len(y), horizon * every):
        d, X, Z = y.index[stop - 1], x.iloc[stop - window:stop], y.iloc[stop - window:stop]
        for n, c in methods(X, Z).items():
            c = pd.DataFrame(c, y.columns, y.columns) if isinstance(c, np.ndarray) else c
            found.setdefault(n, {})[d] = c
    return found, y


def everything(X, Z):
    return rivals(X, Z.to_numpy()) | ours(X, Z)


def factor_models(X, Z):
    default = LassoModel(reg_lambda=0).fit(X, Z).covariance(factor_covariance="auto",
                                                            residual_correlation="auto")
    return {"least squares, auto": default, "Ledoit–Wolf": ledoit_wolf(Z)[0],
            "skfolio factor model": skfolio_model(X, Z)}


def table(t):
    return json.loads(t.to_json(orient="split", double_precision=6))


def judge(name):
    "Summary, differences to each rival, and what was chosen, of one cell"
    found, y = forecasts(name, everything)
    whole = evaluate_forecasts(found, y, horizon=CELLS[name][2])
    choice = pd.DataFrame([c.residual_choice for c in found["least squares, auto"].values()])
    against = ("Ledoit–Wolf", "EWMA", "skfolio default", "OAS", "POET", "least squares, diagonal")
    return {"rows": len(whole.losses), "dates": len(choice), "summary": table(whole.summary),
            "differences": {k: table(whole.compare(k)) for k in against},
            "chosen": choice["method"].value_counts().to_dict(),
            **choice[["inflation", "level"]].mean().to_dict()}


def judge_skfolio(name):
    "The same against skfolio's factor model, at some of the dates"
    found, y = forecasts(name, factor_models, SPARSE[name.split("-")[0]])
    part = evaluate_forecasts(found, y, horizon=CELLS[name][2])
    return {"rows": len(part.losses), "summary": table(part.summary),
            "differences": table(part.compare("skfolio factor model"))}


def keep(name, part):
    "Put results of a cell into the file"
    done = json.loads(HERE.read_text("utf-8")) if HERE.exists() else {}
    done[name] = done.get(name, {}) | part
    HERE.write_text(json.dumps(done, indent=1, ensure_ascii=False, sort_keys=True) + "\n", "utf-8")
    print(name, list(part), flush=True)


if __name__ == "__main__":
    cells = [*CELLS, *(f"skfolio:{k}" for k in CELLS)]
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cells", nargs="*", help=f"default: all of {', '.join(cells)}")
    wanted = parser.parse_args().cells
    if unknown := [k for k in wanted if k not in cells]:
        parser.error(f"no such cell: {', '.join(unknown)}")
    with threadpool_limits(1):
        for name in wanted or cells:
            cell = name.removeprefix("skfolio:")
            keep(cell, judge(cell) if cell == name else {"skfolio": judge_skfolio(cell)})
