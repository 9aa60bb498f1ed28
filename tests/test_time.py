"""Through time: a stream, files, Dask and one fit say the same for random batches, gaps, decays and
late responses; what is refused changes nothing; and a changed future changes no bit of the past."""
import tracemalloc
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sklearn.base import clone

from factorlasso import Clustering, LassoModel, fit_rolling
from factorlasso.clusters.smoothing import ClusterSchedule
from factorlasso.data import BlockError, Files, moments_of

pytestmark = pytest.mark.filterwarnings("ignore:.*(valid rows|missing factor):UserWarning")
seeds, spans = st.integers(0, 10**6), st.sampled_from([None, 2.0, 15.0, 120.0])


def tables(seed, T=90, M=3, N=6):
    """Dates with holes, scattered gaps, a late and an ended response, rows without a factor, a mean
    that is not zero"""
    rng = np.random.default_rng(seed)
    days = pd.date_range("2020", periods=3 * T)[np.sort(rng.choice(3 * T, T, replace=False))]
    x = pd.DataFrame(3 + rng.normal(size=(T, M)), days).add_prefix("f")
    y = pd.DataFrame(x.to_numpy() @ rng.normal(size=(M, N)) + rng.normal(size=(T, N)),
                     days).add_prefix("r")
    y = y.mask(rng.random((T, N)) < rng.random(N) * 0.5)
    y.iloc[: rng.integers(0, T - 20), 0] = y.iloc[rng.integers(20, T) :, 1] = np.nan
    x = x.mask(rng.random((T, M)) < 0.01)
    return x, y, rng.choice([0.5, 1.0, 2.0], T), rng


def cuts_of(rng, T):
    return np.unique(np.r_[0, rng.integers(1, T, rng.integers(1, 9)), T])


def assert_same_moments(a, b, rtol=1e-11):
    assert a.T == b.T and a.ends == b.ends and a.factors.equals(b.factors)
    order = b.responses.get_indexer(a.responses)
    p, q = a.moments, b.part(order)
    for name in ("c", "s", "W", "y_mean", "n_obs"):
        assert_allclose(getattr(p, name), getattr(q, name), rtol=rtol, atol=1e-12)
    assert_allclose(p.G[p.pattern], q.G[q.pattern], rtol=rtol, atol=1e-12)
    assert_allclose(a.history, b.history[order])


@given(seeds, spans)
@settings(max_examples=25, deadline=None)
def test_every_cut_of_the_rows_gives_the_moments_of_all(seed, span):
    x, y, w, rng = tables(seed)
    cuts = cuts_of(rng, len(x))
    blocks = [(x.iloc[a:b], y.iloc[a:b].sample(frac=1, axis=1, random_state=rng), w[a:b])
              for a, b in zip(cuts, cuts[1:], strict=False)]
    whole, stream = moments_of(x, y, w, span, True), moments_of(blocks, span=span, pairs=True)
    assert_same_moments(whole, stream)
    order = stream.responses.get_indexer(whole.responses)
    # a variance is a difference of squares: rounding counts as often as the mean square holds it
    p, q = whole.pairs, stream.pairs.take(order)
    condition = 1 + np.divide(p.mean**2, p.var, out=np.zeros_like(p.var), where=p.var > 0)
    one, two = p.correlation(5), q.correlation(5)
    assert (np.isnan(one) == np.isnan(two)).all()
    assert np.nanmax(np.abs(one - two) / np.maximum(condition, condition.T), initial=0) < 1e-13
    k = int(rng.integers(1, len(blocks))) if len(blocks) > 1 else 0
    if k:
        assert_same_moments(whole, moments_of(blocks[:k], span=span, pairs=True)
                            + moments_of(blocks[k:], span=span, pairs=True))


@given(seeds, spans)
@settings(max_examples=6, deadline=None)
def test_files_and_dask_give_the_moments_of_all(tmp_path_factory, seed, span):
    dd = pytest.importorskip("dask.dataframe")
    x, y, w, rng = tables(seed)
    whole, folder = moments_of(x, y, w, span), tmp_path_factory.mktemp("table")
    table, cuts = (pd.concat([x, y], axis=1).assign(w=w).rename_axis("day").reset_index(),
                   cuts_of(rng, len(x)))
    for k, (a, b) in enumerate(zip(cuts, cuts[1:], strict=False)):
        table.iloc[a:b].to_parquet(folder / f"{k:02d}.parquet",
                                   row_group_size=int(rng.integers(5, 50)))
    assert_same_moments(whole, moments_of(Files(folder, list(x), list(y), "day", "w",
                                                rows=int(rng.integers(3, 60))), span=span))
    size = int(rng.integers(10, 60))
    fx, fy, fw = (dd.from_pandas(t, chunksize=size)
                  for t in (x, y, pd.Series(w, x.index, name="w")))
    if all(np.isfinite(x.iloc[a : a + size].to_numpy()).all(1).any()
           for a in range(0, len(x), size)):
        assert_same_moments(whole, moments_of(fx, [fy[["r0", "r3"]], fy[["r1", "r2", "r4", "r5"]]],
                                              fw, span))


