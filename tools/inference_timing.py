"""What standard errors cost, in fits: python tools/inference_timing.py [share of gaps, .1]

500 responses, 20 factors, 1,000 rows, one thread. The fit and the errors are timed in turns, in one
process, so a busy machine slows both; ratios of medians stand beside their bars, and the exit code
is the number of bars that were missed. Two panels: scattered gaps, which are the hardest (every
response has a Gram matrix of its own), and staggered starts.
"""
import os

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

import sys  # noqa: E402
import time  # noqa: E402

import numpy as np  # noqa: E402

from factorlasso import LassoModel  # noqa: E402

T, M, N = 1000, 20, 500
BARS = {"moments": 3.0, "hc": 3.0, "hac": 5.0}   # in fits
SIMULTANEOUS = 5.0                               # seconds for 1,000 draws
TURNS = 7


def panels(share):
    "{name: (x, y)}"
    rng = np.random.default_rng(0)
    x = rng.normal(size=(T, M))
    beta = rng.normal(size=(N, M)) * (rng.random((N, M)) < .4)
    y = x @ beta.T + rng.normal(size=(T, N))
    scattered, staggered = y.copy(), y.copy()
    scattered[rng.random(y.shape) < share] = np.nan
    staggered[np.arange(T)[:, None] < rng.integers(0, T // 2, N) // 50 * 50] = np.nan
    return {f"scattered gaps, {share:.0%}": (x, scattered), "staggered starts": (x, staggered)}


def seconds(call):
    "Seconds of one call"
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def measure(x, y):
    "(seconds of a fit, {kind: seconds}, seconds of simultaneous intervals), medians over turns"
    model = LassoModel(reg_lambda=.05).fit(x, y)
    calls = {"fit": lambda: LassoModel(reg_lambda=.05).fit(x, y)}
    calls |= {kind: (lambda kind=kind: model.standard_errors(kind)) for kind in BARS}
    for call in calls.values():
        call()
    found = {name: [] for name in calls}
    for _ in range(TURNS):
        for name, call in calls.items():
            found[name].append(seconds(call))
    median = {name: float(np.median(values)) for name, values in found.items()}
    return median.pop("fit"), median, seconds(model.standard_errors().simultaneous)


def main(share=.1):
    "Print all; the number of bars missed"
    missed = 0
    for name, (x, y) in panels(share).items():
        fit, kinds, together = measure(x, y)
        print(f"{name}: a fit {fit:.3f} s")
        for kind, found in kinds.items():
            late = found / fit > BARS[kind]
            missed += late
            print(f"  {kind:8} {found:.3f} s = {found / fit:.2f} fits (bar {BARS[kind]:g})"
                  + " MISSED" * late)
        late = together > SIMULTANEOUS
        missed += late
        print(f"  simultaneous, 1,000 draws: {together:.2f} s (bar {SIMULTANEOUS:g})"
              + " MISSED" * late)
    return missed


if __name__ == "__main__":
    sys.exit(main(*(float(v) for v in sys.argv[1:2])))
