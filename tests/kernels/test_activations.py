"""Errors and special values of activation functions, against float64."""

import numpy as np
import pytest
from activation_formulas import FORMULAS

import numba_dropout as nd

ULPS = 2  # largest error of float32, in units in the last place


def activated(x, activation):
    """Return the values of an activation and their slopes: those of a layer with one weight of 1."""
    one = np.ones((1, 1), x.dtype)
    slopes = np.empty((x.size, 1), x.dtype)
    with np.errstate(over="ignore"):  # compiled code never warns
        y = nd.linear_dropout(x[:, None], one, None, 0.0, activation=activation, training=False, slopes=slopes)
    return y[:, 0], slopes[:, 0]


def floats(every):
    """Return every n-th finite float32, from the least to the greatest bit pattern."""
    x = np.arange(0, 2**32, every, np.int64).astype(np.uint32).view(np.float32)
    return x[np.abs(x) < 3e38]  # the values of finite numbers are finite


def check_errors(x, activation):
    """Check that errors are at most `ULPS`."""
    with np.errstate(over="ignore"):
        expected = FORMULAS[activation][0](x.astype(np.float64))
    y, _ = activated(x, activation)
    with np.errstate(under="ignore"):
        ulps = np.spacing(np.abs(expected).astype(np.float32)).astype(np.float64)
    errors = np.abs(y - expected) / ulps
    worst = np.argmax(errors)
    assert errors[worst] <= ULPS, (x[worst], y[worst], expected[worst])


@pytest.mark.parametrize("activation", FORMULAS)
def test_errors(activation):
    check_errors(floats(every=100_003), activation)


@pytest.mark.full
@pytest.mark.jit_only
@pytest.mark.parametrize("activation", FORMULAS)
def test_errors_of_many_numbers(activation):
    check_errors(floats(every=61), activation)


@pytest.mark.parametrize("activation", FORMULAS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_slopes(activation, dtype):
    x = np.linspace(-12, 12, 999).astype(dtype)
    expected = FORMULAS[activation][1](x.astype(np.float64))
    tolerance = {"float32": 1e-7, "float64": 1e-15}[dtype]
    np.testing.assert_allclose(activated(x, activation)[1], expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("activation", FORMULAS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_special_values(activation, dtype):
    """NaN stays NaN, infinite values have the limits of the formula, and so have very large ones."""
    largest = np.finfo(dtype).max
    x = np.array([np.nan, np.inf, -np.inf, largest, -largest, 0, -0.0], dtype)
    y, slopes = activated(x, activation)
    low, high = {
        "relu": (0, np.inf),
        "leaky_relu": (-np.inf, np.inf),
        "elu": (-1, np.inf),
        "selu": (-1.7580993408473766, np.inf),
        "tanh": (-1, 1),
        "logistic": (0, 1),
        "identity": (-np.inf, np.inf),
    }.get(activation, (0, np.inf))
    assert np.isnan(y[0])
    np.testing.assert_allclose(y[1:3], [high, low], rtol=1e-7, atol=1e-300)
    limits = [largest if np.isinf(high) else high, low]
    if activation != "selu" and low > -np.inf:
        np.testing.assert_allclose(y[3:5], limits, rtol=1e-7, atol=1e-300)
    np.testing.assert_allclose(y[5:], FORMULAS[activation][0](np.zeros(2)), atol=0)
    assert np.isfinite(slopes[1:]).all()
