"""Data frames of pandas and Polars as input of networks."""

import datetime
import importlib

import numpy as np
import pytest

import numba_dropout as nd


@pytest.fixture
def table(rng):
    """Return columns of floats, integers, booleans and texts. The texts depend on the first column."""
    a = rng.standard_normal(60)
    return {"a": a, "b": np.arange(60, dtype=np.int32), "c": a > 0, "kind": np.where(a > 0.3, "large", "small")}


@pytest.fixture(params=["pandas", "polars"])
def frame(request, table):
    library = pytest.importorskip(request.param, reason=f"{request.param} is not installed")
    return library.DataFrame({name: table[name] for name in "abc"})


def test_column_names(frame, table, tmp_path):
    x, y = np.column_stack([table[name] for name in "abc"]).astype(float), (table["a"] > 0).astype(int)
    nets = [nd.MLP([3, 4, 2], seed=1) for _ in range(2)]
    for net, inputs in zip(nets, (frame, x), strict=True):
        nd.fit(net, inputs, y, optimizer=nd.SGD(), epochs=1, validation=(inputs, y))
    assert np.array_equal(nets[0].predict_proba(frame), nets[1].predict_proba(x))
    assert np.array_equal(nets[0].predict_proba(x), nets[1].predict_proba(frame))
    assert (nets[0].features, nets[1].features) == (["a", "b", "c"], None)
    with pytest.raises(ValueError, match="x: expected the columns of the training data, a, b, c, in this"):
        nets[0].predict(frame[["b", "a", "c"]])
    nets[0].save(tmp_path / "m.npz")
    assert nd.MLP.load(tmp_path / "m.npz").features == ["a", "b", "c"]


@pytest.mark.parametrize("values", [["x"] * 60, [datetime.datetime(2020, 1, 1)] * 60])
def test_columns_without_numbers(values, frame):
    library = importlib.import_module(type(frame).__module__.partition(".")[0])
    wrong = library.DataFrame({**{name: frame[name] for name in "ab"}, "c": values})
    with pytest.raises(TypeError, match="x: expected numbers in column 'c', got"):
        nd.MLP([3, 2]).predict(wrong)


def test_missing_values(frame):
    library = importlib.import_module(type(frame).__module__.partition(".")[0])
    values = [None, *range(59)]
    wrong = library.DataFrame({**{name: frame[name] for name in "ab"}, "c": values})
    for inputs in (wrong, *([wrong.convert_dtypes()] if library.__name__ == "pandas" else [])):
        with pytest.raises(ValueError, match=r"x: expected finite numbers, got nan at \[0, 2\]"):
            nd.fit(nd.MLP([3, 2]), inputs, np.zeros(60, int), optimizer=nd.SGD(), epochs=1)


def test_duplicate_names():
    pandas = pytest.importorskip("pandas")
    twice = pandas.DataFrame(np.ones((3, 2)), columns=["a", "a"])
    with pytest.raises(ValueError, match="x: more than one column is called 'a'"):
        nd.MLP([2, 2]).predict(twice)


def test_other_column_types():
    pandas = pytest.importorskip("pandas")
    sparse = pandas.DataFrame({"a": [1.0, 0.0, 2.0]}).astype("Sparse[float64]")
    net = nd.MLP([1, 2], seed=1)
    assert np.array_equal(net.predict_proba(sparse), net.predict_proba(np.array([[1.0], [0.0], [2.0]])))
    with pytest.raises(TypeError, match=r"x: expected numbers in column 'a', got interval"):
        net.predict(pandas.DataFrame({"a": pandas.interval_range(0, 3)}))
