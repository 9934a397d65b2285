"""Linear layers and their gradients against NumPy in float64."""

import itertools

import numpy as np
import pytest
from backends import full_precision
from exact import check_backward, check_forward, check_layer, layer
from floats import DTYPES

import numba_dropout as nd

SMALL = list(itertools.product([0, 1, 2, 3, 4, 5, 9], repeat=3))
LARGE = [
    (300, 20, 12),
    (1000, 7, 10),
    *(pytest.param(shape, marks=pytest.mark.jit_only) for shape in [(128, 784, 130), (5, 1000, 257), (257, 64, 128)]),
]


@full_precision
def test_values(backend, dtype, rng):
    x, w, b, dy = layer(rng, 4, 5, 6, dtype)
    arrays = {name: backend.array(a) for name, a in {"x": x, "w": w, "b": b, "dy": dy}.items()}
    check_forward(backend.numpy(nd.linear(arrays["x"], arrays["w"], arrays["b"])), x, w, b)
    check_forward(backend.numpy(nd.linear(arrays["x"], arrays["w"])), x, w, None)
    gradients = nd.linear_backward(arrays["dy"], arrays["x"], arrays["w"])
    check_backward([backend.numpy(gradient) for gradient in gradients], dy, x, w)


@pytest.mark.parametrize("dtype", DTYPES)
def test_small_shapes(dtype, rng):
    for rows, inputs, units in SMALL:
        check_layer(rng, rows, inputs, units, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
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


def test_out(rng):
    x, w, b, dy = layer(rng, 6, 5, 4, np.float64)
    out = np.empty((6, 8))[:, ::2]
    assert nd.linear(x, w, b, out=out) is out
    assert np.array_equal(out, nd.linear(x, w, b))
    outs = np.empty_like(x), np.empty_like(w), np.empty_like(b)
    assert all(a is b for a, b in zip(nd.linear_backward(dy, x, w, out=outs), outs, strict=True))
    assert np.allclose(outs[0], dy @ w)


def test_nan_and_infinity():
    x = np.array([[1.0, np.inf], [np.nan, 0.0], [2.0, 3.0]])
    y = nd.linear(x, np.array([[1.0, 1.0], [0.0, -1.0]]), np.zeros(2))
    assert np.array_equal(y, [[np.inf, -np.inf], [np.nan, np.nan], [5.0, -3.0]], equal_nan=True)


@pytest.mark.parametrize(
    ("x", "w", "b", "error", "message"),
    [
        (np.ones((2, 3)), np.ones((4, 2)), None, ValueError, r"weight: expected shape \(out_features, 3\)"),
        (np.ones((6, 4)), np.ones((4, 5)), None, ValueError, r"weight: expected shape \(out_features, 4\)"),
        (np.ones((2, 3)), np.ones((4, 3)), np.ones(3), ValueError, r"bias: expected shape \(4,\), got \(3,\)"),
        (np.ones((2, 3)), np.ones((4, 3)), np.ones(5), ValueError, r"bias: expected shape \(4,\), got \(5,\)"),
        (np.ones((2, 3)), np.ones((4, 3)), np.ones((4, 1)), ValueError, r"bias: .* \(4,\), got \(4, 1\)"),
        (np.ones((2, 3)), np.ones((4, 3)), np.ones(0), ValueError, r"bias: expected shape \(4,\), got \(0,\)"),
        (
            np.ones((2, 3), np.float32),
            np.ones((4, 3), np.float32),
            np.ones(4),
            TypeError,
            "bias: expected dtype float32",
        ),
        (np.ones((2, 3)), np.ones((4, 3), np.float32), None, TypeError, "weight: expected dtype float64"),
        (np.ones((2, 3)), np.ones(3), None, ValueError, "weight: expected 2 dimensions"),
        (np.float64(1), np.ones((4, 3)), None, ValueError, "x: expected at least 1 dimension"),
        (np.ones((2, 3), int), np.ones((4, 3)), None, TypeError, "x: expected an array of float32 or float64"),
    ],
)
def test_forward_errors(x, w, b, error, message):
    with pytest.raises(error, match=message):
        nd.linear(x, w, b)


@pytest.mark.parametrize("dy", [np.ones((5, 6)), np.ones((5, 5))])
def test_backward_errors(dy):
    with pytest.raises(ValueError, match=r"dy: expected shape \(6, 5\)"):
        nd.linear_backward(dy, np.ones((6, 4)), np.ones((5, 4)))


def test_overlapping_out():
    x = np.ones((3, 3))
    with pytest.raises(ValueError, match="overlaps"):
        nd.linear(x, np.ones((3, 3)), out=x)
    with pytest.raises(ValueError, match="overlaps"):
        nd.linear_backward(np.ones((3, 3)), x, np.ones((3, 3)), out=(x, np.ones((3, 3)), np.ones(3)))
    with pytest.raises(ValueError, match="overlaps"):
        nd.linear_backward(np.ones((3, 3)), x, np.ones((3, 3)), out=(y := np.ones((3, 3)), y, np.ones(3)))
    halves = np.ones((3, 6))
    assert (nd.linear(halves[:, ::2], np.ones((3, 3)), out=halves[:, 1::2]) == 3).all()
