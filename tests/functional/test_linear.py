"""Linear layers and their gradients against NumPy in float64."""

import itertools

import numpy as np
import pytest
from exact import check_layer, layer

import numba_dropout as nd

SMALL = list(itertools.product([0, 1, 2, 3, 4, 5, 9], repeat=3))
LARGE = [
    (300, 20, 12),
    (1000, 7, 10),
    *(pytest.param(shape, marks=pytest.mark.jit_only) for shape in [(128, 784, 130), (5, 1000, 257), (257, 64, 128)]),
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_small_shapes(dtype, rng):
    for rows, inputs, units in SMALL:
        check_layer(rng, rows, inputs, units, dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", LARGE)
def test_large_shapes(shape, dtype, rng):
    check_layer(rng, *shape, dtype)


def test_leading_dimensions_vectors_and_layouts(rng):
    x, w, b, dy = layer(rng, 6, 5, 4, np.float64)
    plain = nd.linear(x, w, b)
    assert np.array_equal(nd.linear(x.reshape(2, 3, 5), w, b), plain.reshape(2, 3, 4))
    assert np.allclose(nd.linear(x[0], w, b), plain[0])
    assert np.array_equal(nd.linear(np.asfortranarray(x), np.asfortranarray(w), b), plain)
    w.flags.writeable = False
    dx, dw, db = nd.linear_backward(dy.reshape(2, 3, 4), x.reshape(2, 3, 5), w)
    assert (dx.shape, dw.shape, db.shape) == ((2, 3, 5), (4, 5), (4,))
    assert np.allclose(dw, dy.T @ x)


def test_out_is_used(rng):
    x, w, b, dy = layer(rng, 6, 5, 4, np.float64)
    out = np.empty((6, 8))[:, ::2]
    assert nd.linear(x, w, b, out=out) is out
    assert np.array_equal(out, nd.linear(x, w, b))
    outs = np.empty_like(x), np.empty_like(w), np.empty_like(b)
    assert all(a is b for a, b in zip(nd.linear_backward(dy, x, w, out=outs), outs, strict=True))
    assert np.allclose(outs[0], dy @ w)


def test_nan_and_infinity_go_where_arithmetic_says():
    x = np.array([[1.0, np.inf], [np.nan, 0.0], [2.0, 3.0]])
    y = nd.linear(x, np.array([[1.0, 1.0], [0.0, -1.0]]), np.zeros(2))
    assert np.array_equal(y, [[np.inf, -np.inf], [np.nan, np.nan], [5.0, -3.0]], equal_nan=True)


@pytest.mark.parametrize(
    ("x", "w", "b", "error", "message"),
    [
        (np.ones((2, 3)), np.ones((4, 2)), None, ValueError, r"weight: expected shape \(out_features, 3\)"),
        (np.ones((2, 3)), np.ones((4, 3)), np.ones(3), ValueError, r"bias: expected shape \(4,\), got \(3,\)"),
        (np.ones((2, 3)), np.ones((4, 3), np.float32), None, TypeError, "weight: expected dtype float64"),
        (np.ones((2, 3)), np.ones(3), None, ValueError, "weight: expected 2 dimensions"),
        (np.float64(1), np.ones((4, 3)), None, ValueError, "x: expected at least 1 dimension"),
        (np.ones((2, 3), int), np.ones((4, 3)), None, TypeError, "x: expected an array of float32 or float64"),
    ],
)
def test_refusals(x, w, b, error, message):
    with pytest.raises(error, match=message):
        nd.linear(x, w, b)


def test_overlapping_out_is_refused():
    x = np.ones((3, 3))
    with pytest.raises(ValueError, match="overlaps"):
        nd.linear(x, np.ones((3, 3)), out=x)
    with pytest.raises(ValueError, match="overlaps"):
        nd.linear_backward(np.ones((3, 3)), x, np.ones((3, 3)), out=(x, np.ones((3, 3)), np.ones(3)))
    with pytest.raises(ValueError, match="overlaps"):
        nd.linear_backward(np.ones((3, 3)), x, np.ones((3, 3)), out=(y := np.ones((3, 3)), y, np.ones(3)))
    halves = np.ones((3, 6))
    assert (nd.linear(halves[:, ::2], np.ones((3, 3)), out=halves[:, 1::2]) == 3).all()


@pytest.mark.parametrize("p", [0, 0.3, 1])
def test_a_hidden_layer_is_its_three_operations(p, rng):
    x, w, b, dy = layer(rng, 9, 6, 5, np.float64)
    where = {"seed": 5, "stream": 2, "step": 3, "offset": 11}
    y = nd.linear_relu_dropout(x, w, b, p, **where)
    hidden = nd.relu(nd.linear(x, w, b))
    assert np.array_equal(y, nd.dropout(hidden, p, **where))
    dh = nd.relu_backward(nd.dropout_backward(dy, p, **where), hidden)
    kept = dy.copy()
    for got, wanted in zip(nd.linear_relu_dropout_backward(dy, y, x, w, p), nd.linear_backward(dh, x, w), strict=True):
        assert np.allclose(got, wanted, rtol=1e-14, atol=0)
    assert np.array_equal(dy, kept)
    assert np.array_equal(nd.linear_relu_dropout(x, w, b, p, training=False), hidden)


def test_relu_on_an_array_for_all_threads(rng):
    x, dy = rng.standard_normal((2, 2**14 + 7)).astype(np.float32)
    y = nd.relu(x)
    assert np.array_equal(y, np.maximum(x, 0))
    assert np.array_equal(nd.relu_backward(dy, y), np.where(x > 0, dy, 0))


def test_a_wide_hidden_layer(rng):
    x, w, b, dy = layer(rng, 150, 3, 130, np.float64)
    y = nd.linear_relu_dropout(x, w, b, 0.4, seed=5)
    assert np.array_equal(y, nd.dropout(nd.relu(nd.linear(x, w, b)), 0.4, seed=5))
    for p, out in ((0.4, y), (0, nd.linear_relu_dropout(x, w, b, 0, seed=5))):
        dx, _, db = nd.linear_relu_dropout_backward(dy, out, x, w, p)
        dh = np.where(out > 0, dy / (1 - p), 0)
        assert np.allclose(dx, dh @ w, rtol=1e-8)
        assert np.allclose(db, dh.sum(0), rtol=1e-8)


def test_relu_keeps_nan_and_makes_positive_zeros():
    x = np.array([-1.0, -0.0, 0.0, 2.0, np.nan, -np.inf, np.inf])
    y = nd.relu(x)
    assert y.tobytes() == np.array([0.0, 0.0, 0.0, 2.0, np.nan, 0.0, np.inf]).tobytes()
    dx = nd.relu_backward(np.arange(1.0, 8.0), y)
    assert dx.tolist() == [0, 0, 0, 4, 0, 0, 7]
    assert nd.relu(x, out=x) is x
    with pytest.raises(ValueError, match="y: expected shape"):
        nd.relu_backward(np.ones(3), np.ones(4))
    with pytest.raises(TypeError, match="y: expected dtype"):
        nd.relu_backward(np.ones(3), np.ones(3, np.float32))
