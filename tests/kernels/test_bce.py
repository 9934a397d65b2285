"""Kernels of the binary cross-entropy against its formula in Python's floats."""

import naive
import numpy as np
import pytest
from backends import full_precision
from losses import backward, forward

TOLERANCE = {"float32": 2e-6, "float64": 1e-14}


@full_precision
@pytest.mark.parametrize("shape", [(2, 1), (2, 10), (2, 130), (7, 3)])
@pytest.mark.parametrize("kind", ["classes", "probabilities"])
def test_binary_cross_entropy(backend, dtype, kind, shape, rng):
    logits = (5 * rng.standard_normal(shape)).astype(dtype)
    targets = rng.random(shape).astype(dtype)
    if kind == "classes":
        targets = np.round(targets)
    losses, correct, probs = forward(backend, "bce", logits, targets)
    expected = naive.binary_cross_entropy(logits, targets)
    np.testing.assert_allclose(losses, expected, rtol=1.5 * TOLERANCE[dtype], atol=TOLERANCE[dtype] / 2)
    np.testing.assert_allclose(correct, ((logits > 0) == (targets > 0.5)).mean(1), rtol=TOLERANCE[dtype])
    sigmoid = 1 / (1 + np.exp(-logits.astype(np.float64)))
    np.testing.assert_allclose(probs, sigmoid, rtol=TOLERANCE[dtype])
    gradient = backward(backend, "bce", probs, targets)
    expected = (probs.astype(np.float64) - targets) / logits.size
    np.testing.assert_allclose(gradient, expected, rtol=TOLERANCE[dtype] / 2)


@full_precision
def test_large_logits_do_not_overflow(backend, dtype):
    logits = np.array([[1e4, -1e4], [-1e4, 1e4]], dtype)
    losses, _, probs = forward(backend, "bce", logits, np.ones((2, 2), dtype))
    assert losses.tolist() == [5e3, 5e3]
    assert probs.tolist() == [[1, 0], [0, 1]]


@full_precision
def test_nan(backend, dtype):
    logits = np.array([[np.nan, 1.0]], dtype)
    assert np.isnan(forward(backend, "bce", logits, np.ones((1, 2), dtype))[0]).all()
