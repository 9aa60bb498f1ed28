"""Factor loadings, clusters and covariance of 55 US portfolios, stocks and funds, with the signs a
textbook gives.

    pip install ".[data]"          # in a copy of the repository
    python examples/finance_factor_model.py

Portfolios have 819 months of returns, stocks 326 and funds 38; nobody's history is cut to anybody
else's. The loadings are estimated by HCGL: a group LASSO whose groups are clusters found in the
correlation of the returns.
"""
import pandas as pd

from factorlasso import LassoModel, NoiseScale, load_us_equity_factors

us = load_us_equity_factors()
x, y = 100 * us.x, 100 * us.y  # per cent per month, above the risk-free rate
print(f"{x.shape[1]} factors, {y.shape[1]} series, {len(y)} months, "
      f"{y.notna().to_numpy().mean():.0%} of the returns observed")
print(f"{int(us.signs.notna().to_numpy().sum())} of {us.signs.size} signs are known beforehand\n")

model = LassoModel(
    "group_lasso_clusters",
    reg_lambda=NoiseScale(2),                  # more penalty where there is more noise
    factor_scale="sd",                         # units of the factors do not matter
    span=120,                                  # a memory of ten years
    factors_beta_loading_signs=us.signs,       # 1, -1, or NaN where the textbook is silent
    factors_beta_prior=us.prior,               # a market loading of one
).fit(x, y)

print(f"{model.clusters_.max()} clusters of returns:")
for number, names in model.clusters_.groupby(model.clusters_):
    print(f"  {number:2d}  {', '.join(names.index)}")

wrong = (model.coef_ * us.signs < 0).to_numpy().sum()
solved = bool((model.estimation_result_.gap < 1e-8).all())
print(f"\nloadings with a sign other than the textbook's: {wrong}; all relative duality gaps below "
      f"1e-8: {solved}")

covar = model.covariance(annualization_factor=12)
some = ["Enrgy", "S1V5", "S5M5", "AAPL", "BAC", "XOM", "MTUM", "SIZE", "VLUE"]
print("\nloadings, R², intercept and volatilities (per cent a year):")
print(covar.get_snapshot(some).round(2).to_string())

funds = us.groups.index[us.groups == "ETF"]
print("\nan equally weighted portfolio of the five funds, per cent a year:")
print(covar.portfolio_risk(pd.Series(1 / len(funds), funds)))
