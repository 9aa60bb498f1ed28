"""Cases: one for every bar, and the curves between them. Each returns (rows of the table, what else
was measured)."""
from dataclasses import replace

import numpy as np
import objective
from bench import TARGETS, case, fastest, row, seconds
from data import make, make_wide, with_path

EASY, HARD = TARGETS
DEFAULT = 1e-8  # our own tolerance where none is asked for
THREE = (EASY, DEFAULT, HARD)
SIZES = {"260": (260, 20, 500), "1000": (1000, 50, 500)}
NAMES = {"lasso": "LASSO", "hcgl": "HCGL", "fcgl": "FCGL"}
KINDS = {"lasso": "lasso", "hcgl": "row", "fcgl": "factor"}


def clusters(problem, n=25):
    """Labels for problems whose clusters are given."""
    return np.random.default_rng(5).integers(n, size=problem.shape[2])


def of_kind(problem, kind):
    """The problem with another penalty; clusters are for the solver to find."""
    return replace(problem, kind=KINDS[kind])


# -------------------------------------------------------------- against the original, release 1.0.6

ORIGINAL_BARS = {"lasso_260": (">= 450", "<= 0.25"), "hcgl_260": (">= 250", "<= 0.25"),
                 "fcgl_260": (">= 300", ""), "lasso_1000": (">= 1500", "<= 0.0667"),
                 "hcgl_1000": (">= 400", "<= 0.0667"), "fcgl_1000": (">= 800", "")}


def _accuracy(bench, problem, once):
    """How far the original's answer is above the minimum of its own problem, with its own clusters.
    """
    if problem.kind != "lasso" and problem.labels is None:
        problem = replace(problem, labels=np.array(once["labels"]))
    best, gap = bench.best(problem)
    return {"excess": objective.excess(problem, once["value"], best), "minimum_known_to": gap}


@case("fit and peak memory against release 1.0.6, signs and staggered gaps",
      {"": 1, "lasso_1000": 3, "hcgl_1000": 4, "fcgl_1000": 5},
      "lasso_260", "hcgl_260", "fcgl_260", "lasso_1000", "hcgl_1000", "fcgl_1000")
def original(bench, variant):
    """Whole fits; the original takes means over all rows, and that is the problem its accuracy is
    measured on."""
    kind, size = variant.split("_")
    problem = of_kind(make(*bench.size(*SIZES[size]), gaps="staggered", signs=True), kind)
    as_theirs = replace(problem, centre="all", mean="all")
    ours = bench.times(problem, ["ours", "ours_two_threads"], tol=1e-8)
    same = bench.times(as_theirs, ["ours"], tol=1e-8)
    mine, once = bench.memory(problem, "ours"), bench.memory(as_theirs, "original", check=True)
    theirs = once and once["seconds"]
    if once and theirs < 8:  # quick enough to repeat; the others are run once
        theirs = seconds(bench.times(as_theirs, ["original"], repeats=3), "original")
    fit, peak = ORIGINAL_BARS.get(variant, ("", ""))
    what = f"{NAMES[kind]}, signs, 20 % staggered gaps, {problem.shape}"
    whole = " against ".join("not run" if m is None else f"{m['process'] / 1e6:.0f} MB"
                             for m in (mine, once))
    rows = [row(f"{what}: fit", seconds(ours, "ours"), theirs, fit, peer="release 1.0.6"),
            row(f"{what}: peak memory", mine["added"], once and once["added"], peak, "B",
                "release 1.0.6",
                f"added by the fit; whole process {whole}")]
    data = {"shape": problem.shape, "ours": ours, "ours_with_their_means": same,
            "ours_memory": mine}
    if once:
        data |= {"accuracy": _accuracy(bench, as_theirs, once),
                 "original_memory": once | {"labels": None}}
    return rows, data


# ------------------------------------------------------------------ complete data


