"""ReLU and its gradient."""

import numpy as np
import pytest
from backends import full_precision
from floats import DTYPES, same_result

import numba_dropout as nd


@full_precision
def test_values(backend, dtype, rng):
    x, dy = rng.standard_normal((2, 20)).astype(dtype)
    y = nd.relu(backend.array(x))
    assert same_result(backend, y, np.maximum(x, 0))
    assert same_result(backend, nd.relu_backward(backend.array(dy), y), np.where(x > 0, dy, np.zeros_like(dy)))


@pytest.mark.parametrize("dtype", DTYPES)
def test_large_arrays(dtype, rng):
    """The elements are shared among all threads."""
    x, dy = rng.standard_normal((2, 2**14 + 7)).astype(dtype)
    y = nd.relu(x)
    assert np.array_equal(y, np.maximum(x, 0))
    assert np.array_equal(nd.relu_backward(dy, y), np.where(x > 0, dy, 0))


@full_precision
def test_special_values(backend, dtype):
    """NaN stays NaN, and -0 becomes +0."""
    x = np.array([-1.0, -0.0, 0.0, 2.0, np.nan, -np.inf, np.inf], dtype)
    y = nd.relu(backend.array(x))
    assert same_result(backend, y, np.array([0.0, 0.0, 0.0, 2.0, np.nan, 0.0, np.inf], dtype))
    dx = nd.relu_backward(backend.array(np.arange(1, 8, dtype=dtype)), y)
    assert backend.numpy(dx).tolist() == [0, 0, 0, 4, 0, 0, 7]


@full_precision
def test_out(backend, dtype, rng):
    x = rng.standard_normal(20).astype(dtype)
    array = backend.array(x)
    assert nd.relu(array, out=array) is array
    assert same_result(backend, array, np.maximum(x, 0))
    shifted = backend.array(x)
    nd.relu(shifted[:-1], out=shifted[1:])
    assert same_result(backend, shifted, np.append(x[:1], np.maximum(x[:-1], 0)))


def test_errors():
    with pytest.raises(ValueError, match="y: expected shape"):
        nd.relu_backward(np.ones(3), np.ones(4))
    with pytest.raises(ValueError, match=r"y: expected shape \(6, 4\)"):
        nd.relu_backward(np.ones((6, 4)), np.ones((5, 4)))
    with pytest.raises(TypeError, match="y: expected dtype"):
        nd.relu_backward(np.ones(3), np.ones(3, np.float32))
