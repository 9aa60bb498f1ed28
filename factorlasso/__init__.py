"Sparse multi-output factor models with sign constraints, priors, missing histories and a consistent covariance."

__version__ = "0.1.0"

from importlib import import_module

from factorlasso.clusters import Clustering, Clusters, find_clusters
from factorlasso.covariance import CurrentFactorCovarData, RiskSplit, VarianceColumns, factor_covariance, split_risk
from factorlasso.model import LassoEstimationResult, LassoModel, LassoModelType
from factorlasso.path import Path, lambda_path
from factorlasso.rolling import RollingFactorCovarData, fit_rolling, load_calendar, save_calendar
from factorlasso.selection import LassoModelCV
from factorlasso.signs import AdaptiveWeights, OlsPrior, SignRule

LassoModel.covariance = factor_covariance   # here, because the chapter of the model comes before that of the covariance

# Loaded when first asked for: judging a fit, drawing it and reading data need modules that estimating does not.
_LAZY = {
    "criteria": ["information_criteria", "select_by_criterion"],
    "unilasso": ["UniLasso"],
    "diagnostics": ["ResidualDiagnostics", "diagnose_residuals", "effective_sparsity", "held_out_residuals"],
    "stability": ["StabilitySelection", "stability_selection"],
    "consensus": ["ClusterStability", "cluster_stability"],
    "diagonality": ["LassoModelDiagonalityCV"],
    "plots": ["plot_actual_vs_fitted", "plot_coefficient_paths", "plot_cv", "plot_dendrogram", "plot_loadings", "plot_missing",
              "plot_volatility_split", "save_plot"],
    "plots_checks": ["plot_co_association", "plot_spectrum", "plot_stability_paths"],
    "datasets": ["load_ecoli_regulation", "load_us_equity_factors", "simulate_factor_model"],
    "simulations": ["simulate_ablation", "simulate_multi_asset", "simulate_pooled_signs", "simulate_usage_example"],
}
_HOME = {name: module for module, names in _LAZY.items() for name in names}

__all__ = [
    "AdaptiveWeights",
    "Clustering",
    "Clusters",
    "CurrentFactorCovarData",
    "LassoEstimationResult",
    "LassoModel",
    "LassoModelCV",
    "LassoModelType",
    "OlsPrior",
    "Path",
    "RiskSplit",
    "RollingFactorCovarData",
    "SignRule",
    "VarianceColumns",
    "find_clusters",
    "fit_rolling",
    "lambda_path",
    "load_calendar",
    "save_calendar",
    "split_risk",
    *sorted(_HOME),
]


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module 'factorlasso' has no attribute {name!r}")
    globals()[name] = found = getattr(import_module(f"factorlasso.{_HOME[name]}"), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
