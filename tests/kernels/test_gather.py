"""Kernels that gather batches, against NumPy's indexing."""

import numpy as np
import pytest
from backends import cpu_only, full_precision


def standardized(data, offset, scale, dtype):
    """Return rows that are standardized in float64 and rounded once."""
    return ((data.astype(np.float64) - offset) * scale).astype(dtype)


@full_precision
@pytest.mark.parametrize("kind", ["float32", "uint8"])
@pytest.mark.parametrize("columns", [1, 3, 200])
def test_gather_rows(backend, dtype, columns, kind, rng):
    data, rows = rng.integers(0, 255, (20, columns)).astype(kind), rng.integers(0, 20, 7)
    offset, scale = rng.standard_normal((2, columns))
    out = backend.run("gather_rows", np.empty((7, columns), dtype), data, rows, offset, scale)[0]
    assert np.array_equal(out, standardized(data[rows], offset, scale, dtype))


@cpu_only
@pytest.mark.parametrize("kind", ["uint8", "float32", "float64"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [5, 400])
def test_gather_many_rows(backend, kind, dtype, n, rng):
    data, rows = (rng.random((600, 30)) * 200).astype(kind), rng.integers(0, 600, n)
    offset, scale = rng.random((2, 30))
    out = backend.run("gather_rows", np.empty((n, 30), dtype), data, rows, offset, scale)[0]
    assert np.array_equal(out, standardized(data[rows], offset, scale, dtype))


@full_precision
@pytest.mark.parametrize("columns", [1, 200])
def test_gather_sparse_rows(backend, dtype, columns, rng):
    data = np.where(rng.random((20, columns)) < 0.3, rng.standard_normal((20, columns)), 0).astype(dtype)
    nonzero = [np.flatnonzero(row).astype(np.int32) for row in data]
    starts = np.cumsum([0, *map(len, nonzero)]).astype(np.int32)
    rows, (offset, scale) = rng.integers(0, 20, 7), rng.standard_normal((2, columns))
    arguments = data[data != 0], np.concatenate(nonzero), starts, rows, offset, scale
    out = backend.run("gather_sparse_rows", np.empty((7, columns), dtype), *arguments)[0]
    assert np.array_equal(out, standardized(data[rows], offset, scale, dtype))


@pytest.mark.parametrize("n", [5, 7, 400])
def test_gather(backend, n, rng):
    labels, rows = rng.integers(0, 9, 600), rng.integers(0, 600, n)
    assert np.array_equal(backend.run("gather", np.empty(n, np.int64), labels, rows)[0], labels[rows])


@full_precision
def test_scale_rows(backend, dtype, rng):
    rows, factors = rng.standard_normal((7, 40)).astype(dtype), rng.random(7).astype(dtype)
    assert np.array_equal(backend.run("scale_rows", rows, factors)[0], rows * factors[:, None])
