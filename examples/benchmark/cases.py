"""Cases: one for every bar, and the curves between them. Each returns (rows of the table, what else was measured)."""
from dataclasses import replace

import numpy as np
import objective
from bench import TARGETS, case, fastest, row, seconds
from data import make, make_wide, with_path

SIZES = {"260": (260, 20, 500), "1000": (1000, 50, 500)}
NAMES = {"lasso": "LASSO", "hcgl": "HCGL", "fcgl": "FCGL"}
KINDS = {"lasso": "lasso", "hcgl": "row", "fcgl": "factor"}


def clusters(problem, n=10):
    """Labels for problems whose clusters are given."""
    return np.random.default_rng(5).integers(n, size=problem.shape[2])


def brief(times):
    """What is kept of timings: for every solver and target the median, the tolerance and the excess."""
    return {name: found["targets"] for name, found in times.items()}


# ------------------------------------------------------------------ against the original, release 1.0.6

ORIGINAL_BARS = {"lasso_260": (">= 400", "<= 0.25"), "hcgl_260": (">= 120", "<= 0.25"),
                 "lasso_1000": (">= 1500", "<= 0.0667"), "hcgl_1000": (">= 400", "<= 0.0667")}


def _accuracy(bench, problem, once):
    """How far the original's answer is above the minimum of its own problem, with its own clusters."""
    if problem.kind != "lasso" and problem.labels is None:
        problem = replace(problem, labels=np.array(once["labels"]))
    best, gap = bench.best(problem)
    return {"excess": objective.excess(problem, once["value"], best), "minimum_known_to": gap}


@case("fit and peak memory against release 1.0.6, signs and staggered gaps", {"260": 1, "1000": 3},
      "lasso_260", "hcgl_260", "fcgl_260", "lasso_1000", "hcgl_1000", "fcgl_1000")
def original(bench, variant):
    """Whole fits; the original minimises with the means over all rows, which is what its accuracy is measured on."""
    kind, size = variant.split("_")
    problem = make(*bench.size(*SIZES[size]), gaps="staggered", signs=True)
    problem = replace(problem, kind=KINDS[kind], labels=clusters(problem) if kind == "fcgl" else None)
    as_theirs = replace(problem, centre="all", mean="all")
    ours = bench.times(problem, ["ours", "ours_two_threads"], tol=1e-8, check=False)
    same = bench.times(as_theirs, ["ours"], tol=1e-8, check=False)
    mine, once = bench.memory(problem, "ours", check=False), bench.memory(as_theirs, "original")
    theirs = once and once["seconds"]
    if once and theirs < 8:  # quick enough to repeat; the others are run once
        theirs = seconds(bench.times(as_theirs, ["original"], check=False, repeats=3), "original")
    fit, peak = ORIGINAL_BARS.get(variant, ("", ""))
    what = f"{NAMES[kind]}, signs, 20 % staggered gaps, {problem.shape}"
    whole = " against ".join("not run" if m is None else f"{m['process'] / 1e6:.0f} MB" for m in (mine, once))
    rows = [row(f"{what}: fit", seconds(ours, "ours"), theirs, fit, peer="release 1.0.6"),
            row(f"{what}: peak memory", mine["added"], once and once["added"], peak, "B", "release 1.0.6",
                f"added by the fit; whole process {whole}")]
    data = {"shape": problem.shape, "ours": brief(ours), "ours_with_their_means": brief(same), "ours_memory": mine}
    if once:
        data |= {"accuracy": _accuracy(bench, as_theirs, once), "original_memory": once | {"labels": None}}
    return rows, data


# ------------------------------------------------------------------ complete data


@case("against scikit-learn's Lasso(precompute), complete data", 0.5)
def sklearn(bench):
    """Whole fits from DataFrames, and the solvers alone."""
    problem = make(*bench.size(1000, 50, 500))
    best, gap = bench.best(problem)
    times = bench.times(problem, ["ours", "ours_solve", "sklearn_precompute", "sklearn_gram"], best)
    rows = []
    for what, ours, theirs, bar in (("whole fit", "ours", "sklearn_precompute", ">= 1.2"), ("solve alone", "ours_solve", "sklearn_gram", ">= 3")):
        for target in TARGETS:
            rows.append(row(f"LASSO, complete, {problem.shape}: {what} to {target:g}", seconds(times, ours, target),
                            seconds(times, theirs, target), bar if target == 1e-6 else "", peer="scikit-learn Lasso(precompute)"))
    return rows, {"shape": problem.shape, "times": brief(times), "minimum_known_to": gap}


