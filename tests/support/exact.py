"""Products against NumPy in float64: integers exactly, others within the rounding bound of a sum in any order."""

import numpy as np

import numba_dropout as nd


def layer(rng, rows, inputs, units, dtype):
    """Return normal x (rows, inputs), weight (units, inputs), bias (units,) and dy (rows, units)."""
    shapes = [(rows, inputs), (units, inputs), (units,), (rows, units)]
    return [rng.standard_normal(shape).astype(dtype) for shape in shapes]


def whole_layer(rng, rows, inputs, units, dtype):
    """Return the same in integers from -4 to 4, whose sums of products are exact in float32."""
    shapes = [(rows, inputs), (units, inputs), (units,), (rows, units)]
    return [rng.integers(-4, 5, shape).astype(dtype) for shape in shapes]


def bound(depth, dtype, magnitude):
    """Return the largest error of a sum of `depth` products in any order."""
    return (depth + 2) * np.finfo(dtype).eps * magnitude + np.finfo(dtype).tiny


def check(value, exact, magnitude, depth):
    assert value.shape == exact.shape
    assert (np.abs(value - exact) <= bound(depth, value.dtype, magnitude)).all()


def check_forward(value, x, w, b):
    """Compare a layer's output. A bias of None means no bias."""
    x, w, b = (np.zeros(1) if a is None else a.astype(np.float64) for a in (x, w, b))
    check(value, x @ w.T + b, np.abs(x) @ np.abs(w.T) + np.abs(b), x.shape[1])


def check_backward(values, dy, x, w):
    """Compare a layer's three gradients."""
    dy, x, w = (a.astype(np.float64) for a in (dy, x, w))
    check(values[0], dy @ w, np.abs(dy) @ np.abs(w), w.shape[0])
    check(values[1], dy.T @ x, np.abs(dy.T) @ np.abs(x), len(x))
    check(values[2], dy.sum(0), np.abs(dy).sum(0), len(x))


def check_layer(rng, rows, inputs, units, dtype):
    x, w, b, dy = layer(rng, rows, inputs, units, dtype)
    check_forward(nd.linear(x, w, b), x, w, b)
    check_forward(nd.linear(x, w), x, w, None)
    check_backward(nd.linear_backward(dy, x, w), dy, x, w)


def check_whole_layer(rng, rows, inputs, units, dtype):
    x, w, b, dy = whole_layer(rng, rows, inputs, units, dtype)
    exact_inputs = [a.astype(np.float64) for a in (x, w, b, dy)]
    results = [nd.linear(x, w, b), nd.linear(x, w), *nd.linear_backward(dy, x, w)]
    product = exact_inputs[0] @ exact_inputs[1].T
    exact = [
        product + exact_inputs[2],
        product,
        exact_inputs[3] @ exact_inputs[1],
        exact_inputs[3].T @ exact_inputs[0],
        exact_inputs[3].sum(0),
    ]
    names = "linear", "linear without a bias", "dx", "dweight", "dbias"
    for name, result, expected in zip(names, results, exact, strict=True):
        assert np.array_equal(result, expected), f"{name} of {rows} rows, {inputs} inputs, {units} units in {x.dtype}"
