"""The kernel of max-norm against NumPy."""

import numpy as np
import pytest
from backends import cpu_only, full_precision

TOLERANCE = {"float32": 1e-6, "float64": 1e-13}


def scaled_to_norm(weight, limit):
    """Return rows scaled down to a norm."""
    norms = np.linalg.norm(weight.astype(np.float64), axis=1)
    return weight * np.minimum(1, limit / np.maximum(norms, 1e-30))[:, None]


@full_precision
@pytest.mark.parametrize("inputs", [1, 100, 300])
def test_max_norm(backend, dtype, inputs, rng):
    weight = rng.standard_normal((4, inputs)).astype(dtype)
    weight[2] *= 1e-3
    weight[3] *= 1e25  # its squares overflow float32
    result = backend.run("max_norm", weight, 0.5)[0]
    np.testing.assert_allclose(result, scaled_to_norm(weight, 0.5), rtol=TOLERANCE[dtype])


@cpu_only
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(3, 4), (1, 1), (5, 0), (130, 128)])
def test_limit_between_the_norms(backend, dtype, shape, rng):
    weight = rng.standard_normal(shape).astype(dtype)
    limit = np.median(np.linalg.norm(weight.astype(np.float64), axis=1)) if weight.size else 1.0
    result = backend.run("max_norm", weight, limit)[0]
    np.testing.assert_allclose(result, scaled_to_norm(weight, limit), rtol=10 * TOLERANCE[dtype])
    assert (np.linalg.norm(result.astype(np.float64), axis=1) <= limit * (1 + 1e-6)).all()


def test_squares_do_not_overflow(backend):
    result = backend.run("max_norm", np.full((2, 4), 1e20, np.float32), 3.0)[0]
    np.testing.assert_allclose(result, 1.5, rtol=1e-6)
