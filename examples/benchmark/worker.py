"""Runs in the interpreter of one package: python worker.py SPEC.json. Times or weighs some solvers
on one problem."""
import dataclasses
import json
import os
import statistics
import sys
import time

now = time.perf_counter


def timing(spec):
    """Of every solver and target: the loosest tolerance that reaches it, its excess, the median of
    its seconds."""
    import numpy as np
    import objective
    from data import Problem
    from solvers import SOLVERS

    problem, targets = Problem.load(spec["problem"]), spec["targets"]
    best = None if spec.get("best") is None else np.array(spec["best"])
    runs, out = {}, {}  # (solver, tolerance) -> run, first seconds, all seconds
    for name in spec["solvers"]:
        run = SOLVERS[name].make(problem)
        _warm(name, problem)
        tried, chosen = [], {}
        for tol in [spec["tol"]] if spec.get("tol") else SOLVERS[name].tols:
            start = now()
            beta = run(tol)
            entry = {"tol": tol, "seconds": now() - start}
            if beta is not None and best is not None:
                entry["excess"] = objective.excess(problem, objective.value(problem, beta), best)
                entry["zeros"] = float((beta == 0).mean())
            tried.append(entry)
            for target in targets:
                if entry.get("excess", 0.0) <= target:
                    chosen.setdefault(target, entry)
            if len(chosen) == len(targets) or entry["seconds"] > spec.get("patience", 60):
                break
        out[name] = {target: chosen.get(target, tried[-1]) | {"reached": target in chosen}
                     for target in targets}
        for entry in out[name].values():
            runs[name, entry["tol"]] = (run, entry["seconds"],
                                        [entry["seconds"]] if spec.get("once") else [])
    _repeat(runs, spec)
    for name, found in out.items():
        for entry in found.values():
            seconds = runs[name, entry["tol"]][2]
            entry |= {"seconds": statistics.median(seconds), "fastest": min(seconds),
                      "repeats": len(seconds)}
    return out


