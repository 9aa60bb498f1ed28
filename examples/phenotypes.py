"""Phenotypes without imputation: every response fitted on the rows it has, in one pass over files
that do not fit beside their moments.

    python examples/phenotypes.py           # a small panel, checked, in seconds
    python examples/phenotypes.py --full    # three sizes up to 100,000 × 500 × 1,400, and 200,000
    responses: minutes on two cores

The full run keeps its numbers in `phenotypes.json`. The data are simulated into a temporary folder
and deleted.
"""
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from joblib import parallel_config

from factorlasso import LassoModel
from factorlasso.data import Files, moments_of
from factorlasso.data.labelled import beside

HERE = Path(__file__).resolve().parent / "phenotypes.json"
ROWS = 5_000        # of a row group, and so of a block: 75 MB at the full size
CHUNK, PART = 512, 24e6   # rows of one product, and bytes of the Gram matrices that share their X'X
LAMBDA = 0.02       # of a LASSO on dosages 0, 1, 2 and phenotypes with a variance of about one
SIZES = (25_000, 125, 350), (50_000, 250, 700), (100_000, 500, 1_400)   # rows, variants, phenotypes
WIDE = 500, 20, 200_000


def names(M, N):
    return [f"v{j}" for j in range(M)], [f"p{i}" for i in range(N)]


def simulate(folder, T, M, N, files=1):
    """Write Parquet files of ROWS rows each, responses in `files` folders; the share of missing
    cells of every phenotype, and its loadings"""
    rng = np.random.default_rng(0)
    frequency, missing, beta = rng.uniform(.05, .5, M), rng.uniform(0, .9, N), np.zeros((N, M))
    cells = rng.integers(0, M, (N, 10))
    np.put_along_axis(beta, cells, rng.normal(0, .25, cells.shape), axis=1)
    x_names, y_names = names(M, N)
    for k, start in enumerate(range(0, T, ROWS)):
        rng = np.random.default_rng([1, k])
        n = min(ROWS, T - start)
        x = rng.binomial(2, frequency, (n, M)).astype(np.int8)
        y = (x @ beta.T + rng.standard_normal((n, N))).astype(np.float32)
        y[rng.random(y.shape, dtype=np.float32) < missing] = np.nan
        for f, rows in enumerate(np.array_split(np.arange(N), files)):
            os.makedirs(f"{folder}/{f}", exist_ok=True)
            columns = {c: x[:, j] for j, c in enumerate(x_names)} | {y_names[i]: y[:, i]
                                                                     for i in rows}
            path = f"{folder}/{f}/{k:03d}.parquet"
            pq.write_table(pa.table(columns), path, row_group_size=ROWS, use_dictionary=False,
                           compression="none")
    return missing, beta


def fit(sums):
    with parallel_config("threading"):
        return LassoModel(reg_lambda=LAMBDA, tol=1e-11, n_jobs=2).fit_moments(sums)


def largest_difference(folder, model, chosen):
    """The same phenotypes one by one, each fitted on its own rows: the largest difference of a
    loading"""
    x = pq.read_table(folder, columns=list(model.coef_.columns)).to_pandas().to_numpy(dtype=float)
    worst = 0.0
    for name in chosen:
        y = pq.read_table(folder, columns=[name])[name].to_numpy().astype(float)
        seen = ~np.isnan(y)
        alone = LassoModel(reg_lambda=LAMBDA, tol=1e-11).fit(x[seen], y[seen])
        worst = max(worst, np.abs(alone.coef_ - model.coef_.loc[name]).max())
    return float(worst)


def imputed(files, means):
    "Blocks in which a missing phenotype is the mean of the others"
    return ((x, y.fillna(means)) for x, y, _ in files)


def shrinkage(model, other, missing):
    """Loadings with means put in, as a share of those without, for phenotypes with few, some and
    many missing cells"""
    a, b = model.coef_.to_numpy(), other.coef_.to_numpy()
    third = np.minimum((missing / .3).astype(int), 2)
    return {f"{30 * k}–{30 * k + 30} % missing":
            [float((a * b)[third == k].sum() / (a**2)[third == k].sum()),
            float(1 - missing[third == k].mean())] for k in range(3)}


