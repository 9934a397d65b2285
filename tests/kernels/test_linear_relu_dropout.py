"""Kernels of hidden layers on integers, whose sums of products are exact in float32."""

import numpy as np
import pytest
from backends import full_precision, position, scale, threshold
from dtypes import scalar
from exact import whole_layer

from numba_dropout import reference

cases = pytest.mark.parametrize(("shape", "offset"), [((5, 7, 9), 0), ((5, 7, 9), 2**62 + 1), ((3, 20, 66), 5)])


@full_precision
@cases
def test_linear_relu_dropout_forward(backend, dtype, shape, offset, rng):
    x, w, b, dy = whole_layer(rng, *shape, dtype)
    at, out = position(7, 3, 1, offset), np.empty_like(dy)
    y = np.maximum(x @ w.T + b, 0)
    arguments = out, x, w, b, threshold(0), scale(0, dtype), *at
    assert np.array_equal(backend.run("linear_relu_dropout_forward", *arguments)[0], y)
    mask = reference.sample_mask(y.shape, 0.3, seed=7, stream=3, step=1, offset=offset)
    arguments = out, x, w, b, threshold(0.3), scale(0.3, dtype), *at
    result = backend.run("linear_relu_dropout_forward", *arguments)[0]
    assert np.array_equal(result, np.where(mask, y * scale(0.3, dtype), 0))


@full_precision
@cases
def test_linear_relu_dropout_backward(backend, dtype, shape, offset, rng):
    x, w, b, dy = whole_layer(rng, *shape, dtype)
    mask = reference.sample_mask(dy.shape, 0.3, seed=7, stream=3, step=1, offset=offset)
    y = np.where(mask, np.maximum(x @ w.T + b, 0), 0).astype(dtype)
    gradients = np.empty_like(x), np.empty_like(w), np.empty_like(b)
    dx, dw, db, dsum = backend.run("linear_relu_dropout_backward", *gradients, dy, y, x, w, scalar(2, dtype))[:4]
    expected = np.where(y > 0, 2 * dy, 0)
    assert np.array_equal(dsum, expected)
    assert np.array_equal(dx, expected @ w)
    assert np.array_equal(dw, expected.T @ x)
    assert np.array_equal(db, expected.sum(0))
