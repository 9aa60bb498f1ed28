"""Run tests as other processors would: python tools/machines.py [--only NAME ...] [pytest
arguments]

OpenBLAS and numba choose their kernels by the processor. Each line of the table pretends to be
another one, in processes of their own, and the closing line of pytest is its result. Without pytest
arguments, the numeric chapters run.
"""
import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

root = Path(__file__).resolve().parents[1]
MACHINES = {  # kernels that OpenBLAS has for x86; one thread, and two
    "haswell": {"OPENBLAS_CORETYPE": "Haswell"},
    "zen": {"OPENBLAS_CORETYPE": "Zen"},
    "skylakex": {"OPENBLAS_CORETYPE": "SkylakeX"},
    "nehalem": {"OPENBLAS_CORETYPE": "Nehalem"},
    "generic": {"OPENBLAS_CORETYPE": "Nehalem", "NUMBA_CPU_NAME": "generic",
                "NUMBA_CPU_FEATURES": ""},
    "two-threads": {"OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2", "NUMBA_NUM_THREADS": "2"},
}
ONE = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


# instructions without which a kernel cannot run
NEEDS = {"skylakex": "avx512f", "haswell": "avx2", "zen": "avx2"}


def runs_here(name):
    "Whether this processor has the instructions; where nobody can tell, it is tried"
    facts = Path("/proc/cpuinfo")
    return not facts.exists() or NEEDS.get(name, "") in facts.read_text("utf-8")


def numeric_chapters():
    "The notebooks of the parts that compute; pictures, the command line and the studies only show"
    chapters = sorted(p.relative_to(root).as_posix() for p in root.glob("nbs/*/*.ipynb"))
    return [f"tests/test_notebooks.py::test_notebook[{p}]"
            for p in chapters if not p.startswith(("nbs/11_", "nbs/12_"))]


def run(name, arguments):
    """Closing line of pytest, names of what failed, and seconds; compiled code is kept apart, since
    it is of another processor"""
    cache = root / "docs" / "_build" / "numba" / name
    environment = os.environ | ONE | MACHINES[name] | {"NUMBA_CACHE_DIR": str(cache),
                                                       "MPLBACKEND": "agg"}
    start = time.monotonic()
    done = subprocess.run([sys.executable, "-m", "pytest", *arguments], cwd=root, env=environment,
                          capture_output=True, text=True)
    lines = done.stdout.strip().splitlines() or [done.stderr.strip()[-200:]]
    failed = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
    return done.returncode, lines[-1], failed, time.monotonic() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=list(MACHINES), default=list(MACHINES))
    options, arguments = parser.parse_known_args()
    worst = 0
    for name in options.only:
        if not runs_here(name):
            print(f"{name:<12}        -  this processor has no {NEEDS[name]}", flush=True)
            continue
        code, closing, failed, seconds = run(name, arguments or numeric_chapters())
        worst = max(worst, code)
        print(f"{name:<12} {seconds:6.0f} s  {closing}", *failed, sep="\n    ", flush=True)
    return worst


if __name__ == "__main__":
    raise SystemExit(main())
