"""Conversion of arrays to NumPy arrays."""

import numpy as np
import pytest

from numba_dropout.arrays.convert import on_host
from numba_dropout.arrays.sparse import SparseRows


@pytest.mark.parametrize("dtype", ["float32", "int64", "bool"])
def test_on_host(backend, dtype, rng):
    x = (4 * rng.standard_normal((3, 5))).astype(dtype)
    result = on_host(backend.array(x))
    assert type(result) is np.ndarray
    assert result.dtype == x.dtype
    assert np.array_equal(result, x)


def test_on_host_of_lists():
    assert on_host([[1, 2], [3, 4]]).tolist() == [[1, 2], [3, 4]]


def test_on_host_of_sparse_rows(backend, rng):
    sparse = pytest.importorskip("scipy.sparse", reason="SciPy is not installed")
    x = np.where(rng.random((4, 5)) < 0.4, rng.standard_normal((4, 5)), 0)
    rows = SparseRows.of(sparse.csr_array(x)).map(backend.array)
    assert np.array_equal(on_host(rows), x)