@case("against scikit-learn's Lasso(precompute), complete data", 0.5)
def sklearn(bench):
    """Whole fits from DataFrames, and the solvers alone."""
    problem = make(*bench.size(1000, 50, 500))
    best, gap = bench.best(problem)
    peers = {"sklearn_precompute": ("whole fit", "ours", ">= 1.2", "Lasso(precompute=True)"),
             "sklearn_gram": ("solve alone", "ours_solve", ">= 3", "Lasso(precompute=G)"),
             "sklearn_gram_unchecked": ("solve alone", "ours_solve", "",
                                        "Lasso(precompute=G), fit(check_input=False)")}
    times, rows = bench.times(problem, ["ours", "ours_solve", *peers], best), []
    for name, (what, ours, bar, peer) in peers.items():
        rows += [row(f"LASSO, complete, {problem.shape}: {what} to {t:g}", seconds(times, ours, t),
                     seconds(times, name, t), bar if t == EASY else "", peer=f"scikit-learn {peer}")
                 for t in TARGETS]
    return rows, {"shape": problem.shape, "times": times, "minimum_known_to": gap}


def _all_peers(bench, problem, names, what):
    """A row for every peer and target."""
    best, gap = bench.best(problem)
    times = bench.times(problem, ["ours", "ours_solve", *names], best)
    rows = [row(f"{what}, {problem.shape}: to {t:g}", seconds(times, "ours", t),
                seconds(times, name, t), "", peer=name)
            for t in TARGETS for name in names]
    return rows, {"shape": problem.shape, "times": times, "minimum_known_to": gap}


@case("LASSO, complete data, all peers", 1.5, "260", "1000")
def plain(bench, size):
    """No bar: where everybody stands on the simplest problem."""
    names = ["ours_two_threads", "sklearn_lasso", "sklearn_precompute", "sklearn_gram",
             "sklearn_gram_unchecked",
             "skglm_gram", "skglm_cd", "celer_lasso", "adelie_gram", "glmnet_lasso"]
    return _all_peers(bench, make(*bench.size(*SIZES[size])), names, "LASSO, complete")


@case("row norms with given clusters, complete data, all peers", 2, "260", "1000")
def group(bench, size):
    """No bar: the group LASSO, one norm for each row."""
    problem = make(*bench.size(*SIZES[size]), kind="row")
    names = ["ours_two_threads", "skglm_group", "celer_group", "adelie_group"]
    return _all_peers(bench, replace(problem, labels=clusters(problem)), names,
                      "row norms, complete")


@case("one norm per cluster and factor, complete data, against MultiTaskLasso", 0.5, "260", "1000")
def multitask(bench, size):
    """FCGL without signs and gaps, with given clusters: the solve alone has the bar."""
    problem = make(*bench.size(*SIZES[size]), kind="factor")
    problem = replace(problem, labels=clusters(problem))
    best, gap = bench.best(problem)
    bar, rows = {"260": ">= 5", "1000": ">= 15"}[size], []
    times = bench.times(problem, ["ours", "ours_solve", "sklearn_multitask"], best, THREE)
    for name, what in (("ours", "whole fit"), ("ours_solve", "solve alone")):
        rows += [row(f"FCGL, complete, {problem.shape}: {what} to {t:g}", seconds(times, name, t),
                     seconds(times, "sklearn_multitask", t),
                     bar if (name, t) == ("ours_solve", DEFAULT) else "",
                     peer="scikit-learn MultiTaskLasso for every cluster") for t in THREE]
    return rows, {"shape": problem.shape, "times": times, "minimum_known_to": gap}


@case("the solvers alone, complete data: norms against simpler ones", 0.5)
def norms(bench):
    """Row norms at the λ of the LASSO, and what their formula costs; cooperative norms at the λ of
    FCGL."""
    lasso = make(*bench.size(1000, 50, 500))
    row_norms = replace(lasso, kind="row", labels=clusters(lasso))
    best, gap = bench.best(row_norms)
    times = {"LASSO": bench.times(lasso, ["ours_solve"], tol=DEFAULT),
             "row": bench.times(row_norms, ["ours_solve", "eigen_secular"], best, [DEFAULT])}
    for kind in ("factor", "cooperative"):
        times[kind] = bench.times(replace(row_norms, kind=kind), ["ours_solve"], tol=DEFAULT)
    ours = {kind: seconds(t, "ours_solve", EASY) for kind, t in times.items() if kind != "row"}
    ours["row"], floor = (seconds(times["row"], name, DEFAULT)
                          for name in ("ours_solve", "eigen_secular"))
    what = f"complete, {lasso.shape}: solve alone"
    rows = [row(f"HCGL, {what}", ours["row"], ours["LASSO"], "<= 2", peer="our LASSO solve"),
            row(f"HCGL, {what}", ours["row"], floor, "<= 6", peer="eigenvectors and one equation"),
            row(f"cooperative, {what}", ours["cooperative"], ours["factor"], "<= 1.5",
                peer="our FCGL solve")]
    return rows, {"shape": lasso.shape, "times": times, "minimum_known_to": gap}


