"""Kernels of hidden layers with any activation, against formulas in float64."""

import numpy as np
import pytest
from activation_formulas import FORMULAS
from backends import full_precision, position, scale, threshold
from exact import layer

from numba_dropout import reference
from numba_dropout.kernels.scalar.activations import ACTIVATIONS

CLOSE = {"float32": {"rtol": 2e-5, "atol": 2e-6}, "float64": {"rtol": 1e-12, "atol": 1e-13}}


def test_names():
    assert set(FORMULAS) == set(ACTIVATIONS)


@full_precision
@pytest.mark.parametrize(
    ("activation", "shape", "offset"), [*((name, (5, 7, 9), 2**62 + 1) for name in FORMULAS), ("gelu", (3, 20, 66), 5)]
)
def test_linear_dropout(backend, dtype, activation, shape, offset, rng):
    x, w, b, dy = layer(rng, *shape, dtype)
    value, slope = FORMULAS[activation]
    products = x.astype(np.float64) @ w.T + b
    y, slopes = value(products), slope(products)
    mask = reference.sample_mask(y.shape, 0.3, seed=7, stream=3, step=1, offset=offset)
    at = position(7, 3, 1, offset)
    kernel = backend.kernels.linear_dropout(activation)
    for p, kept, factor in ((0, True, 1), (0.3, mask, scale(0.3, dtype))):
        for with_slopes in (False, True):
            arrays = np.empty_like(dy), np.empty_like(dy) if with_slopes else np.empty((0, shape[2]), dtype), x, w, b
            copies = [backend.array(array) for array in arrays]
            kernel(*copies, threshold(p), scale(p, dtype), *at)
            np.testing.assert_allclose(backend.numpy(copies[0]), np.where(kept, y * factor, 0), **CLOSE[dtype])
            if with_slopes:
                result = backend.numpy(copies[1])
                np.testing.assert_allclose(result, np.where(kept, slopes * factor, 0), **CLOSE[dtype])


@full_precision
def test_linear_backward_product(backend, dtype, rng):
    x, w, _, dy = layer(rng, 5, 7, 9, dtype)
    slopes = rng.standard_normal(x.shape).astype(dtype)
    slopes[2] = 0
    w[0, 0] = np.nan
    expected = np.where(slopes != 0, dy.astype(np.float64) @ w * slopes, 0)
    result = backend.run("linear_backward_product", np.empty_like(x), dy, w, slopes)[0]
    np.testing.assert_allclose(result, expected, **CLOSE[dtype])
    assert not result[2].any()


@full_precision
def test_multiply_slopes(backend, dtype, rng):
    dout, slopes = rng.standard_normal((2, 100)).astype(dtype)
    slopes[:10], dout[5], dout[20] = 0, np.nan, np.nan
    expected = np.where(slopes != 0, dout * slopes, 0)
    result = backend.run("multiply_slopes", dout, dout, slopes)[0]
    assert np.array_equal(result, expected, equal_nan=True)
