"""Linear layer, ReLU and dropout as one operation."""

import numpy as np
import pytest
from backends import full_precision
from dropout_oracles import masked_dropout
from exact import layer

import numba_dropout as nd
from numba_dropout import reference

AT = {"seed": 5, "stream": 2, "step": 3, "offset": 11}


@full_precision
@pytest.mark.parametrize("p", [0, 0.3, 1])
def test_values(backend, dtype, p, rng):
    x, w, b, dy = layer(rng, 4, 5, 6, dtype)
    arrays = [backend.array(a) for a in (x, w, b)]
    hidden = np.maximum(x.astype(np.float64) @ w.T + b, 0)
    mask = reference.sample_mask(hidden.shape, p, **AT)
    y = nd.linear_relu_dropout(*arrays, p, **AT)
    close = {"rtol": 2e-4, "atol": 2e-6}
    np.testing.assert_allclose(backend.numpy(y), masked_dropout(hidden, mask, p), **close)
    dh = masked_dropout(np.where(hidden > 0, dy.astype(np.float64), 0), mask, p)
    gradient = backend.array(dy)
    results = nd.linear_relu_dropout_backward(gradient, y, *arrays[:2], p)
    for result, expected in zip(results, (dh @ w, dh.T @ x, dh.sum(0)), strict=True):
        np.testing.assert_allclose(backend.numpy(result), expected, **close)
    assert np.array_equal(backend.numpy(gradient), dy)
    y = nd.linear_relu_dropout(*arrays, p, training=False)
    np.testing.assert_allclose(backend.numpy(y), hidden, **close)


@pytest.mark.parametrize("p", [0, 0.3, 1])
def test_composition(p, rng):
    """The result is that of the three operations."""
    x, w, b, dy = layer(rng, 9, 6, 5, np.float64)
    y = nd.linear_relu_dropout(x, w, b, p, **AT)
    hidden = nd.relu(nd.linear(x, w, b))
    assert np.array_equal(y, nd.dropout(hidden, p, **AT))
    dh = nd.relu_backward(nd.dropout_backward(dy, p, **AT), hidden)
    before = dy.copy()
    expected = nd.linear_backward(dh, x, w)
    for result, gradient in zip(nd.linear_relu_dropout_backward(dy, y, x, w, p), expected, strict=True):
        assert np.allclose(result, gradient, rtol=1e-14, atol=0)
    assert np.array_equal(dy, before)
    assert np.array_equal(nd.linear_relu_dropout(x, w, b, p, training=False), hidden)


def test_wide_layer(rng):
    x, w, b, dy = layer(rng, 150, 3, 130, np.float64)
    y = nd.linear_relu_dropout(x, w, b, 0.4, seed=5)
    assert np.array_equal(y, nd.dropout(nd.relu(nd.linear(x, w, b)), 0.4, seed=5))
    for p, out in ((0.4, y), (0, nd.linear_relu_dropout(x, w, b, 0, seed=5))):
        dx, _, db = nd.linear_relu_dropout_backward(dy, out, x, w, p)
        dh = np.where(out > 0, dy / (1 - p), 0)
        assert np.allclose(dx, dh @ w, rtol=1e-8)
        assert np.allclose(db, dh.sum(0), rtol=1e-8)


@pytest.mark.parametrize(
    ("rows_of_y", "rows_of_x", "units", "message"),
    [
        (5, 6, 5, r"y: expected shape \(6, 5\)"),
        (6, 5, 5, r"dy: expected shape \(5, 5\)"),
        (6, 6, 4, r"dy: expected shape \(6, 4\)"),
    ],
)
def test_backward_errors(rows_of_y, rows_of_x, units, message):
    dy, y, x, w = np.ones((6, 5)), np.ones((rows_of_y, 5)), np.ones((rows_of_x, 4)), np.ones((units, 4))
    with pytest.raises(ValueError, match=message):
        nd.linear_relu_dropout_backward(dy, y, x, w, 0.5)