@case("blocks of more factors than rows, against their moments", 0.2, "hcgl", "fcgl")
def few_rows(bench, kind):
    """The solver may not cost a multiple of what it is given; clusters are given."""
    problem = of_kind(make(*bench.size(40, 100, 20)), kind)
    problem = replace(problem, labels=clusters(problem, 4))
    stages = bench.work("profile", problem)
    rows = [row(f"{NAMES[kind]}, complete, {problem.shape}: solve alone", stages["solve"],
                stages["moments"], "<= 3", peer="its moments")]
    return rows, {"shape": problem.shape, "stages": stages}


LINKAGE = {"500": (260, 500, "complete", "<= 1.3"), "3000": (1000, 3000, "complete", "<= 1.1"),
           "3000_gaps": (1000, 3000, "scattered", "<= 3")}


@case("clusters, against numpy.corrcoef and SciPy's Ward linkage", 0.5, *LINKAGE)
def linkage(bench, variant):
    """Correlation, distance, tree and cut; SciPy always gets complete data."""
    T, N, gaps, bar = LINKAGE[variant]
    T, _, N = bench.size(T, 1, N)
    times = bench.times(make(T, 1, N), ["ours_clusters", "scipy_clusters"], tol=DEFAULT)
    if gaps != "complete":
        times |= bench.times(make(T, 1, N, gaps=gaps), ["ours_clusters"], tol=DEFAULT)
    rows = [row(f"clusters, {gaps}, (T, N) = {(T, N)}", seconds(times, "ours_clusters"),
                seconds(times, "scipy_clusters"), bar,
                peer="corrcoef and Ward's linkage on complete data")]
    return rows, {"shape": (T, N), "times": times}


# ------------------------------------------------------------------ signs and gaps


@case("signs and staggered gaps, against the best public route in the peers", 1.5, "260", "1000")
def signs(bench, size):
    """Every peer fits response by response on its own rows; the Gram matrices are part of the time
    for all."""
    problem = make(*bench.size(*SIZES[size]), gaps="staggered", signs=True)
    best, gap = bench.best(problem)
    peers, rows = ["glmnet_limits", "sklearn_split", "adelie_split"], []
    times = bench.times(problem, ["ours", "ours_two_threads", *peers], best)
    for target in TARGETS:
        name, theirs = fastest(times, peers, target)
        rows.append(row(f"LASSO, signs, 20 % staggered gaps, {problem.shape}: to {target:g}",
                        seconds(times, "ours", target), theirs, ">= 8" if target == EASY else "",
                        peer=name or "none ran",
                        note="the fastest of " + ", ".join(p for p in peers if p in times)))
    return rows, {"shape": problem.shape, "times": times, "minimum_known_to": gap}


# ------------------------------------------------------------------ paths and cross-validation


@case("50 values of λ, complete data", 2)
def path(bench):
    """Whole paths for all responses."""
    problem = with_path(make(*bench.size(260, 20, 500)), 5 if bench.quick else 50)
    best, _ = bench.best(problem)
    peers = {"glmnet_path": ("python-glmnet", ">= 2"),
             "sklearn_path": ("scikit-learn lasso_path", ">= 8"),
             "sklearn_path_unchecked": ("scikit-learn lasso_path(check_input=False)", ""),
             "sklearn_fits": ("scikit-learn, one warm-started fit for each λ", "")}
    times = bench.times(problem, ["ours_path", *peers], best)
    what, rows = f"{len(problem.lambdas)}-value path, {problem.shape}", []
    for name, (peer, bar) in peers.items():
        rows += [row(f"{what}: to {t:g} at every λ", seconds(times, "ours_path", t),
                     seconds(times, name, t), bar if t == EASY else "", peer=peer) for t in TARGETS]
    return rows, {"shape": problem.shape, "times": times}


