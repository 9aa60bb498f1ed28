"""How the tests share a machine.

Workers of pytest-xdist share the processors, so each keeps to one thread of linear algebra unless
told otherwise. What takes long comes first, dealt to the workers in turn, so that none is left
alone with it at the end; and while the first compiles for both, the others have rules to check that
need nothing compiled.
"""
import os

if "PYTEST_XDIST_WORKER" in os.environ:
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")

# longest first; the first compiles the engines, and the second needs them only when they are there
LONG = """
nbs/10_risk/07_rolling examples/finance nbs/12_cli/01_cli examples/genomics
nbs/09_diagnostics/02_residuals examples/paper_ablation test_a_killed_worker nbs/11_plots/01_plots
nbs/05_solvers/06_wide examples/paper_multi_asset tests/test_invariances.py::test_units
nbs/07_selection/04_selection examples/paper_usage_example examples/paper_pooled_signs
nbs/06_model/01_rules nbs/08_inference/01_influence examples/paper_pooled_signs_more
nbs/10_risk/06_forecasts nbs/08_inference/02_debiased nbs/04_clusters/02_smoothing
nbs/10_risk/04_covariance nbs/07_selection/05_stability nbs/09_diagnostics/03_cluster_stability
nbs/05_solvers/05_blocks nbs/10_risk/03_residual_correlation test_every_check
nbs/05_solvers/01_certificate nbs/02_datasets/01_datasets nbs/01_data/10_storage
""".split()
LONG = [f"test_notebook[{w}.ipynb]" if w.startswith(("nbs/", "examples/")) else w for w in LONG]
BARE = ("tests/test_house.py", "tests/test_docs.py", "tests/test_sync.py", "tests/test_names.py",
        "tests/test_types.py", "nbs/01_data/", "nbs/03_penalties/")   # compile little or nothing


def dealt(names, workers):
    "Order of the tests, of which xdist hands every worker one stretch and moves what is left over"
    def rank(k):
        return next((r for r, word in enumerate(LONG) if word in names[k]), len(LONG))

    long = sorted((k for k in range(len(names)) if rank(k) < len(LONG)), key=rank)
    bare = {k: None for k in range(len(names)) if rank(k) == len(LONG)
            and any(word in names[k] for word in BARE) and "docstrings" not in names[k]}
    short = {k: None for k in range(len(names)) if rank(k) == len(LONG) and k not in bare}
    order, left = [], len(names)

    def take(piles, n):
        "n tests off the piles, the first pile first"
        found = [k for pile in piles for k in pile][:max(n, 0)]
        for pile in piles:
            for k in found:
                pile.pop(k, None)
        return found

    for worker in range(workers):
        size, mine = left // (workers - worker), long[worker::workers]
        early = take([bare], size - len(mine)) if worker == 1 else []
        order += early + mine + take([short, bare], size - len(mine) - len(early))
        left -= size
    return order


def pytest_collection_modifyitems(items):
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", 1))
    if workers > 1 and len(items) > 100 * workers:
        items[:] = [items[k] for k in dealt([i.nodeid for i in items], workers)]
