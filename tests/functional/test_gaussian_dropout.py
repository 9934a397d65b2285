"""Gaussian dropout and additive Gaussian noise."""

import math

import naive
import numpy as np
import pytest
from backends import CPU, full_precision
from floats import DTYPES, same_result

import numba_dropout as nd

AT = {"seed": 5, "stream": 2, "step": 3}
STREAM = 5 << 24 | AT["stream"]  # of the purpose "noise"

positions = pytest.mark.parametrize(("n", "offset"), [(n, at) for n in (1, 5, 70) for at in (0, 1, 6, 2**40 + 3)])


def normal(i, dtype):
    """Return element i of the normal numbers by the formula of Box and Muller."""
    uniform = naive.uniform24 if dtype == "float32" else naive.uniform53
    first, second = (uniform(i - (i & 1) + k, AT["seed"], STREAM, AT["step"]) for k in (0, 1))
    radius = math.sqrt(-2 * math.log(float(np.dtype(dtype).type(first))))
    return radius * (math.sin if i & 1 else math.cos)(2 * math.pi * second)


def check_gaussian_noise(backend, dtype, n, offset, rng):
    z = np.array([normal(offset + i, dtype) for i in range(n)])
    close = {"rtol": 8 * np.finfo(dtype).eps, "atol": 40 * np.finfo(dtype).eps}  # the oracle rounds its angle
    x = rng.standard_normal(n).astype(dtype)
    for value, deviation in ((np.zeros(n, dtype), 1.0), (x, 0.5)):
        y = nd.gaussian_noise(backend.array(value), deviation, **AT, offset=offset)
        np.testing.assert_allclose(backend.numpy(y), value + deviation * z, **close)
    assert same_result(backend, nd.gaussian_noise_backward(backend.array(x), 0.5, **AT, offset=offset), x)


@full_precision
def test_gaussian_noise(backend, dtype, rng):
    check_gaussian_noise(backend, dtype, 70, 3, rng)


@positions
@pytest.mark.parametrize("dtype", DTYPES)
def test_positions_of_gaussian_noise(dtype, n, offset, rng):
    check_gaussian_noise(CPU(), dtype, n, offset, rng)


def check_gaussian_dropout(backend, dtype, n, offset, rng):
    x = rng.standard_normal(n).astype(dtype)
    expected = x * (1 + math.sqrt(0.3 / 0.7) * np.array([normal(offset + i, dtype) for i in range(n)]))
    for function in (nd.gaussian_dropout, nd.gaussian_dropout_backward):
        y = backend.numpy(function(backend.array(x), 0.3, **AT, offset=offset))
        np.testing.assert_allclose(y, expected, rtol=2e-5 if dtype == "float32" else 1e-13)


@full_precision
def test_gaussian_dropout(backend, dtype, rng):
    check_gaussian_dropout(backend, dtype, 70, 3, rng)


@positions
@pytest.mark.parametrize("dtype", DTYPES)
def test_positions_of_gaussian_dropout(dtype, n, offset, rng):
    check_gaussian_dropout(CPU(), dtype, n, offset, rng)


@full_precision
def test_out(backend, dtype, rng):
    x = rng.standard_normal((3, 5)).astype(dtype)
    for name, argument in (("gaussian_dropout", 0.4), ("gaussian_noise", 0.4)):
        for function in (getattr(nd, name), getattr(nd, f"{name}_backward")):
            array = backend.array(x)
            expected = backend.numpy(function(array, argument, **AT))
            assert function(array, argument, **AT, out=array) is array
            assert same_result(backend, array, expected)


@full_precision
def test_no_noise(backend, dtype, rng):
    x = rng.standard_normal((3, 5)).astype(dtype)
    assert same_result(backend, nd.gaussian_dropout(backend.array(x), 0.0, **AT), x)
    assert same_result(backend, nd.gaussian_noise(backend.array(x), 0.0, **AT), x)
    assert same_result(backend, nd.gaussian_dropout(backend.array(x), 0.3, training=False), x)
    assert same_result(backend, nd.gaussian_noise(backend.array(x), 0.3, training=False), x)


def test_errors():
    with pytest.raises(ValueError, match="p: expected a probability below 1"):
        nd.gaussian_dropout(np.ones(3), 1.0, **AT)
    with pytest.raises(ValueError, match="stddev: expected a number at least 0"):
        nd.gaussian_noise(np.ones(3), -1.0, **AT)
    with pytest.raises(TypeError, match="x: expected an array of float32, float64, float16 or bfloat16"):
        nd.gaussian_dropout(np.arange(3), **AT)