@given(seeds, spans, st.sampled_from(["lasso", "group_lasso_clusters", "cluster_group_lasso"]))
@settings(max_examples=12, deadline=None)
def test_updates_are_one_fit(seed, span, kind):
    x, y, w, rng = tables(seed)
    updated, cuts = LassoModel(kind, span=span, reg_lambda=0.2, tol=1e-12), cuts_of(rng, len(x))
    for a, b in zip(cuts, cuts[1:], strict=False):
        some = y.iloc[a:b]
        if (not (some.notna().any(axis=1) & x.iloc[a:b].notna().all(axis=1)).any()
            and not hasattr(updated, "moments_")):
            return
        updated.partial_fit(x.iloc[a:b], some, w[a:b])
    once = LassoModel(kind, span=span, reg_lambda=0.2, tol=1e-12).fit(x, y, w)
    assert_allclose(updated.coef_, once.coef_, atol=1e-8)
    assert_allclose(updated.intercept_, once.intercept_, atol=1e-8)
    assert_allclose(updated.estimation_result_.r2, once.estimation_result_.r2, atol=1e-8)


@given(seeds, st.sampled_from(["overlap", "twice", "unsorted", "infinite", "column"]))
@settings(max_examples=15, deadline=None)
def test_a_refused_block_leaves_the_sum(seed, fault):
    x, y, w, rng = tables(seed)
    good, k = (x.iloc[:50], y.iloc[:50], w[:50]), 50 if fault != "overlap" else 49
    bx, by, bw = x.iloc[k:70].copy(), y.iloc[k:70].copy(), w[k:70]
    if fault == "twice":
        bx = bx.set_axis(bx.index[:-1].append(bx.index[-2:-1]))
        by = by.set_axis(bx.index)
    if fault == "unsorted":
        bx, by = bx.iloc[::-1], by.iloc[::-1]
    if fault == "infinite":
        by.iloc[3, 2] = np.inf
    if fault == "column":
        bx = bx.rename(columns={"f1": "g"})
    with pytest.raises(BlockError, match="^block 1: ") as error:
        moments_of([good, (bx, by, bw)])
    assert_same_moments(error.value.moments, moments_of([good]))


@given(seeds, spans, st.sampled_from(["lasso", "group_lasso_clusters"]))
@settings(max_examples=8, deadline=None)
def test_a_changed_future_changes_no_bit_of_the_past(seed, span, kind):
    x, y, w, rng = tables(seed)
    x = x.fillna(3.0)
    model, dates = LassoModel(kind, span=span, reg_lambda=0.2,
                              warmup_period=8), list(x.index[[40, 55, 70]])
    other_x, other_y = x.copy(), y.copy()
    other_x.iloc[56:], other_y.iloc[56:] = (rng.normal(size=(34, 3)),
                                            10 ** rng.uniform(-3, 3, size=(34, 6)))
    a, b = (fit_rolling(model, x, y, dates, sample_weight=w),
            fit_rolling(model, other_x, other_y, dates, sample_weight=w))
    for d in dates[:2]:
        for name in ("x_covar", "y_betas", "y_variances"):
            pd.testing.assert_frame_equal(getattr(a[d], name), getattr(b[d], name),
                                          check_exact=True)


def test_sums_in_several_parts_grow(monkeypatch):
    x, y, w, rng = tables(3)
    whole = moments_of(x, y, w)
    monkeypatch.setattr("factorlasso.data.labelled._PART", 8 * 3**2 * 4)
    stream = moments_of((x.iloc[a : a + 30], y.iloc[a : a + 30], w[a : a + 30])
                        for a in range(0, 90, 30))
    assert len(stream.parts) > 1
    assert_same_moments(whole, stream)