@case("50 values of λ against release 1.0.6, which is timed on every fifth", 1)
def path_original(bench):
    """The original has no warm start: a path costs what its values cost."""
    problem = with_path(make(*bench.size(260, 20, 500)), 5 if bench.quick else 50)
    times = bench.times(problem, ["ours_path"], tol=1e-8)
    some = replace(problem, lambdas=problem.lambdas[::5])
    times |= bench.times(some, ["original_path"], once=True)
    theirs = seconds(times, "original_path")
    theirs = theirs and theirs * len(problem.lambdas) / len(some.lambdas)
    rows = [row(f"{len(problem.lambdas)}-value path, {problem.shape}", seconds(times, "ours_path"),
                theirs, ">= 2000",
                peer="release 1.0.6", note=f"its time from {len(some.lambdas)} of the values")]
    return rows, {"shape": problem.shape, "times": times}


@case("cross-validation, 20 λ × 5 folds, against release 1.0.6", 1)
def cv(bench):
    """Splits, paths, scores and the refit at the best λ."""
    problem = with_path(make(*bench.size(120, 9, 50)), 5 if bench.quick else 20)
    times = bench.times(problem, ["ours_cv", "original_cv", "original_cv_path"], repeats=9)
    name, theirs = fastest(times, ["original_cv", "original_cv_path"])
    rows = [row(f"cross-validation, {len(problem.lambdas)} λ × 5 folds, {problem.shape}",
                seconds(times, "ours_cv"), theirs, ">= 150", peer="release 1.0.6", note=name or "")]
    return rows, {"shape": problem.shape, "times": times}


# ------------------------------------------------------------------ what the hardware allows


@case("against the batched Gram and X'Y as matrix products", 0.5, "scattered", "staggered")
def floor(bench, gaps):
    """The products alone solve nothing; the fit does everything."""
    problem = make(*bench.size(1000, 50, 500), gaps=gaps)
    times = bench.times(problem, ["ours", "ours_two_threads", "blas_products",
                                  "blas_products_built"], tol=1e-8)
    bar = {"scattered": "<= 2.5", "staggered": "<= 1"}[gaps]
    what = f"LASSO, 20 % {gaps} gaps, {problem.shape}: whole fit"
    rows = [row(what, seconds(times, "ours"), seconds(times, "blas_products"), bar,
                peer="BLAS products")]
    return rows, {"shape": problem.shape, "times": times}


WIDE = {"0.1": (500, 5000, 1, "<= 1"), "0.01": (500, 5000, 1, "<= 0.6"),
        "0.1_twenty": (500, 5000, 20, "<= 0.7"), "0.01_twenty": (500, 5000, 20, "<= 0.4"),
        "0.1_wider": (200, 20_000, 1, "<= 0.8"), "0.01_wider": (200, 20_000, 1, "<= 0.5")}


def of_variant(bench, variant):
    """(name, problem) of one of the wide cases; λ is a share of the largest useful one."""
    size, share = WIDE[variant][:3], variant.split("_")[0]
    problem = make_wide(*((100, 300, size[2]) if bench.quick else size), lam=float(share))
    return f"LASSO, {problem.shape}, λ = {share} λ_max", problem


@case("many more factors than rows, against skglm and celer", 1.5, *WIDE)
def wide(bench, variant):
    """The peers get centred arrays and fit no intercept."""
    *size, bar = WIDE[variant]
    what, problem = of_variant(bench, variant)
    best, gap = bench.best(problem)
    peers, rows = ["skglm_cd", "celer_lasso"], []
    others = ["sklearn_lasso", "glmnet_lasso"] if size == [500, 5000, 1] else []
    times = bench.times(problem, ["ours", *others, *peers], best, THREE)
    for target in THREE:
        name, theirs = fastest(times, peers, target)
        rows.append(row(f"{what}: to {target:g}", seconds(times, "ours", target), theirs,
                        bar if target == DEFAULT else "<=", peer=name or "none ran"))
    mine = bench.memory(problem, "ours")
    rows.append(row(f"{what}: peak memory", mine["added"], mine["input"], "<= 3", "B", "the input",
                    "added by the fit to a process that holds the input"))
    return rows, {"shape": problem.shape, "times": times, "memory": mine, "minimum_known_to": gap}


