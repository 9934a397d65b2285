"""Kernels of the Poisson loss against its formula."""

import numpy as np
import pytest
from backends import full_precision
from losses import check_formula, forward

TOLERANCE = {"float32": 2e-6, "float64": 1e-14}


@full_precision
@pytest.mark.parametrize("shape", [(2, 1), (2, 10), (2, 130), (5, 3)])
def test_poisson_loss(backend, dtype, shape, rng):
    out = (2 * rng.standard_normal(shape)).astype(dtype)
    target = rng.poisson(3.0, shape).astype(dtype)
    check_formula(backend, "poisson", out, target, TOLERANCE[dtype])


@full_precision
def test_rates_at_the_limits(backend, dtype):
    """A rate beyond the largest number gives an infinite loss, which training reports. A rate of 0 is exact."""
    out = np.array([[-1000.0], [1000.0], [0.0]], dtype)
    with np.errstate(over="ignore"):
        losses, _, slopes = forward(backend, "poisson", out, np.array([[0.0], [2.0], [0.0]], dtype))
    assert losses.tolist() == [0, np.inf, 1]
    assert slopes.ravel().tolist() == [0, np.inf, 1]


@full_precision
def test_nan(backend, dtype):
    losses, _, slopes = forward(backend, "poisson", np.array([[np.nan, 1.0]], dtype), np.ones((1, 2), dtype))
    assert np.isnan(losses).all()
    assert np.isnan(slopes[0, 0])
