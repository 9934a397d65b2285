"""Adam and AdamW against the formulas of their papers, written out in NumPy."""

import numpy as np
import pytest
from updates import train_layer

import numba_dropout as nd


def adam(w, gradients, lr, l2, decoupled):
    """Return parameters after one step for each gradient."""
    m, v = np.zeros_like(w), np.zeros_like(w)
    for t, gradient in enumerate(gradients, 1):
        gradient = gradient + l2 * w
        m = 0.9 * m + 0.1 * gradient
        v = 0.999 * v + 0.001 * gradient**2
        w = w - lr * decoupled * w - lr * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return w


@pytest.mark.parametrize("decay", [0, 0.01])
def test_adam(problem, precision, decay):
    weight, bias, gradients = problem
    dtype, tolerance = precision
    w, b = train_layer(nd.Adam(0.01, weight_decay=decay), weight, bias, gradients, dtype)
    np.testing.assert_allclose(w, adam(weight, gradients, 0.01, decay, 0), rtol=tolerance, atol=10 * tolerance)
    np.testing.assert_allclose(b, adam(bias, gradients.sum(2), 0.01, 0, 0), rtol=tolerance, atol=10 * tolerance)


def test_adamw(problem, precision):
    weight, bias, gradients = problem
    dtype, tolerance = precision
    w, b = train_layer(nd.AdamW(0.01, weight_decay=0.1), weight, bias, gradients, dtype)
    np.testing.assert_allclose(w, adam(weight, gradients, 0.01, 0, 0.1), rtol=tolerance, atol=10 * tolerance)
    np.testing.assert_allclose(b, adam(bias, gradients.sum(2), 0.01, 0, 0), rtol=tolerance, atol=10 * tolerance)


def test_beta2_near_1():
    """1 - beta is computed in float64: float32 cannot hold it."""
    weight, bias, gradients = np.zeros((1, 3)), np.zeros(1), np.ones((4, 1, 3))
    weight, _ = train_layer(nd.Adam(0.01, beta2=1 - 1e-9), weight, bias, gradients, np.float32)
    assert np.allclose(weight, -0.01 * 4, rtol=1e-3)


def test_invalid_beta2():
    with pytest.raises(ValueError, match="beta2"):
        nd.Adam(beta2=1.0)
