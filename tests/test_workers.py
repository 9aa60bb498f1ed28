"""Past one machine: two workers give what one gives, a worker that is killed in the middle loses
nothing, and joblib's backends change no number."""
import os
import resource
import signal
import time
from threading import Timer

import numpy as np
import pytest
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from factorlasso import LassoModel, LassoModelCV, fit_rolling
from factorlasso.data import moments_of
from factorlasso.datasets import load_us_equity_factors

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
distributed = pytest.importorskip("distributed")
ROWS, M, N, PARTS = 200, 4, 10, 24


def rows_of(k, width, seed, pause=0.1):
    "Partition k of a table, slowly"
    time.sleep(pause)
    rng = np.random.default_rng([seed, k])
    table = rng.normal(size=(ROWS, width))
    return np.where(rng.random(table.shape) < 0.3, np.nan, table) if seed else table


def collection(width, seed):
    parts = [da.from_delayed(dask.delayed(rows_of)(k, width, seed), (ROWS, width), float)
             for k in range(PARTS)]
    return da.concatenate(parts)


@pytest.fixture(scope="module")
def cluster():
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1,
                                  dashboard_address=None) as cluster, distributed.Client(cluster):
        yield cluster


def test_a_killed_worker_loses_nothing(cluster):
    x, y = collection(M, 0), collection(N, 1)
    alone = moments_of((rows_of(k, M, 0, 0), rows_of(k, N, 1, 0)) for k in range(PARTS))
    victim, killed = cluster.workers[0].pid, []
    timer = Timer(1.0, lambda: (os.kill(victim, signal.SIGKILL),
                                killed.append(time.perf_counter())))
    timer.start()
    found, end = moments_of(x, y), time.perf_counter()
    timer.join()
    assert killed[0] < end - 0.5, "the worker was killed while there was work to do"
    a, b = alone.moments, found.moments
    assert_allclose(a.G[a.pattern], b.G[b.pattern], rtol=1e-10, atol=1e-13)
    one, two = (LassoModel(reg_lambda=0.01, tol=1e-13).fit_moments(m).coef_ for m in (alone, found))
    assert_allclose(two, one, atol=1e-10)


def test_any_partitioning_gives_one_machines_loadings(cluster):
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(600, M)), rng.normal(size=(600, N))
    y[rng.random(y.shape) < 0.4] = np.nan
    for kind in ("lasso", "cluster_group_lasso"):
        model = LassoModel(kind, span=90, reg_lambda=0.05, tol=1e-13)
        alone = model.fit_moments(moments_of(x, y, span=90, pairs=True)).coef_
        for rows, columns in ((600, N), (77, N), (150, 3)):
            if kind == "lasso" or columns == N:
                sums = moments_of(da.from_array(x, chunks=(rows, M)),
                                  da.from_array(y, chunks=(rows, columns)), span=90,
                                  pairs=columns == N)
                assert_allclose(LassoModel(**model.get_params()).fit_moments(sums).coef_,
                                alone, atol=1e-10)


def peak():
    "Most memory that this process ever had, in bytes"
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def test_memory_of_a_worker_is_bounded_by_its_partitions(cluster):
    client, rows, width = cluster.get_client(), 20_000, 50   # 8 MB a partition

    def collection_of(parts):
        make = dask.delayed(lambda k, m: np.random.default_rng(k).normal(size=(rows, m)))
        return [da.concatenate([da.from_delayed(make(k, m), (rows, m), float)
                                for k in range(parts)]) for m in (width, 4)]

    moments_of(*collection_of(2))
    before = client.run(peak)
    found, parts = moments_of(*collection_of(60)), 60
    grown = [after - before[k] for k, after in client.run(peak).items() if k in before]
    assert found.T == parts * rows and grown
    assert max(grown) < 8 * 8 * rows * width, "eight partitions, of sixty"


@pytest.mark.parametrize("backend", ["loky", "dask"])
def test_backends_of_joblib(cluster, backend):
    data = load_us_equity_factors()
    x, y = data.x.iloc[-200:], data.y.iloc[-200:, :6]
    search = LassoModelCV(LassoModel("group_lasso_clusters"), n_lambdas=6, cv=3)
    alone, calendar = clone(search).fit(x, y), fit_rolling(search, x, y, 60)
    with parallel_config(backend, n_jobs=2):
        assert_array_equal(clone(search).fit(x, y).cv_scores_, alone.cv_scores_)
        assert_array_equal(fit_rolling(search, x, y, 60).get_reg_lambdas(),
                           calendar.get_reg_lambdas())