def _all_peers(bench, problem, names, what):
    best, gap = bench.best(problem)
    times = bench.times(problem, names, best)
    rows = [row(f"{what}, {problem.shape}: to {target:g}", seconds(times, "ours", target), seconds(times, name, target), "", peer=name)
            for target in TARGETS for name in names if name != "ours"]
    return rows, {"shape": problem.shape, "times": brief(times), "minimum_known_to": gap}


@case("LASSO, complete data, all peers", 2, "260", "1000")
def plain(bench, size):
    """No bar: where everybody stands on the simplest problem."""
    names = ["ours", "ours_two_threads", "ours_solve", "sklearn_lasso", "sklearn_precompute", "sklearn_gram", "skglm_gram", "skglm_cd",
             "celer_lasso", "adelie_gram", "glmnet_lasso"]
    return _all_peers(bench, make(*bench.size(*SIZES[size])), names, "LASSO, complete")


@case("row norms with given clusters, complete data, all peers", 3, "260", "1000")
def group(bench, size):
    """No bar: the group LASSO, one norm for each row."""
    problem = make(*bench.size(*SIZES[size]), kind="row")
    names = ["ours", "ours_two_threads", "ours_solve", "skglm_group", "celer_group", "adelie_group"]
    return _all_peers(bench, replace(problem, labels=clusters(problem)), names, "row norms, complete")


@case("one norm per cluster and factor, complete data, against MultiTaskLasso", 1, "260", "1000")
def multitask(bench, size):
    """No bar: FCGL without signs and gaps."""
    problem = make(*bench.size(*SIZES[size]), kind="factor")
    names = ["ours", "ours_solve", "sklearn_multitask"]
    return _all_peers(bench, replace(problem, labels=clusters(problem)), names, "FCGL, complete")


# ------------------------------------------------------------------ signs and gaps


@case("signs and staggered gaps, against the best public route in the peers", 1.5, "260", "1000")
def signs(bench, size):
    """Every peer fits response by response on its own rows; the Gram matrices are part of the time for all."""
    problem = make(*bench.size(*SIZES[size]), gaps="staggered", signs=True)
    best, gap = bench.best(problem)
    peers = ["glmnet_limits", "sklearn_split", "adelie_split"]
    times = bench.times(problem, ["ours", "ours_two_threads", *peers], best)
    rows = [row(f"LASSO, signs, 20 % staggered gaps, {problem.shape}: to {target:g}", seconds(times, "ours", target),
                fastest(times, peers, target)[1], ">= 8" if target == 1e-6 else "", peer=fastest(times, peers, target)[0] or "none ran",
                note="the fastest of " + ", ".join(peers)) for target in TARGETS]
    return rows, {"shape": problem.shape, "times": brief(times), "minimum_known_to": gap}


# ------------------------------------------------------------------ paths and cross-validation


@case("50 values of λ, complete data", 2)
def path(bench):
    """Whole paths for all responses."""
    problem = with_path(make(*bench.size(260, 20, 500)), 5 if bench.quick else 50)
    best, _ = bench.best(problem)
    times = bench.times(problem, ["ours_path", "sklearn_path", "sklearn_fits", "glmnet_path"], best)
    rows = []
    for name, peer, bar in (("glmnet_path", "python-glmnet", ">= 2"), ("sklearn_path", "scikit-learn lasso_path", ">= 8"),
                            ("sklearn_fits", "scikit-learn, one warm-started fit for each λ", "")):
        rows += [row(f"{len(problem.lambdas)}-value path, {problem.shape}: to {t:g} at every λ", seconds(times, "ours_path", t),
                     seconds(times, name, t), bar if t == 1e-6 else "", peer=peer) for t in TARGETS]
    return rows, {"shape": problem.shape, "times": brief(times)}


