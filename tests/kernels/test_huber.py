"""Kernels of the Huber loss against its formula."""

import numpy as np
import pytest
from backends import full_precision
from losses import check_formula, forward

TOLERANCE = {"float32": 2e-6, "float64": 1e-14}


@full_precision
@pytest.mark.parametrize("shape", [(2, 1), (2, 10), (2, 130), (5, 3)])
def test_huber_loss(backend, dtype, shape, rng):
    out = (2 * rng.standard_normal(shape)).astype(dtype)
    target = rng.standard_normal(shape).astype(dtype)
    check_formula(backend, "huber", out, target, TOLERANCE[dtype])


@full_precision
def test_errors_of_one_and_infinity(backend, dtype):
    """Both pieces meet at an error of 1."""
    out = np.array([[0.0, 0.5, 1.0, -1.0, 3.0, -np.inf]], dtype)
    losses, _, slopes = forward(backend, "huber", out, np.zeros_like(out))
    assert losses[0] == np.inf
    assert slopes[0].tolist() == [0, 0.5, 1, -1, 1, -1]
    rows = out[:, :5].T.copy()
    losses, _, _ = forward(backend, "huber", rows, np.zeros_like(rows))
    assert losses.tolist() == [0, 0.125, 0.5, 0.5, 2.5]


@full_precision
def test_nan(backend, dtype):
    losses, _, slopes = forward(backend, "huber", np.array([[np.nan, 1.0]], dtype), np.ones((1, 2), dtype))
    assert np.isnan(losses).all()
    assert np.isnan(slopes[0, 0])
