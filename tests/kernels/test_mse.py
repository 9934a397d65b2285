"""Kernels of the mean squared error against NumPy."""

import numpy as np
import pytest
from backends import full_precision
from losses import backward, forward

TOLERANCE = {"float32": 2e-6, "float64": 1e-14}


@full_precision
@pytest.mark.parametrize("shape", [(2, 1), (2, 10), (2, 130), (5, 3)])
def test_mean_squared_error(backend, dtype, shape, rng):
    out, target = (scale * rng.standard_normal(shape).astype(dtype) for scale in (5, 1))
    losses, correct, residuals = forward(backend, "mse", out, target)
    expected = ((out.astype(np.float64) - target) ** 2).mean(1)
    np.testing.assert_allclose(losses, expected, rtol=TOLERANCE[dtype])
    assert not correct.any()
    assert np.array_equal(residuals, out - target)
    gradient = backward(backend, "mse", residuals, target)
    np.testing.assert_allclose(gradient, 2 * (out - target) / out.size, rtol=TOLERANCE[dtype] / 2)


@full_precision
def test_nan(backend, dtype):
    out = np.array([[np.nan, 1.0]], dtype)
    assert np.isnan(forward(backend, "mse", out, np.ones((1, 2), dtype))[0]).all()