def _warm(name, problem):
    """Import and compile on a tiny part of the problem, so that the first run that counts does
    neither."""
    from solvers import SOLVERS

    T, M, N = problem.shape
    # of the whole history, to keep the pattern of the gaps
    rows = slice(None, None, max(1, T // 60))
    factors, responses = slice(6 if M <= T else 150), slice(4)
    part = {"X": problem.X[rows, factors], "Y": problem.Y[rows, responses]}
    if problem.signs is not None:
        part["signs"] = problem.signs[responses, factors]
    if problem.labels is not None:
        part["labels"] = problem.labels[responses]
    if problem.lambdas is not None:
        part["lambdas"] = problem.lambdas[:2]
    SOLVERS[name].make(dataclasses.replace(problem, **part))(SOLVERS[name].tols[0])


def _repeat(runs, spec):
    """Rounds over all solvers until each has had its budget of seconds or its number of repeats."""
    if spec.get("once"):
        return
    spent = dict.fromkeys(runs, 0.0)
    for k in range(spec.get("repeats", 31)):
        for key, (run, first, seconds) in runs.items():
            least = 3 if first < spec.get("patience", 60) / 3 else 1
            if k >= least and spent[key] > spec.get("budget", 2.0):
                continue
            start = now()
            run(key[1])
            seconds.append(now() - start)
            spent[key] += seconds[-1]


def _status(name):
    """A line of /proc/self/status in bytes, or None where there is none."""
    try:
        with open("/proc/self/status") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith(name))
    except (OSError, StopIteration):
        return None


def _peak():
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return _status("VmHWM") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _settle():
    """Give free memory back, forget the peak so far where the system can, and return what is held
    now."""
    import ctypes
    import gc

    gc.collect()
    try:
        ctypes.CDLL(None).malloc_trim(0)
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
        return _status("VmRSS")
    except (OSError, AttributeError):
        return _peak()


def memory(spec):
    """Bytes that one fit adds at its peak to what the process held before (interpreter, packages,
    data)."""
    from data import Problem
    from solvers import SOLVERS

    problem, (name,) = Problem.load(spec["problem"]), spec["solvers"]
    run = SOLVERS[name].make(problem)
    _warm(name, problem)
    before = _settle()
    start = now()
    beta = run(spec.get("tol", 1e-8))
    seconds, peak = now() - start, _peak()
    labels = getattr(run, "labels", None)
    out = {"added": peak - before, "process": peak, "before": before, "seconds": seconds,
           "input": problem.X.nbytes + problem.Y.nbytes,
           "labels": None if labels is None else labels.tolist()}
    if spec.get("check"):
        import objective

        if problem.kind != "lasso" and problem.labels is None:
            problem = dataclasses.replace(problem, labels=labels)
        out["value"] = objective.value(problem, beta)
    return {name: out}


def first_fit(spec):
    """Seconds from the import of the package to the end of the first fit, after pandas and
    scikit-learn are loaded."""
    start = now()
    import pandas  # noqa: F401
    import sklearn.linear_model  # noqa: F401

    base = now() - start
    from data import Problem
    from solvers import SOLVERS

    problem = Problem.load(spec["problem"])
    start = now()
    import factorlasso  # noqa: F401

    imported = now() - start
    run = SOLVERS["ours"].make(problem)
    start = now()
    run(1e-8)
    return {"ours": {"base": base, "import": imported, "fit": now() - start}}


def best(spec):
    """The minimum to compare with: our fit at the tightest tolerance, and the lower bound of its
    residuals."""
    import numpy as np
    import objective
    from data import Problem
    from solvers import SOLVERS

    problem = Problem.load(spec["problem"])
    if problem.lambdas is not None:
        beta = SOLVERS["ours_path"].make(problem)(1e-13)
        return {"value": objective.value(problem, beta).tolist(), "bound": None}
    beta = SOLVERS["ours"].make(problem)(1e-13)
    value = objective.value(problem, beta)
    return {"value": value, "bound": objective.lower_bound(problem, beta),
            "zeros": float(np.mean(beta == 0))}


def profile(spec):
    """Seconds of each stage of one of our fits, medians."""
    import numpy as np
    from data import Problem
    from solvers import frames, our_model
    from threadpoolctl import threadpool_limits

    from factorlasso.model.settings import prepare, weighted_panel
    from factorlasso.data.moments import loss_scale
    from factorlasso.penalties.penalties import Problem as Ready
    from factorlasso.solvers.solver import solve, summarize_panel

    problem = Problem.load(spec["problem"])
    model, (x, y, _) = our_model(problem), frames(problem)
    rounds = []
    for _ in range(spec.get("repeats", 7) + 1):
        with threadpool_limits(1):
            t = [now()]
            data = weighted_panel(model, x, y)
            t.append(now())
            setup = prepare(model, *data)
            t.append(now())
            moments = summarize_panel(setup.fitted, model.demean is True)
            t.append(now())
            scale = loss_scale(moments, model.loss_normalization)
            solve(Ready(moments, setup.penalty.scaled(setup.reg_lambda), setup.bounds, setup.prior,
                        scale), model.tol)
            t.append(now())
        start = now()
        model.fit(x, y)
        rounds.append([*np.diff(t), now() - start])
    panel, prepared, made, solved, whole = np.median(rounds[1:], axis=0)
    return {"panel": panel, "constraints, penalty, clusters": prepared, "moments": made,
            "solve": solved,
            "labels and the rest": max(whole - panel - prepared - made - solved, 0.0),
            "whole fit": whole}


def certificate(spec):
    """Our own account of a fit: the largest relative duality gap and the largest number of sweeps.
    """
    import warnings

    from data import Problem
    from solvers import frames, our_model

    problem = Problem.load(spec["problem"])
    x, y, _ = frames(problem)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = our_model(problem).fit(x, y).estimation_result_
    return {"gap": float(result.gap.max()), "sweeps": int(result.n_iter.max()),
            "converged": bool(result.converged.all())}


def coefficients(spec):
    """Loadings at the default settings of some solvers, for accuracy: spec["tols"] gives each its
    tolerance."""
    import numpy as np
    from data import Problem
    from solvers import SOLVERS

    problem = Problem.load(spec["problem"])
    arrays = {name: SOLVERS[name].make(problem)(tol)
              for name, tol in zip(spec["solvers"], spec["tols"], strict=True)}
    np.savez(spec["output"] + ".npz", **arrays)
    return {}


def main():
    """Read the specification, do what it says, write what was found and with which versions."""
    with open(sys.argv[1]) as file:
        spec = json.load(file)
    out = globals()[spec["mode"]](spec)
    from solvers import versions

    packages = versions("numpy", "scipy", "pandas", "scikit-learn", "numba", "factorlasso", "skglm",
                        "celer", "adelie", "python-glmnet", "cvxpy", "clarabel")
    with open(spec["output"], "w") as file:
        json.dump({"out": out, "versions": {"python": sys.version.split()[0], **packages},
                   "pid": os.getpid()}, file)


if __name__ == "__main__":
    main()
