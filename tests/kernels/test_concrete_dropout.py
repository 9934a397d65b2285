"""Kernels of Concrete dropout against the formulas of its paper in Python's floats."""

import math

import naive
import numpy as np
import pytest
from backends import full_precision, position

from numba_dropout.kernels.scalar.constants import SUMS

LOGIT = -0.5
P = 1 / (1 + math.exp(-LOGIT))
sizes = pytest.mark.parametrize("n", [1, 7, 20])
offsets = pytest.mark.parametrize("offset", [0, 3, 2**62 + 1])


def shares(n, dtype, offset):
    """Return the share of each element that is kept."""
    return np.array([naive.concrete_share(offset + i, LOGIT, dtype, 5, 1, 2) for i in range(n)])


def tolerance(dtype):
    return 1e-5 if dtype == "float32" else 1e-13


@full_precision
@offsets
@sizes
def test_concrete_dropout_forward(backend, dtype, n, offset, rng):
    x, logit = rng.standard_normal(n).astype(dtype), np.array([LOGIT], dtype)
    y = backend.run("concrete_dropout_forward", np.zeros_like(x), x, logit, *position(5, 1, 2, offset))[0]
    np.testing.assert_allclose(y, x * shares(n, dtype, offset) / (1 - P), rtol=tolerance(dtype))


@full_precision
@offsets
@sizes
def test_concrete_dropout_backward(backend, dtype, n, offset, rng):
    dy, y = rng.standard_normal((2, n)).astype(dtype)
    kept, logit, sums = shares(n, dtype, offset), np.array([LOGIT], dtype), np.full(SUMS, 7.0)
    arguments = np.zeros(1, dtype), sums, dy, y, logit, *position(5, 1, 2, offset)
    dx, dlogit = backend.run("concrete_dropout_backward", np.zeros_like(dy), *arguments)[:2]
    np.testing.assert_allclose(dx, dy * kept / (1 - P), rtol=tolerance(dtype))
    expected = (dy.astype(np.float64) * y * (P - 10 * (1 - kept))).sum()
    np.testing.assert_allclose(dlogit, [expected], rtol=10 * tolerance(dtype), atol=tolerance(dtype) / 10)


@full_precision
def test_concrete_regularizer(backend, dtype, rng):
    weight, logit = rng.standard_normal((20, 30)).astype(dtype), np.array([LOGIT], dtype)
    squares, entropy = (weight.astype(np.float64) ** 2).sum(), 30 * P * (1 - P) * LOGIT
    expected = 0.7 + 0.03 * P / (1 - P) * squares + 0.2 * entropy
    arguments = np.full(SUMS, 7.0), weight, logit, np.array([0.03, 0.2], dtype)
    dlogit = backend.run("concrete_regularizer", np.array([0.7], dtype), *arguments)[0]
    assert dlogit[0] == pytest.approx(expected, rel=tolerance(dtype))


@full_precision
def test_concrete_hyperparameters(backend, dtype):
    regularization, logit = np.array([0.03, 0.2], dtype), np.array([LOGIT], dtype)
    arguments = np.arange(4, dtype=dtype), logit, regularization, 3
    out = backend.run("concrete_hyperparameters", np.zeros(9, dtype), *arguments)[0]
    assert out.tolist() == [0, 1, 2, pytest.approx(3 + 0.06 / (1 - P)), *[0] * 5]
