"""Sparse multi-output factor models with sign constraints, priors, missing histories and the
covariance that belongs to them."""

__version__ = "0.1.0"

from importlib import import_module
from typing import TYPE_CHECKING, Any

from factorlasso.clusters.clusters import Clustering
from factorlasso.inference.standard_errors import model_summary, search_summary, standard_errors
from factorlasso.model.edges import model_edges, signs_from_edges, signs_from_rules
from factorlasso.model.mixed import MixedCadence
from factorlasso.model.model import LassoModel
from factorlasso.model.results import FactorRegressor, LassoEstimationResult
from factorlasso.model.rules import AdaptiveWeights, OlsPrior, SignRule
from factorlasso.model.settings import LassoModelType
from factorlasso.model.unilasso import UniLasso
from factorlasso.risk.covariance import CurrentFactorCovarData, VarianceColumns, factor_covariance
from factorlasso.risk.rolling import RollingFactorCovarData, fit_rolling
from factorlasso.selection.selection import LassoModelCV
from factorlasso.solvers.noise import NoiseScale
from factorlasso.solvers.path import LassoPath

if TYPE_CHECKING:
    from factorlasso.datasets.datasets import (load_ecoli_regulation, load_us_equity_factors,
                                               simulate_factor_model)
    from factorlasso.diagnostics.cluster_stability import cluster_stability
    from factorlasso.diagnostics.residuals import diagnose_residuals
    from factorlasso.plots.plots import (
        plot_actual_vs_fitted,
        plot_co_association,
        plot_coefficient_paths,
        plot_cv,
        plot_dendrogram,
        plot_loadings,
        plot_missing,
        plot_spectrum,
        plot_stability_paths,
        plot_volatility_split,
    )
    from factorlasso.selection.criteria import select_by_criterion
    from factorlasso.selection.stability import stability_selection

# Here, because the model is read before its covariance and its errors.
FactorRegressor.covariance = factor_covariance
MixedCadence.covariance = factor_covariance
FactorRegressor.standard_errors = standard_errors
LassoModel.summary = UniLasso.summary = model_summary
LassoModelCV.summary = search_summary
FactorRegressor.edges = model_edges

# Loaded when first asked for: judging a fit, drawing it and reading data need modules that
# estimating does not.
_LAZY = {
    "datasets.datasets": ["load_ecoli_regulation", "load_us_equity_factors",
                          "simulate_factor_model"],
    "diagnostics.cluster_stability": ["cluster_stability"],
    "diagnostics.residuals": ["diagnose_residuals"],
    "plots.plots": ["plot_actual_vs_fitted", "plot_co_association", "plot_coefficient_paths",
                    "plot_cv", "plot_dendrogram", "plot_loadings",
                    "plot_missing", "plot_spectrum", "plot_stability_paths",
                    "plot_volatility_split"],
    "selection.criteria": ["select_by_criterion"],
    "selection.stability": ["stability_selection"],
}
_HOME = {name: module for module, names in _LAZY.items() for name in names}

__all__ = [
    "AdaptiveWeights",
    "Clustering",
    "CurrentFactorCovarData",
    "LassoEstimationResult",
    "LassoModel",
    "LassoModelCV",
    "LassoModelType",
    "LassoPath",
    "MixedCadence",
    "NoiseScale",
    "OlsPrior",
    "RollingFactorCovarData",
    "SignRule",
    "UniLasso",
    "VarianceColumns",
    "cluster_stability",
    "diagnose_residuals",
    "fit_rolling",
    "load_ecoli_regulation",
    "load_us_equity_factors",
    "plot_actual_vs_fitted",
    "plot_co_association",
    "plot_coefficient_paths",
    "plot_cv",
    "plot_dendrogram",
    "plot_loadings",
    "plot_missing",
    "plot_spectrum",
    "plot_stability_paths",
    "plot_volatility_split",
    "select_by_criterion",
    "signs_from_edges",
    "signs_from_rules",
    "simulate_factor_model",
    "stability_selection",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'factorlasso' has no attribute {name!r}")
    globals()[name] = found = getattr(import_module(f"factorlasso.{_HOME[name]}"), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