@case("50 values of λ against release 1.0.6, which is timed on every fifth", 1)
def path_original(bench):
    """The original has no warm start: a path costs what its values cost."""
    problem = with_path(make(*bench.size(260, 20, 500)), 5 if bench.quick else 50)
    ours = seconds(bench.times(problem, ["ours_path"], tol=1e-8, check=False), "ours_path")
    some = replace(problem, lambdas=problem.lambdas[::5])
    found = bench.times(some, ["original_path"], check=False, once=True)
    theirs = seconds(found, "original_path")
    theirs = theirs and theirs * len(problem.lambdas) / len(some.lambdas)
    what = f"{len(problem.lambdas)}-value path, {problem.shape}"
    note = f"from {len(some.lambdas)} values"
    return [row(what, ours, theirs, ">= 2000", peer="release 1.0.6", note=note)], {"shape": problem.shape, "times": brief(found)}


@case("cross-validation, 20 λ × 5 folds, against release 1.0.6", 0.5)
def cv(bench):
    """Splits, paths, scores and the refit at the best λ."""
    problem = with_path(make(*bench.size(120, 9, 50)), 5 if bench.quick else 20)
    times = bench.times(problem, ["ours_cv", "original_cv", "original_cv_path"], check=False, repeats=9)
    name, theirs = fastest(times, ["original_cv", "original_cv_path"])
    what = f"cross-validation, {len(problem.lambdas)} λ × 5 folds, {problem.shape}"
    return [row(what, seconds(times, "ours_cv"), theirs, ">= 150", peer="release 1.0.6", note=name or "")], {
        "shape": problem.shape, "times": brief(times)}


# ------------------------------------------------------------------ what the hardware allows


@case("against the batched Gram and X'Y as matrix products", 0.5, "scattered", "staggered")
def floor(bench, gaps):
    """The products alone solve nothing; the fit does everything."""
    problem = make(*bench.size(1000, 50, 500), gaps=gaps)
    times = bench.times(problem, ["ours", "ours_two_threads", "blas_products", "blas_products_built"], tol=1e-8)
    ours, theirs = seconds(times, "ours"), seconds(times, "blas_products")
    bar = "<= 2.5" if gaps == "scattered" else "<= 1"
    rows = [row(f"LASSO, 20 % {gaps} gaps, {problem.shape}: whole fit", ours, theirs, bar, peer="BLAS products"),
            row(f"LASSO, 20 % {gaps} gaps, {problem.shape}: whole fit", ours, seconds(times, "blas_products_built"), "",
                peer="BLAS products, x_j x_k formed inside")]
    return rows, {"shape": problem.shape, "times": brief(times)}


@case("one response, 5,000 factors, against skglm and celer", 1, "0.1", "0.01")
def wide(bench, share):
    """λ is `share` of the largest useful one; the peers get centred arrays and fit no intercept."""
    problem = make_wide(*((100, 300) if bench.quick else (500, 5000)), lam=float(share))
    best, gap = bench.best(problem)
    peers = ["skglm_cd", "celer_lasso"]
    times = bench.times(problem, ["ours", "sklearn_lasso", *peers, "adelie_gram", "glmnet_lasso"] if share == "0.1" else
                        ["ours", "sklearn_lasso", *peers], best)
    rows = []
    for target in TARGETS:
        name, theirs = fastest(times, peers, target)
        rows.append(row(f"one response, {problem.shape}, λ = {share} λ_max: to {target:g}", seconds(times, "ours", target), theirs,
                        "<= 1" if target == 1e-6 else "", peer=name or "none ran"))
    mine = bench.memory(problem, "ours")
    rows.append(row(f"one response, {problem.shape}, λ = {share} λ_max: peak memory", mine["added"], mine["input"], "<= 3", "B",
                    "the input", "added by the fit to a process that holds the input"))
    return rows, {"shape": problem.shape, "times": brief(times), "memory": mine, "minimum_known_to": gap}


