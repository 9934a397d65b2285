"""Kernels of the absolute error against its formula."""

import numpy as np
import pytest
from backends import full_precision
from losses import check_formula, forward

TOLERANCE = {"float32": 2e-6, "float64": 1e-14}


@full_precision
@pytest.mark.parametrize("shape", [(2, 1), (2, 10), (2, 130), (5, 3)])
def test_absolute_error(backend, dtype, shape, rng):
    out = (2 * rng.standard_normal(shape)).astype(dtype)
    target = rng.standard_normal(shape).astype(dtype)
    check_formula(backend, "absolute", out, target, TOLERANCE[dtype])


@full_precision
def test_no_error(backend, dtype):
    """The derivative is 0 where output and target are equal."""
    losses, _, slopes = forward(backend, "absolute", np.array([[2.0, 3.0]], dtype), np.array([[2.0, 5.0]], dtype))
    assert losses.tolist() == [1]
    assert slopes[0].tolist() == [0, -1]


@full_precision
def test_nan(backend, dtype):
    losses, _, slopes = forward(backend, "absolute", np.array([[np.nan, 1.0]], dtype), np.ones((1, 2), dtype))
    assert np.isnan(losses).all()
    assert np.isnan(slopes[0, 0])
