"Sparse multi-output factor models with sign constraints, priors, missing histories and a consistent covariance."

__version__ = "0.1.0"

from importlib import import_module

from factorlasso.clusters import Clustering, Clusters, find_clusters
from factorlasso.covariance import CurrentFactorCovarData, VarianceColumns, factor_covariance
from factorlasso.model import LassoEstimationResult, LassoModel, LassoModelType
from factorlasso.path import Path, lambda_path
from factorlasso.rolling import RollingFactorCovarData
from factorlasso.selection import LassoModelCV
from factorlasso.signs import AdaptiveWeights, OlsPrior, SignRule

LassoModel.covariance = factor_covariance   # here, because the chapter of the model comes before that of the covariance

# Loaded when first asked for: drawing and reading data need packages that estimating does not.
_LAZY = {"plot_": ["plots"], "load_": ["datasets"], "simulate_": ["datasets", "simulations"]}

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
    "RollingFactorCovarData",
    "SignRule",
    "VarianceColumns",
    "find_clusters",
    "lambda_path",
]


def __getattr__(name: str):
    for module in next((m for prefix, m in _LAZY.items() if name.startswith(prefix)), []):
        if hasattr(found := import_module(f"factorlasso.{module}"), name):
            return getattr(found, name)
    raise AttributeError(f"module 'factorlasso' has no attribute {name!r}")