@case("factor correlation .5, .99, .999", 0.5, "0.1", "0.01")
def correlation(bench, share):
    """The whole fit, and our certificate; the objective says how good the certificate is."""
    found = {}
    for corr in (0.5, 0.9, 0.99, 0.999):
        problem = make(*bench.size(500, 30, 200), corr=corr, lam=float(share))
        best, gap = bench.best(problem)
        times = bench.times(problem, ["ours", "sklearn_precompute"], best)
        found[str(corr)] = {"times": brief(times), "minimum_known_to": gap, "certificate": bench.work("certificate", problem),
                            "default": seconds(bench.times(problem, ["ours"], tol=1e-8, check=False), "ours")}
    base = found["0.5"]["default"]
    bar = share == "0.1"
    rows = [row(f"correlation {corr}, {problem.shape}, λ = {share} λ_max: time", found[corr]["default"], base, "<= 10" if bar else "",
                peer="the same at correlation .5") for corr in ("0.99", "0.999")]
    rows += [row(f"correlation {corr}, {problem.shape}, λ = {share} λ_max: largest gap", found[corr]["certificate"]["gap"], 1e-8,
                 "<= 1" if bar else "", "", "tolerance 1e-8") for corr in ("0.5", "0.99", "0.999")]
    return rows, {"shape": problem.shape, "by_correlation": found}


@case("2,000 to 50,000 responses with scattered gaps: time and memory", 2)
def responses(bench):
    """Time per response should not depend on their number, and memory only through the input."""
    found = {}
    for N in (20, 50, 100) if bench.quick else (2000, 5000, 10_000, 20_000, 50_000):
        T, M, _ = bench.size(260, 20, N)
        problem = make(T, M, N, gaps="scattered")
        times = bench.times(problem, ["ours"], tol=1e-8, check=False, repeats=5, budget=10)
        found[str(N)] = {"times": brief(times), "memory": bench.memory(problem, "ours", check=False)}
    each = {N: f["times"]["ours"]["1e-06"]["median"] / int(N) for N, f in found.items()}
    slowest, fast = max(each, key=each.get), min(each, key=each.get)
    last = list(found)[-1]
    memory = found[last]["memory"]
    rows = [row(f"time per response, N from {list(found)[0]} to {last}, scattered gaps, {(T, M)}", each[slowest], each[fast], "<= 1.3",
                peer="the fastest N", note=f"slowest at N = {slowest}, fastest at N = {fast}"),
            row(f"memory at N = {last} beyond the inputs", memory["added"], 300e6, "<= 1", "B", "300 MB",
                f"the inputs are {memory['input'] / 1e6:.0f} MB")]
    return rows, {"shape": (T, M), "by_responses": found}


@case("two threads against one at N = 20,000", 1, "scattered", "staggered", "complete")
def threads(bench, gaps):
    """`n_jobs=2`; the bar is for scattered gaps, where the work is."""
    problem = make(*bench.size(260, 20, 500)[:2], 100 if bench.quick else 20_000, gaps=gaps)
    times = bench.times(problem, ["ours", "ours_two_threads"], tol=1e-8, check=False, repeats=9, budget=10)
    return [row(f"LASSO, {gaps}, {problem.shape}: two threads", seconds(times, "ours_two_threads"), seconds(times, "ours"),
                ">= 1.5" if gaps == "scattered" else "", peer="one thread")], {"shape": problem.shape, "times": brief(times)}


@case("the first fit in a fresh process, import included", 0.5, "lasso", "hcgl", "fcgl")
def first_fit(bench, kind):
    """Compiled code comes from the cache that an earlier process wrote."""
    problem = replace(make(*bench.size(260, 20, 500), gaps="staggered", signs=True), kind=KINDS[kind])
    problem = replace(problem, labels=clusters(problem) if kind == "fcgl" else None)
    runs = [bench.work("first_fit", problem)["ours"] for _ in range(2 if bench.quick else 6)][1:]
    middle = {k: float(np.median([r[k] for r in runs])) for k in runs[0]}
    return [row(f"{NAMES[kind]}, {problem.shape}: import and first fit", middle["import"] + middle["fit"], 2.0, "<= 1", peer="2 s",
                note=f"import {middle['import']:.2f} s, fit {middle['fit']:.2f} s, after {middle['base']:.2f} s for pandas and "
                "scikit-learn")], {"shape": problem.shape, "seconds": middle}


# ------------------------------------------------------------------ curves, without a bar

