"""Kernels of sub-networks against NumPy's indexing. A list of units is their number, then their indices."""

import numpy as np
import pytest
from backends import cpu_only, position, threshold
from dtypes import scalar

from numba_dropout import reference

INPUTS, UNITS = 11, 7

pytestmark = cpu_only
each_dtype = pytest.mark.parametrize("dtype", ["float32", "float64"])
each_choice = pytest.mark.parametrize(("some_inputs", "some_units"), [(0, 3), (5, 0), (5, 3), (INPUTS, 3), (5, UNITS)])


def choose(count, number, rng):
    """Return a list of some indices, and the indices."""
    indices = np.sort(rng.permutation(number)[:count])
    return np.append(count, indices).astype(np.int64), indices


@pytest.mark.parametrize("p", [0, 0.3, 0.9, 1])
@pytest.mark.parametrize("units", [1, 7, 64, 65, 200])
def test_kept_units(backend, units, p):
    arguments = units, threshold(p), *position(5, 2, 3)[:4]
    kept = backend.run("kept_units", np.empty(units + 2, np.int64), *arguments)[0]
    expected = np.flatnonzero(reference.sample_mask(units, p, seed=5, stream=2, step=3))
    assert kept[0] == expected.size
    assert np.array_equal(kept[1 : 1 + kept[0]], expected)


@each_dtype
@each_choice
def test_take_layer(backend, dtype, some_inputs, some_units, rng):
    (inputs, columns), (units, rows) = choose(some_inputs, INPUTS, rng), choose(some_units, UNITS, rng)
    weight, bias = rng.standard_normal((UNITS, INPUTS)).astype(dtype), rng.standard_normal(UNITS).astype(dtype)
    out = np.empty((rows.size, columns.size), dtype), np.empty(rows.size, dtype)
    results = backend.run("take_layer", *out, weight, bias, units, inputs, scalar(1.5, dtype))
    assert np.array_equal(results[0], weight[np.ix_(rows, columns)] * scalar(1.5, dtype))
    assert np.array_equal(results[1], bias[rows])


@each_dtype
@pytest.mark.parametrize("kind", ["float32", "uint8"])
@pytest.mark.parametrize("count", [0, 5, INPUTS])
def test_gather_columns(backend, dtype, kind, count, rng):
    data, rows = rng.integers(0, 255, (20, INPUTS)).astype(kind), rng.integers(0, 20, 7)
    offset, scale = rng.standard_normal((2, INPUTS))
    units, columns = choose(count, INPUTS, rng)
    out = backend.run("gather_columns", np.empty((7, count), dtype), data, rows, units, offset, scale)[0]
    expected = ((data[rows].astype(np.float64) - offset) * scale).astype(dtype)
    assert np.array_equal(out, expected[:, columns])


@each_dtype
@each_choice
def test_spread_layer(backend, dtype, some_inputs, some_units, rng):
    (inputs, columns), (units, rows) = choose(some_inputs, INPUTS, rng), choose(some_units, UNITS, rng)
    small_dweight = rng.standard_normal((rows.size, columns.size)).astype(dtype)
    small_dbias = rng.standard_normal(rows.size).astype(dtype)
    dweight, dbias = np.zeros((UNITS, INPUTS), dtype), np.zeros(UNITS, dtype)
    dweight[np.ix_(rows, columns)], dbias[rows] = small_dweight * scalar(1.5, dtype), small_dbias
    out = np.full_like(dweight, np.nan), np.full_like(dbias, np.nan)
    results = backend.run("spread_layer", *out, small_dweight, small_dbias, units, inputs, scalar(1.5, dtype))
    assert np.array_equal(results[0], dweight)
    assert np.array_equal(results[1], dbias)


@each_dtype
@pytest.mark.parametrize("count", [0, 5, INPUTS])
def test_spread_columns(backend, dtype, count, rng):
    units, columns = choose(count, INPUTS, rng)
    narrow, expected = rng.standard_normal((4, count)).astype(dtype), np.zeros((4, INPUTS), dtype)
    expected[:, columns] = narrow
    wide = np.full(4 * INPUTS, np.nan, dtype)
    wide[: narrow.size] = narrow.reshape(-1)
    assert np.array_equal(backend.run("spread_columns", wide.reshape(4, INPUTS), units)[0], expected)