def rates(M):
    """Flops per second of a product X'X as the pass makes them, and bytes per second of a copy, on
    this machine"""
    A, big = np.random.default_rng(0).normal(size=(CHUNK, M)), np.ones(8_000_000)
    best = [min(timed(f) for _ in range(9)) for f in (lambda: A.T @ A, lambda: big.copy())]
    return A.shape[0] * M**2 / best[0], 2 * big.nbytes / best[1]


def timed(f):
    start = time.perf_counter()
    f()
    return time.perf_counter() - start


def cost(T, M, missing, width=5):
    """Flops and bytes of a pass: per phenotype the Gram matrix of the rows it has or of those it
    lacks, whichever are fewer, and X'y; and X'X of all rows for the phenotypes of one part.

    Bytes: the table as it is on disk and in memory (`width`: bytes of a cell on disk, twice 8 in
    memory), rows copied for each product, and, for each block, three times every Gram matrix.
    """
    N, rows = len(missing), T * np.minimum(missing, 1 - missing).sum()
    whole = T * np.ceil(8 * M**2 * N / PART)
    return (M**2 * (rows + whole) + 2 * T * M * N,
            T * (M + N) * (width + 16) + 24 * M * rows + -(-T // ROWS) * 24 * N * M**2)


def one(T, M, N):
    "Everything about one size"
    with tempfile.TemporaryDirectory() as folder:
        missing, beta = simulate(folder, T, M, N)
        files = Files(f"{folder}/0", *names(M, N))
        speed, (flops, moved) = rates(M), cost(T, M, missing)
        start = time.perf_counter()
        sums = moments_of(files)
        middle = time.perf_counter()
        model = fit(sums)
        end, peak = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        means = pd.Series(np.concatenate([m.y_mean for m in sums.parts]), sums.responses)
        del sums, model.moments_, model.panel_
        other = fit(moments_of(imputed(files, means)))
        chosen = [f"p{i}" for i in np.argsort(missing)[np.linspace(0, N - 1, 6).astype(int)]]
        found = {"rows": T, "variants": M, "phenotypes": N, "missing": float(missing.mean()),
                 "pass, s": middle - start,
                 "solve, s": end - middle, "peak, GB": peak, "Gflop": flops / 1e9,
                 "GB moved": moved / 1e9,
                 "predicted pass, s": flops / speed[0] + moved / speed[1],
                 "Gflop/s": speed[0] / 1e9, "GB/s": speed[1] / 1e9,
                 "shrinkage": shrinkage(model, other, missing),
                 "true loadings found": float(((model.coef_ != 0) & (beta != 0)).to_numpy()
                                              .sum() / (beta != 0).sum())}
        return found | {"largest difference": largest_difference(f"{folder}/0", model, chosen)}


def wide(T, M, N, files=20):
    "Many responses in several folders, since a Parquet footer describes every column"
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, __file__, "--write", folder, *map(str, (T, M, N, files))],
                       check=True)
        x_names, y_names = names(M, N)
        parts = np.array_split(np.array(y_names), files)
        start = time.perf_counter()
        sums = beside(moments_of(Files(f"{folder}/{f}", x_names, list(part)))
                      for f, part in enumerate(parts))
        middle = time.perf_counter()
        model = fit(sums)
        end = time.perf_counter()
        peak, share = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
                       float((model.coef_ != 0).to_numpy().mean()))
        return {"rows": T, "variants": M, "phenotypes": N, "pass, s": middle - start,
                "solve, s": end - middle, "peak, GB": peak, "non-zero": share}


def in_own_process(*arguments):
    "What a run prints, from a process of its own, so that its peak of memory is its own"
    env = os.environ | {k: "2" for k in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")}
    out = subprocess.run([sys.executable, __file__, *map(str, arguments)], env=env, check=True,
                         capture_output=True, text=True).stdout
    print(out, flush=True)
    return json.loads(out)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    command, numbers = (sys.argv[1:] or [""])[0], [int(k) for k in sys.argv[2:] if k.isdigit()]
    if command == "--full":
        one(2_000, 10, 10)   # what is compiled once and kept is not part of a pass
        kept = {"sizes": [in_own_process("--one", *size) for size in SIZES],
                "wide": in_own_process("--wide", *WIDE)}
        HERE.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    elif command == "--write":
        simulate(sys.argv[2], *numbers)
    else:
        print(json.dumps({"--one": one, "--wide": wide}.get(
            command, one)(*(numbers or (4_000, 30, 40))), ensure_ascii=False))
