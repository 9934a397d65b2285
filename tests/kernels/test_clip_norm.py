"""The kernel of gradient clipping against NumPy."""

import numpy as np
import pytest
from backends import cpu_only, full_precision

from numba_dropout.kernels.scalar.constants import SUMS

TOLERANCE = {"float32": 1e-6, "float64": 1e-13}


@full_precision
@pytest.mark.parametrize("factor", [1e-6, 1e25])
@pytest.mark.parametrize("size", [1, 300])
def test_clip_norm(backend, dtype, size, factor, rng):
    """The squares of the larger gradient overflow float32."""
    gradient = rng.standard_normal(size).astype(dtype) * np.dtype(dtype).type(factor)
    hyperparameters = np.array([0.1, 0.25], dtype)
    expected = gradient * min(1, 0.25 / np.linalg.norm(gradient.astype(np.float64)))
    result = backend.run("clip_norm", gradient, np.full(SUMS, np.nan), hyperparameters)[0]
    np.testing.assert_allclose(result, expected, rtol=TOLERANCE[dtype])


@cpu_only
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [1, 40, pytest.param(100_000, marks=pytest.mark.jit_only)])
@pytest.mark.parametrize("share", [0.25, 1.5])
def test_limit_as_a_share_of_the_norm(backend, dtype, size, share, rng):
    gradient = rng.standard_normal(size).astype(dtype)
    hyperparameters = np.array([7, share * np.linalg.norm(gradient.astype(np.float64))], dtype)
    result = backend.run("clip_norm", gradient, np.full(SUMS, np.nan), hyperparameters)[0]
    np.testing.assert_allclose(result, gradient * min(1, share), rtol=10 * TOLERANCE[dtype])
