"""A hidden layer with any activation as one operation."""

import itertools

import numpy as np
import pytest
from activation_formulas import FORMULAS
from backends import full_precision
from dropout_oracles import masked_dropout
from exact import layer

import numba_dropout as nd
from numba_dropout import reference

AT = {"seed": 5, "stream": 2, "step": 3, "offset": 11}


@full_precision
@pytest.mark.parametrize(
    ("activation", "p"),
    [
        pytest.param(name, p, marks=[] if p == 0.3 or name in ("relu", "gelu") else pytest.mark.plain_only)
        for name, p in itertools.product(FORMULAS, (0, 0.3, 1))
    ],
)
def test_values(backend, dtype, activation, p, rng):
    x, w, b, dy = layer(rng, 4, 5, 6, dtype)
    value, slope = FORMULAS[activation]
    arrays, slopes = [backend.array(a) for a in (x, w, b)], backend.array(np.empty_like(dy))
    products = x.astype(np.float64) @ w.T + b
    mask = reference.sample_mask(products.shape, p, **AT)
    y = nd.linear_dropout(*arrays, p, activation=activation, slopes=slopes, **AT)
    close = {"rtol": 2e-4, "atol": 2e-6}
    np.testing.assert_allclose(backend.numpy(y), masked_dropout(value(products), mask, p), **close)
    dh = masked_dropout(dy.astype(np.float64), mask, p) * slope(products)
    gradient = backend.array(dy)
    results = nd.linear_dropout_backward(gradient, slopes, *arrays[:2])
    for result, expected in zip(results, (dh @ w, dh.T @ x, dh.sum(0)), strict=True):
        np.testing.assert_allclose(backend.numpy(result), expected, **close)
    assert np.array_equal(backend.numpy(gradient), dy)
    y = nd.linear_dropout(*arrays, p, activation=activation, training=False)
    np.testing.assert_allclose(backend.numpy(y), value(products), **close)


def test_relu(rng):
    """The result is that of `linear_relu_dropout`."""
    x, w, b, _ = layer(rng, 9, 6, 5, np.float64)
    assert np.array_equal(nd.linear_dropout(x, w, b, 0.4, **AT), nd.linear_relu_dropout(x, w, b, 0.4, **AT))


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"activation": "swish"}, "activation: expected one of relu, .*, got 'swish'"),
        ({"p": 1.5}, "between 0 and 1, but got 1.5"),
        ({"slopes": np.empty((4, 5))}, r"slopes: expected shape \(4, 6\)"),
    ],
)
def test_refused_arguments(choices, message, rng):
    x, w, b, _ = layer(rng, 4, 5, 6, np.float64)
    with pytest.raises(ValueError, match=message):
        nd.linear_dropout(x, w, b, **{"p": 0.5, "seed": 0, **choices})