@case("factor correlation .5, .9, .99, .999", 1, "0.1", "0.01")
def correlation(bench, share):
    """The whole fit and our certificate, for λ = `share` of the largest useful one; the bars are
    for 0.1."""
    found, bar = {}, share == "0.1"
    for corr in (0.5, 0.9, 0.99, 0.999):
        problem = make(*bench.size(500, 30, 200), corr=corr, lam=float(share))
        best, gap = bench.best(problem)
        found[corr] = {"times": bench.times(problem, ["ours", "sklearn_precompute"], best),
                       "minimum_known_to": gap,
                       "default": seconds(bench.times(problem, ["ours"], tol=1e-8), "ours"),
                       "certificate": bench.work("certificate", problem)}
    what = f"{problem.shape}, λ = {share} λ_max"
    rows = [row(f"correlation {c}, {what}: time", found[c]["default"], found[0.5]["default"],
                "<= 10" if bar else "", peer="ours at correlation .5") for c in (0.99, 0.999)]
    rows += [row(f"correlation {c}, {what}: largest gap", found[c]["certificate"]["gap"], 1e-8,
                 "<= 1" if bar else "", "", "tolerance 1e-8") for c in (0.5, 0.99, 0.999)]
    return rows, {"shape": problem.shape, "by_value": {str(c): f for c, f in found.items()}}


@case("2,000 to 50,000 responses with scattered gaps: time and memory", 2)
def responses(bench):
    """Time per response should not depend on their number, and memory only through the input."""
    found = {}
    T, M, _ = bench.size(260, 20, 0)
    for N in (50, 100, 200) if bench.quick else (2000, 5000, 10_000, 20_000, 50_000):
        problem = make(T, M, N, gaps="scattered")
        found[N] = {"times": bench.times(problem, ["ours"], tol=1e-8, repeats=9, budget=10),
                    "memory": bench.memory(problem, "ours")}
    each = {N: seconds(f["times"], "ours") / N for N, f in found.items()}
    slowest, quickest, last = max(each, key=each.get), min(each, key=each.get), max(found)
    memory = found[last]["memory"]
    rows = [row(f"time per response, N from {min(found)} to {last}, scattered gaps, {(T, M)}",
                each[slowest],
                each[quickest], "<= 1.3", peer="the fastest N",
                note=f"slowest at {slowest}, fastest at {quickest}"),
            row(f"memory at N = {last} beyond the inputs", memory["added"], 300e6, "<= 1",
                "B", "300 MB",
                f"the inputs are {memory['input'] / 1e6:.0f} MB")]
    return rows, {"shape": (T, M), "by_value": {str(N): f for N, f in found.items()}}


@case("two threads against one at N = 20,000", 1, "scattered", "staggered", "complete")
def threads(bench, gaps):
    """`n_jobs=2`; the bar is for scattered gaps, where the work is."""
    T, M, _ = bench.size(260, 20, 0)
    problem = make(T, M, 100 if bench.quick else 20_000, gaps=gaps)
    times = bench.times(problem, ["ours", "ours_two_threads"], tol=1e-8, repeats=9, budget=10)
    rows = [row(f"LASSO, {gaps}, {problem.shape}: two threads", seconds(times, "ours_two_threads"),
                seconds(times, "ours"), ">= 1.5" if gaps == "scattered" else "", peer="one thread")]
    return rows, {"shape": problem.shape, "times": times}


@case("the first fit in a fresh process, import included", 0.5, "lasso", "hcgl", "fcgl")
def first_fit(bench, kind):
    """Compiled code comes from the cache that an earlier process wrote."""
    problem = of_kind(make(*bench.size(260, 20, 500), gaps="staggered", signs=True), kind)
    runs = [bench.work("first_fit", problem)["ours"] for _ in range(2 if bench.quick else 6)][1:]
    middle = {k: float(np.median([r[k] for r in runs])) for k in runs[0]}
    note = ("import {import:.2f} s, fit {fit:.2f} s, after {base:.2f} s for pandas and "
            "scikit-learn".format(**middle))
    rows = [row(f"{NAMES[kind]}, {problem.shape}: import and first fit",
                middle["import"] + middle["fit"], 2.0, "<= 1", peer="2 s", note=note)]
    return rows, {"shape": problem.shape, "seconds": middle}