@pytest.mark.filterwarnings("ignore:nothing is left:UserWarning")
def test_memory_maps_are_never_whole_in_memory(tmp_path, monkeypatch):
    rng, shapes = np.random.default_rng(0), {"x": (100_000, 4), "y": (100_000, 12)}
    tables = {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    for name, table in tables.items():
        table.tofile(tmp_path / name)
    maps = [np.memmap(tmp_path / name, np.float32, "r", shape=shape)
            for name, shape in shapes.items()]
    whole = LassoModel(reg_lambda=0.01).fit_moments(moments_of(tables["x"], tables["y"]))
    monkeypatch.setattr("factorlasso.data.reading._BLOCK", 1_000_000)
    moments_of(*(m[:9000] for m in maps))   # what is compiled is not part of it
    tracemalloc.start()
    model = LassoModel(reg_lambda=0.01).fit_moments(moments_of(*maps))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert_allclose(model.coef_, whole.coef_, atol=1e-10)
    assert peak < 4_000_000 < sum(table.nbytes for table in tables.values())


@pytest.mark.filterwarnings("ignore:nothing is left:UserWarning")
def test_a_fit_on_memory_maps_does_not_copy_them(tmp_path, monkeypatch):
    rng, shapes = np.random.default_rng(1), {"x": (60_000, 4), "y": (60_000, 12)}
    X, Y = (rng.normal(size=shape).astype(np.float32) for shape in shapes.values())
    Y[:, :2] += X[:, :2]
    Y[rng.random(Y.shape) < 0.1] = np.nan
    weights = np.where(np.arange(60_000) < 20_000, 0.0, 1.0)   # whole blocks without weight
    for name, table in (("x", X), ("y", Y)):
        table.tofile(tmp_path / name)
    maps = [np.memmap(tmp_path / name, np.float32, "r", shape=shape)
            for name, shape in shapes.items()]
    small = LassoModel(reg_lambda=0.05).fit(*maps)
    assert small.panel_.T == 60_000   # of one block: read as any array
    monkeypatch.setattr("factorlasso.data.reading._BLOCK", 1_000_000)
    for case in (dict(), dict(span=300, factor_scale="sd"),
                 dict(model_type="group_lasso_clusters", demean=False)):
        model = LassoModel(**{"reg_lambda": 0.05, **case})
        whole = LassoModel(**{"reg_lambda": 0.05, **case})
        with warnings.catch_warnings(record=True) as before:
            warnings.simplefilter("always")
            whole.fit(X, Y, weights)
        with pytest.warns(UserWarning, match="20000 of 60000 rows") as said:
            model.fit(*maps, weights)
        assert [str(w.message)[:60] for w in said][1:] == [str(w.message)[:60] for w in before]
        assert type(model.coef_) is np.ndarray and model.panel_.T == 0
        assert_allclose(model.coef_, whole.coef_, atol=1e-9)
        assert_allclose(model.intercept_, whole.intercept_, atol=1e-9)
        assert_allclose(model.score(X[-900:], Y[-900:]), whole.score(X[-900:], Y[-900:]))
    with pytest.raises(AttributeError, match="were not kept"):
        print(model.residuals_)
    rolling = LassoModel(reg_lambda=0.05, demean="rolling").fit(*maps)   # needs all rows at once
    assert rolling.residuals_.shape == Y.shape
    with pytest.raises(ValueError, match="^block 0: "):
        model.fit(maps[0], np.where(np.isnan(Y), np.inf, Y))
    tracemalloc.start()
    LassoModel(reg_lambda=0.05).fit(*maps)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4_500_000 < X.nbytes + Y.nbytes + 9 * Y.size


@given(seeds, st.sampled_from([1.0, 3.0, 20.0]))
@settings(max_examples=10, deadline=None)
def test_rows_without_labels_and_blocks_without_weight(seed, span):
    x, y, w, rng = tables(seed)
    X, Y, w = x.to_numpy(), y.to_numpy(), w * (np.arange(90) // 15 % 2)
    blocks = ((X[a:a + 15], Y[a:a + 15], w[a:a + 15]) for a in range(0, 90, 15))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        assert_same_moments(moments_of(X, Y, w, span), moments_of(blocks, span=span))


@pytest.mark.parametrize("dependence", ["pearson", "spearman"])
def test_the_first_component_is_taken_out_once_whichever_way_clusters_are_found(dependence):
    rng, T = np.random.default_rng(0), 200
    x = pd.DataFrame(rng.normal(size=(T, 2)), pd.date_range("2000-01-31", periods=T, freq="ME"))
    common = 1.5 * rng.normal(size=(T, 1)) + 0.6 * rng.normal(size=(T, 4))[:, np.arange(16) // 4]
    x, y = x.add_prefix("f"), pd.DataFrame(common + 0.7 * rng.normal(size=(T, 16)), x.index)
    y, last = y.add_prefix("r"), x.index[-1]
    model = LassoModel("group_lasso_clusters", 0.1, clustering=Clustering(dependence))
    plain = model.fit(x, y).clusters_
    model.set_params(clustering=Clustering(dependence, remove_pc1=True))
    found = model.fit(x, y).clusters_
    assert not found.equals(plain)
    for smoothing in (None, "hold", "bonus", "ewma"):
        dated = fit_rolling(model, x, y, [last], schedule=ClusterSchedule(smoothing=smoothing))
        assert dated[last].clusters.equals(found), smoothing
    assert fit_rolling(model, x, y, [last])[last].clusters.equals(found)
    if dependence == "pearson":
        stream = clone(model).partial_fit(x[:90], y[:90]).partial_fit(x[90:], y[90:])
        assert stream.clusters_.equals(found)
