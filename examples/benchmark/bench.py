"""What the cases share: interpreters of the peers, worker processes, rows of the table, the file of
results."""
import json
import os
import platform
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from solvers import SOLVERS

here = Path(__file__).resolve().parent
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMBA", "RAYON")}
TARGETS = (1e-6, 1e-10)  # relative suboptimality
IMPORTED_AS = {"scikit-learn": "sklearn"}
CASES = {}


@dataclass(frozen=True)
class Case:
    """A named part of the benchmark."""

    name: str
    what: str  # for the list
    run: object  # Bench -> (rows, data)
    minutes: float  # rough, at full size


def case(what, minutes, *variants):
    """Register a function; with variants, once for each as name_variant, called with it."""

    def register(run):
        for v in variants or [""]:
            name, call = (f"{run.__name__}_{v}".rstrip("_"),
                          (lambda bench, v=v: run(bench, v)) if v else run)
            rough = minutes.get(v, minutes.get("")) if isinstance(minutes, dict) else minutes
            CASES[name] = Case(name, f"{what} ({v})" if v else what, call, rough)
        return run

    return register


def row(what, ours, theirs, bar, unit="s", peer="", note=""):
    """A line of the table. A bar ">= 8" is on theirs / ours, a bar "<= 2.5" on ours / theirs; ">="
    or "<=" alone says which ratio, and "" is theirs / ours (bytes: ours / theirs)."""
    sign, _, limit = bar.partition(" ")
    ratio = reached = None
    if ours is not None and theirs is not None:
        above, below = ((ours, theirs) if sign == "<=" or (not sign and unit == "B")
                        else (theirs, ours))
        ratio = above / below if below else None
    if limit and ratio is not None:
        reached = bool(ratio <= float(limit) if sign == "<=" else ratio >= float(limit))
    return dict(what=what, ours=ours, theirs=theirs, unit=unit, peer=peer, ratio=ratio,
                bar=bar if limit else "", reached=reached, note=note)


def shown(value, unit):
    """A number with its unit, three digits."""
    if value is None:
        return "not run"
    factor, name = {"s": (1e3, "ms"), "B": (1e-6, "MB")}.get(unit, (1, unit))
    if unit == "s" and value >= 10:
        factor, name = 1, "s"
    value *= factor
    return (f"{value:.3g} {name}" if abs(value) < 1000 else f"{value:,.0f} {name}").strip()


def printed(name, line):
    """A row as text: case, ours, theirs, ratio, bar, reached."""
    reached = {True: "yes", False: "NO", None: "-"}[line["reached"]]
    ratio = "-" if line["ratio"] is None else f"{line['ratio']:.3g}"
    what = line["what"] + (f" | {line['peer']}" if line["peer"] else "")
    ours, theirs = shown(line["ours"], line["unit"]), shown(line["theirs"], line["unit"])
    return (f"{name:22s} {what:80s} ours {ours:>9s}  theirs {theirs:>9s}  ratio {ratio:>8s}"
            f"  bar {line['bar'] or '-':>9s}  reached {reached}"
            + (f"  ({line['note']})" if line["note"] else ""))


@dataclass
class Bench:
    """Options of a run, and processes that solve problems."""

    quick: bool = False
    pythons: dict = field(default_factory=dict)  # package -> interpreter
    verbose: bool = True
    versions: dict = field(default_factory=dict)  # filled while running
    missing: set = field(default_factory=set)

    def size(self, T, M, N):
        """The size asked for, or a tiny one."""
        return ((min(T, 60 + T // 50), min(M, 4 + M // 20), min(N, 10 + N // 100)) if self.quick
                else (T, M, N))

    def python(self, package):
        """The interpreter that has a package, or None."""
        if package in self.pythons:
            return self.pythons[package]
        if package != "original" and find_spec(IMPORTED_AS.get(package, package)):
            return sys.executable
        self.missing.add(package)
        return None

    def work(self, mode, problem, names=("ours",), package="factorlasso", **spec):
        """What a worker process answers; None where its interpreter is not known."""
        python = self.python(package)
        if python is None:
            return None
        env = ({k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
               | ONE_THREAD)
        if package == "factorlasso":
            env["PYTHONPATH"] = str(here.parents[1])
        if self.quick:
            spec = {"repeats": 3, "budget": 0.2} | spec
        with tempfile.TemporaryDirectory() as folder:
            paths = [os.path.join(folder, f) for f in ("problem.npz", "spec.json", "out.json")]
            problem.save(paths[0])
            spec |= dict(mode=mode, problem=paths[0], output=paths[2], solvers=list(names))
            Path(paths[1]).write_text(json.dumps(spec))
            command = [python, str(here / "worker.py"), paths[1]]
            done = subprocess.run(command, env=env, capture_output=True, text=True, cwd=folder)
            if done.returncode:
                raise RuntimeError(f"{package} ({', '.join(names)}) failed:\n{done.stderr[-3000:]}")
            answer = json.loads(Path(paths[2]).read_text())
            if Path(paths[2] + ".npz").exists():
                with np.load(paths[2] + ".npz") as arrays:
                    answer["out"] = {k: arrays[k] for k in arrays.files}
        self.versions.setdefault(package, {}).update(answer["versions"])
        return answer["out"]

    def best(self, problem):
        """The minimum of a problem and how far at most it is from the true one, relatively."""
        found = self.work("best", problem)
        gap = None if found["bound"] is None else (found["value"] - found["bound"]) / found["value"]
        return found["value"], gap

    def times(self, problem, names, best=None, targets=TARGETS, **spec):
        """{solver: its timings}; solvers of one interpreter take turns in one process."""
        out, groups = {}, {}
        for name in names:
            package = SOLVERS[name].package
            # it is in our environment too
            together = package == "scikit-learn" and package not in self.pythons
            groups.setdefault("factorlasso" if together else package, []).append(name)
        for package, part in groups.items():
            out |= self.work("timing", problem, part, package, best=best, targets=list(targets),
                             **spec) or {}
        return out

    def memory(self, problem, name, **spec):
        """Peak memory of one fit in a process of its own."""
        found = self.work("memory", problem, [name], SOLVERS[name].package, **spec)
        return None if found is None else found[name]


def seconds(times, name, target=1e-6):
    """Median seconds of a solver to a target, None where it did not run or did not get there."""
    found = times.get(name, {}).get(str(target))
    return found["seconds"] if found and found["reached"] else None


def fastest(times, names, target=1e-6):
    """(name, seconds) of the fastest of some solvers that reached a target."""
    ran = [(seconds(times, n, target), n) for n in names if seconds(times, n, target) is not None]
    return (None, None) if not ran else min(ran)[::-1]


def processor():
    """Name of the processor, as the system calls it."""
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":", 1)[1].strip() for line in file
                        if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def read(path):
    """The results so far."""
    return (json.loads(Path(path).read_text()) if Path(path).exists()
            else {"machine": {}, "versions": {}, "cases": {}})


def save(path, results):
    """Write the results in one go and in the order of the cases, so that a rerun of one case
    changes only that case."""
    results["versions"] = {k: dict(sorted(v.items()))
                           for k, v in sorted(results["versions"].items())}
    results["cases"] = {name: results["cases"][name] for name in CASES if name in results["cases"]}
    text = json.dumps(results, indent=1, ensure_ascii=False, default=float)
    temporary = Path(f"{path}.new")
    temporary.write_text(text + "\n", encoding="utf-8")
    os.replace(temporary, path)
