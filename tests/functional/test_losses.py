"""Losses against oracles in Python's floats, and where they would overflow."""

import naive
import numpy as np
import pytest

from numba_dropout.kernels import cpu

DTYPES = [(np.float32, 2e-6), (np.float64, 1e-14)]


def forward(kernel, out, target):
    """Return a loss's three results."""
    losses, correct, saved = (np.empty(len(out), out.dtype), np.empty(len(out), out.dtype), np.empty_like(out))
    kernel(losses, correct, saved, out, target)
    return losses, correct, saved


@pytest.mark.parametrize(("dtype", "tolerance"), DTYPES)
def test_softmax_cross_entropy(dtype, tolerance, rng):
    logits = (3 * rng.standard_normal((11, 4))).astype(dtype)
    labels = rng.integers(0, 4, 11)
    losses, correct, probs = forward(cpu.softmax_cross_entropy_forward, logits, labels)
    assert np.allclose(losses, naive.softmax_cross_entropy(logits, labels), rtol=tolerance, atol=tolerance)
    assert np.array_equal(correct, logits.argmax(1) == labels)
    softmax = np.exp(logits.astype(float)) / np.exp(logits.astype(float)).sum(1, keepdims=True)
    assert np.allclose(probs, softmax, rtol=tolerance, atol=tolerance)
    cpu.softmax_cross_entropy_backward(probs, probs, labels)
    assert np.allclose(probs, (softmax - np.eye(4)[labels]) / 11, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("dtype", "tolerance"), DTYPES)
def test_binary_cross_entropy(dtype, tolerance, rng):
    logits = (3 * rng.standard_normal((7, 3))).astype(dtype)
    targets = rng.random((7, 3)).astype(dtype)
    losses, correct, probs = forward(cpu.bce_forward, logits, targets)
    assert np.allclose(losses, naive.binary_cross_entropy(logits, targets), rtol=5 * tolerance)
    assert np.allclose(correct, ((logits > 0) == (targets > 0.5)).mean(1))
    cpu.bce_backward(probs, probs, targets)
    sigmoid = 1 / (1 + np.exp(-logits.astype(float)))
    assert np.allclose(probs, (sigmoid - targets) / 21, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("dtype", "tolerance"), DTYPES)
def test_mean_squared_error(dtype, tolerance, rng):
    out, target = rng.standard_normal((2, 5, 3)).astype(dtype)
    losses, correct, residuals = forward(cpu.mse_forward, out, target)
    assert np.allclose(losses, ((out - target) ** 2).mean(1), rtol=tolerance)
    assert not correct.any()
    cpu.mse_backward(residuals, residuals, target)
    assert np.allclose(residuals, 2 * (out - target) / 15, rtol=tolerance, atol=tolerance)


def test_large_logits_do_not_overflow():
    logits = np.array([[1e4, -1e4], [-1e4, 1e4]])
    losses, _, probs = forward(cpu.softmax_cross_entropy_forward, logits, np.array([0, 0]))
    assert losses.tolist() == [0, 2e4]
    assert probs.tolist() == [[1, 0], [0, 1]]
    losses, _, probs = forward(cpu.bce_forward, logits, np.ones((2, 2)))
    assert losses.tolist() == [5e3, 5e3]
    assert probs.tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize("name", ["softmax_cross_entropy", "bce", "mse"])
def test_nan_comes_out_as_nan(name):
    out = np.array([[np.nan, 1.0]])
    target = np.array([1]) if name == "softmax_cross_entropy" else np.ones((1, 2))
    assert np.isnan(forward(getattr(cpu, f"{name}_forward"), out, target)[0]).all()


def test_totals_add_in_float64():
    values = np.full(1000, 0.1, np.float32)
    totals = np.empty(2)
    cpu.batch_totals(totals, values, np.ones(1000, np.float32))
    assert totals[0] == pytest.approx(1000 * float(np.float32(0.1)), rel=1e-14)
    assert totals[1] == 1000
