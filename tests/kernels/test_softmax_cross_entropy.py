"""Kernels of the softmax cross-entropy against its formula in Python's floats."""

import naive
import numpy as np
import pytest
from backends import full_precision
from losses import backward, forward

TOLERANCE = {"float32": 2e-6, "float64": 1e-14}


@full_precision
@pytest.mark.parametrize("shape", [(2, 1), (2, 10), (2, 130), (11, 4)])
def test_softmax_cross_entropy(backend, dtype, shape, rng):
    logits = (5 * rng.standard_normal(shape)).astype(dtype)
    labels = rng.integers(0, shape[1], shape[0])
    close = {"rtol": TOLERANCE[dtype], "atol": TOLERANCE[dtype] / 2}
    losses, correct, probs = forward(backend, "softmax_cross_entropy", logits, labels)
    np.testing.assert_allclose(losses, naive.softmax_cross_entropy(logits, labels), **close)
    assert np.array_equal(correct, logits.argmax(1) == labels)
    exponentials = np.exp(logits.astype(np.float64))
    np.testing.assert_allclose(probs, exponentials / exponentials.sum(1, keepdims=True), **close)
    gradient = backward(backend, "softmax_cross_entropy", probs, labels)
    expected = (probs - np.eye(shape[1])[labels]) / shape[0]
    np.testing.assert_allclose(gradient, expected, rtol=TOLERANCE[dtype] / 2)


@full_precision
@pytest.mark.filterwarnings("ignore:.*invalid value")  # in the simulator's threads
def test_first_of_equal_logits_is_the_prediction(backend, dtype):
    """NaN is the largest in the first column only."""
    logits = np.array([[1, 3, 3, 0], [3, 3, 1, 3], [np.nan, 1, 2, 3], [0, np.nan, 2, 1], [-np.inf] * 4], dtype)
    first = np.array([1, 0, 0, 2, 0])
    for labels, correct in ((first, 1), ((first + 1) % 4, 0)):
        assert (forward(backend, "softmax_cross_entropy", logits, labels)[1] == correct).all()


@full_precision
def test_large_logits_do_not_overflow(backend, dtype):
    logits = np.array([[1e4, -1e4], [-1e4, 1e4]], dtype)
    losses, _, probs = forward(backend, "softmax_cross_entropy", logits, np.array([0, 0]))
    assert losses.tolist() == [0, 2e4]
    assert probs.tolist() == [[1, 0], [0, 1]]


@full_precision
def test_nan(backend, dtype):
    logits = np.array([[np.nan, 1.0]], dtype)
    assert np.isnan(forward(backend, "softmax_cross_entropy", logits, np.array([1]))[0]).all()
