"""Cases: one for every bar, and the curves between them. Each returns (rows of the table, what else was measured)."""
from dataclasses import replace

import numpy as np
import objective
from bench import TARGETS, case, fastest, row, seconds
from data import make, make_wide, with_path

SIZES = {"260": (260, 20, 500), "1000": (1000, 50, 500)}
KINDS = {"lasso": "LASSO", "hcgl": "HCGL", "fcgl": "FCGL"}
# time, time, memory
ORIGINAL_BARS = {("lasso", "260"): (">= 400", "<= 0.25"), ("hcgl", "260"): (">= 120", "<= 0.25"),
                 ("lasso", "1000"): (">= 1500", "<= 0.0667"), ("hcgl", "1000"): (">= 400", "<= 0.0667")}


# ------------------------------------------------------------------ against the original, release 1.0.6


def _original_problem(bench, kind, size):
    problem = make(*bench.size(*SIZES[size]), gaps="staggered", signs=True)
    if kind == "lasso":
        return problem
    labels = np.random.default_rng(5).integers(10, size=problem.shape[2]) if kind == "fcgl" else None
    return replace(problem, kind={"hcgl": "row", "fcgl": "factor"}[kind], labels=labels)


def _accuracy(bench, problem, once):
    """How far the original's answer is above the minimum of its own problem, with its own clusters."""
    if once is None:
        return None
    theirs = replace(problem, centre="all", mean="all", labels=problem.labels if once["labels"] is None else np.array(once["labels"]))
    best, gap = bench.best(theirs)
    return {"excess": objective.excess(theirs, once["value"], best), "minimum_known_to": gap}


def _against_original(bench, kind, size):
    problem = _original_problem(bench, kind, size)
    check = problem.kind == "lasso" or problem.labels is not None
    as_theirs = replace(problem, centre="all", mean="all")
    ours = bench.times(problem, ["ours", "ours_two_threads"], tol=1e-8, check=False)
    same = bench.times(as_theirs, ["ours"], tol=1e-8, check=False)
    mine = bench.memory(problem, "ours", check=False)
    once = bench.memory(as_theirs, "original", check=check, small=4)
    theirs = None if once is None else once["seconds"]
    if once is not None and once["seconds"] < 8:  # fast enough to repeat; the slow ones are run once
        again = bench.times(as_theirs, ["original"], check=False, repeats=3)
        theirs = again["original"]["targets"]["1e-06"]["median"]
    bars = ORIGINAL_BARS.get((kind, size), ("", ""))
    what = f"{KINDS[kind]}, signs, 20 % staggered gaps, {problem.shape}"
    rows = [row(f"{what}: fit", seconds(ours, "ours"), theirs, bars[0], peer="release 1.0.6"),
            row(f"{what}: peak memory of the fit", mine["added"], once and once["added"], bars[1], "B", "release 1.0.6",
                "whole process: " + " against ".join("not run" if m is None else f"{m['process'] / 1e6:.0f} MB" for m in (mine, once)))]
    data = {"shape": problem.shape, "ours": ours, "ours_with_their_means": same, "ours_memory": mine, "original": once}
    if once is not None:
        if not check:  # its clusters differ from ours where histories differ, so its own are used
            arrays = bench.work("coefficients", as_theirs, ["original"], "original", tols=[None]) if bench.quick else None
            data["original_has_clusters"] = arrays is not None
        else:
            data["accuracy"] = _accuracy(bench, problem, once)
    return rows, data


@case("fit against release 1.0.6, signs and staggered gaps", 1, "lasso_260", "hcgl_260", "fcgl_260")
def original(bench, variant):
    """Rows 1 of the table."""
    return _against_original(bench, *variant.split("_"))


@case("fit against release 1.0.6, signs and staggered gaps; one fit takes about a minute", 3, "lasso_1000", "hcgl_1000", "fcgl_1000")
def original_large(bench, variant):
    """Rows 2 of the table."""
    return _against_original(bench, *variant.split("_"))