# ------------------------------------------------------------------ curves, without a bar

AROUND = {"T": 500, "M": 20, "N": 200}
AXES = {"T": (100, 200, 500, 1000, 2000, 5000), "M": (5, 10, 20, 50, 100),
        "N": (50, 100, 200, 500, 1000, 2000), "missing": (0.0, 0.05, 0.1, 0.2, 0.4)}
PEERS = ["glmnet_limits", "sklearn_split"]


@case("time and memory against one dimension, LASSO with signs and gaps, around (500, 20, 200)", 4,
      *AXES)
def sweep(bench, axis):
    """Staggered and scattered gaps; the original only with staggered gaps and the four smallest
    values."""
    found = {}
    for k, value in enumerate(AXES[axis][:2] if bench.quick else AXES[axis]):
        size = bench.size(*((AROUND | {axis: value})[a] for a in "TMN"))
        found[str(value)] = {}
        for gaps in ("staggered", "scattered"):
            problem = make(*size, gaps=gaps, signs=True, share=value if axis == "missing" else 0.2)
            best, gap = bench.best(problem)
            times = bench.times(problem, ["ours", *PEERS], best, targets=[EASY], budget=1.0)
            out = found[str(value)][gaps] = {"times": times, "minimum_known_to": gap}
            if gaps == "staggered":
                out["memory"] = {name: bench.memory(problem, name)
                                 for name in ("ours", "glmnet_limits")}
                if k < 4:
                    out["memory"]["original"] = bench.memory(
                        replace(problem, centre="all", mean="all"), "original")
    return [], {"axis": axis, "around": AROUND, "by_value": found}


@case("accuracy against the units of the data and the correlation of the factors", 1, "units",
      "conditioning")
def accuracy(bench, what):
    """Default settings of everybody: excess of the objective, error of β, zeros that should be and
    are not."""
    found = {}
    for v in (1.0, 0.1, 0.01, 1e-3, 1e-4) if what == "units" else (0.5, 0.9, 0.99, 0.999):
        problem = make(*bench.size(260, 10, 40),
                       **({"unit": v} if what == "units" else {"corr": v}))
        truth = bench.work("coefficients", problem, ["ours"], tols=[1e-13])["ours"]
        best, scale = objective.value(problem, truth), float(np.abs(truth).max())
        answers = bench.work("coefficients", problem, ["ours", "sklearn_precompute"],
                             tols=[1e-8, 1e-4])
        theirs = replace(problem, mean="all")
        answers |= bench.work("coefficients", theirs, ["original"], "original", tols=[None]) or {}
        gap = (best - objective.lower_bound(problem, truth)) / best
        found[str(v)] = {name:
                         {"excess": objective.excess(problem, objective.value(problem, beta), best),
                          "beta_error": float(np.abs(beta - truth).max()) / scale,
                          "zeros": int((truth == 0).sum()), "minimum_known_to": gap,
                          "zeros_missed": int(((truth == 0) & (beta != 0)).sum())}
                         for name, beta in answers.items()}
    return [], {"axis": what, "shape": problem.shape, "by_value": found}


@case("where the time of our fits goes", 1)
def profile(bench):
    """Stages of a fit at (1000, 50, 500), and at other sizes where said; medians."""
    found, size = {}, bench.size(1000, 50, 500)
    for gaps in ("complete", "staggered", "scattered"):
        found[f"LASSO, {gaps}"] = make(*size, gaps=gaps)
    signed, small = (make(*s, gaps="staggered", signs=True)
                     for s in (size, bench.size(260, 20, 500)))
    for kind, name in NAMES.items():
        found[f"{name}, signs, staggered"] = of_kind(signed, kind)
        found[f"{name}, signs, staggered, (260, 20, 500)"] = of_kind(small, kind)
    found["FCGL, complete, (260, 20, 500)"] = of_kind(make(*bench.size(260, 20, 500)), "fcgl")
    found |= dict(of_variant(bench, variant) for variant in WIDE)
    return [], {"shape": size,
                "stages": {name: bench.work("profile", problem) for name, problem in found.items()}}