AXES = {"T": (100, 200, 500, 1000, 2000, 5000), "M": (5, 10, 20, 50, 100), "N": (50, 100, 200, 500, 1000, 2000),
        "missing": (0.0, 0.05, 0.1, 0.2, 0.4)}
GAP_PEERS = ["glmnet_limits", "sklearn_split"]


@case("time against one dimension, LASSO with signs and 20 % scattered gaps", 4, "T", "M", "N", "missing")
def sweep(bench, axis):
    """Around (500, 20, 200); the original at the two smallest and the middle value only."""
    found, values = {}, AXES[axis][:2] if bench.quick else AXES[axis]
    for k, v in enumerate(values):
        T, M, N = (v if axis == a else d for a, d in (("T", 500), ("M", 20), ("N", 200)))
        how = {"staggered": None, "scattered": None}
        for gaps in how:
            problem = make(*bench.size(T, M, N), gaps=gaps, signs=True, share=v if axis == "missing" else 0.2)
            best, gap = bench.best(problem)
            times = bench.times(problem, ["ours", *GAP_PEERS], best, targets=TARGETS[:1], budget=1.0)
            if gaps == "staggered" and k < 4:
                as_theirs = replace(problem, centre="all", mean="all")
                times |= bench.times(as_theirs, ["original"], check=False, repeats=1)
            how[gaps] = {"times": brief(times), "minimum_known_to": gap}
            if gaps == "staggered" and axis != "missing":
                how["memory"] = bench.memory(problem, "ours", check=False)
        found[str(v)] = how
    return [], {"axis": axis, "around": (500, 20, 200), "by_value": found}


@case("accuracy against the units of the data and the correlation of the factors", 1, "units", "conditioning")
def accuracy(bench, what):
    """Default settings of everybody: excess of the objective, error of β, zeros that are not zero."""
    found = {}
    for v in (1.0, 0.1, 0.01, 1e-3, 1e-4) if what == "units" else (0.5, 0.9, 0.99, 0.999):
        problem = make(*bench.size(260, 10, 40), **({"unit": v} if what == "units" else {"corr": v}))
        truth = bench.work("coefficients", problem, ["ours"], tols=[1e-13])["ours"]
        best = objective.value(problem, truth)
        answers = bench.work("coefficients", problem, ["ours", "sklearn_precompute"], tols=[1e-8, 1e-4])
        answers |= bench.work("coefficients", replace(problem, mean="all"), ["original"], "original", tols=[None]) or {}
        found[str(v)] = {name: {"excess": objective.excess(problem, objective.value(problem, beta), best),
                                "beta_error": float(np.abs(beta - truth).max()), "largest_beta": float(np.abs(truth).max()),
                                "wrong_zeros": int(((beta == 0) != (truth == 0)).sum()), "zeros": int((truth == 0).sum())}
                         for name, beta in answers.items()}
    return [], {"axis": what, "shape": problem.shape, "by_value": found}


@case("where the time of our fits goes, at (1000, 50, 500)", 1)
def profile(bench):
    """Stages of a fit, medians."""
    found, size = {}, bench.size(1000, 50, 500)
    for gaps in ("complete", "staggered", "scattered"):
        found[f"LASSO, {gaps}"] = bench.work("profile", make(*size, gaps=gaps))
    signed = make(*size, gaps="staggered", signs=True)
    found["LASSO, signs, staggered"] = bench.work("profile", signed)
    found["HCGL, signs, staggered"] = bench.work("profile", replace(signed, kind="row"))
    found["FCGL, signs, staggered"] = bench.work("profile", replace(signed, kind="factor", labels=clusters(signed)))
    small = make(*bench.size(260, 20, 500), gaps="staggered", signs=True)
    found["LASSO, signs, staggered, (260, 20, 500)"] = bench.work("profile", small)
    found["HCGL, signs, staggered, (260, 20, 500)"] = bench.work("profile", replace(small, kind="row"))
    for share in (0.1, 0.01):
        problem = make_wide(*((100, 300) if bench.quick else (500, 5000)), lam=share)
        found[f"one response, 5,000 factors, λ = {share} λ_max"] = bench.work("profile", problem)
    return [], {"shape": size, "stages": found}
