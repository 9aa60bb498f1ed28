"""No public name is lost in silence: what there was is still there, or CHANGELOG.md says where."""
import re
from importlib import import_module
from pathlib import Path

import pytest

import factorlasso
from factorlasso._modidx import d as index

root = Path(__file__).resolve().parents[1]

TOP_LEVEL = """
AdaptiveWeights Clustering Clusters CurrentFactorCovarData LassoEstimationResult LassoModel
LassoModelCV LassoModelType OlsPrior Path RiskSplit RollingFactorCovarData SignRule
VarianceColumns find_clusters fit_rolling lambda_path load_calendar save_calendar split_risk
information_criteria select_by_criterion UniLasso ResidualDiagnostics diagnose_residuals
effective_sparsity held_out_residuals StabilitySelection stability_selection ClusterStability
cluster_stability LassoModelDiagonalityCV plot_actual_vs_fitted plot_coefficient_paths plot_cv
plot_dendrogram plot_loadings plot_missing plot_volatility_split save_plot plot_co_association
plot_spectrum plot_stability_paths load_ecoli_regulation load_us_equity_factors
simulate_factor_model simulate_ablation simulate_multi_asset simulate_pooled_signs
simulate_usage_example
""".split()

# of every module, when all of them were in one folder
MODULES = """
blocks: solve_blocks
cli: read_table read_matrix read_panel default_lambda response_table write_tables write_figures
    main
clusters: Clustering dependence_matrix condensed_distance Clusters find_clusters
consensus: row_samples cluster_quality independent_series ClusterStability cluster_stability
constraints: align_cells Bounds sign_bounds within from_prior
cooperative: halves mirrored split_signs split_cells merge_cells
covariance: factor_root assemble_covar VarianceColumns CurrentFactorCovarData woodbury_solve
    woodbury_log_det solve_y_covar y_precision y_log_det RiskSplit euler_split split_risk
    to_tables from_tables factor_covariance
criteria: information_criteria select_by_criterion
datasets: EquityFactors load_us_equity_factors Regulation load_ecoli_regulation Simulation
    label_simulation simulate_factor_model
diagnostics: held_out_residuals ResidualDiagnostics diagnose_residuals effective_sparsity
diagonality: excess_correlation diagonality_scores LassoModelDiagonalityCV
ewma: decay_weights effective_sample_size weighted_mean history_starts weighted_cov weighted_corr
    rolling_mean
fista: Solution components subgradient_error duality_gap fista_steps fista
flips: Refit make_refit residual_statistics flipped_statistics marchenko_pastur johnstone
    flip_p_values
folds: expanding_windows make_folds row_pieces take_rows PieceMoments
homotopy: has_corners follow_path
kernels: is_by_rows is_for_rows solve_row_path solve_rows
model: LassoModelType LassoEstimationResult CellRules Setup prepare check_features FactorRegressor
    LassoModel weighted_panel unit_problem Summary summarize
moments: Moments mask_patterns make_moments decayed add_moments response_batches loss_scale
panel: Panel make_panel
path: lambda_grid largest_lambda solve_path best_intercept mean_squared_error degrees_of_freedom
    Path lambda_path
penalties: Penalty block_partition group_weights make_penalty Problem lambda_max with_ridge
plots: signed_colors plot_loadings plot_dendrogram plot_missing plot_volatility_split
    plot_actual_vs_fitted plot_coefficient_paths plot_cv save_plot
plots_checks: plot_spectrum plot_stability_paths plot_co_association
prox: soft_threshold block_soft_threshold movable block_norms prox_box
reference: cvxpy_solvers solve_cvxpy
rolling: EstimateCalendar RollingFactorCovarData estimation_dates running_moments fit_rolling
    save_calendar load_calendar
selection: score_path cross_validate score_table choose_lambda LassoModelCV
signs: OneFactor one_factor_sums pool_codes pooled_slopes slope_errors DerivedSigns SignRule
    SignConflict resolve_signs DerivedPrior OlsPrior AdaptiveWeights
simulations: simulate_usage_example Regime simulate_ablation simulate_pooled_signs
    simulate_multi_asset
solver: summarize_panel solve
stability: half_samples select_on_rows error_factor StabilitySelection stability_selection
storage: unpack_index pack_index pack_date atomic_write save_tables load_tables
unilasso: leave_one_out univariate_problem UniLasso
wide: WideMoments wide_moments solve_wide
"""
was = {name for name in re.findall(r"\b(\w+)\b(?!:)", MODULES)}
now = {full.rpartition(".")[2]: module for module, names in index["syms"].items()
       for full in names}
changelog = (root / "CHANGELOG.md").read_text("utf-8")
moved = re.search(r"^### Moved$(.*?)(?=^##|\Z)", changelog, re.M | re.S)[1]
rows = [re.findall(r"`([^`]+)`", cell) for line in moved.splitlines()[3:] if line
        for cell in line.strip("| ").split(" | ")]


def test_names_at_the_top_are_there_or_have_a_new_home():
    "those of the seed stay in any case"
    gone = set(TOP_LEVEL) - set(factorlasso.__all__)
    listed = {name.rpartition(".")[2] for names in rows[::2] for name in names}
    assert gone <= listed, gone - listed
    seed = {"LassoModel", "LassoModelType", "CurrentFactorCovarData", "VarianceColumns",
            "RollingFactorCovarData", "LassoEstimationResult"}
    assert seed <= set(factorlasso.__all__)


def test_names_of_modules_are_there_or_have_a_new_home():
    listed = {name.rpartition(".")[2] for names in rows[::2] for name in names}
    assert len(was) > 150 and was - now.keys() - listed == set()


@pytest.mark.parametrize("home", [name for names in rows[1::2] for name in names])
def test_a_new_home_exists(home):
    "`factorlasso.part`, `factorlasso.part.module`, `part.module.name` or `Class.method`"
    at, *rest = home.removeprefix("factorlasso.").removesuffix(".…").split(".")
    try:
        holder = import_module(f"factorlasso.{at}")
    except ImportError:
        holder = getattr(factorlasso, at)
    for name in rest:
        holder = getattr(holder, name)
