"""Float arrays: dtypes, special values, and comparisons bit for bit."""

import numpy as np

DTYPES = ["float32", "float64"]


def special_values(shape, dtype, rng):
    """Return normal numbers, and -0, NaN and infinity among them."""
    x = rng.standard_normal(shape).astype(dtype)
    x[rng.random(shape) < 0.1] = -0.0
    x[rng.random(shape) < 0.1] = np.nan
    x[rng.random(shape) < 0.1] = np.inf
    return x


def same_bits(a, b):
    """Compare bit for bit: -0 is not +0, and NaN is NaN."""
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def same_result(backend, result, expected):
    """Compare an array of a backend with a NumPy array bit for bit. CUDA may return other bits for NaN."""
    result = backend.numpy(result)
    if backend.name == "cuda":
        result = np.where(np.isnan(result), result.dtype.type(np.nan), result)
    return same_bits(result, expected)
