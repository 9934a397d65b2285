"""Dropout as a layer."""

import numpy as np
import pytest
from layer_checks import check_functions

import numba_dropout as nd
from numba_dropout import layers


@pytest.mark.parametrize(
    "arguments", [{"p": 0.4}, {"p": np.linspace(0, 1, 5)}, {"p": 0.4, "noise_shape": (None, 1, 5)}]
)
def test_functions(backend, arguments):
    check_functions(backend, layers.Dropout, nd.dropout, nd.dropout_backward, (2, 3, 5), **arguments)


def test_chunks(rng):
    layer = layers.Dropout(0.4, masks=nd.MaskGenerator(seed=5))
    x = rng.standard_normal((4, 3, 2, 5))
    full = layer(x)
    assert np.array_equal(layer(x[2:], offset=2 * x[0].size), full[2:])
    assert np.array_equal(layer.backward(np.ones_like(x[2:])) != 0, full[2:] != 0)


def test_rates_that_change_after_forward():
    rates = np.full(6, 0.2)
    layer = layers.Dropout(rates, masks=nd.MaskGenerator(seed=1))
    y = layer(np.ones(6))
    rates[:] = 0.9
    assert np.array_equal(layer.backward(np.ones(6)), y)


def test_given_mask(rng):
    """The mask may change after the forward pass."""
    layer = layers.Dropout(0.5, masks=nd.MaskGenerator(seed=1))
    mask, x = rng.random((3, 4)) < 0.5, rng.standard_normal((3, 4))
    buffer = mask.copy()
    assert np.array_equal(layer(x, mask=buffer), nd.dropout(x, 0.5, mask=mask))
    buffer[:] = ~buffer
    assert np.array_equal(layer.backward(x), nd.dropout_backward(x, 0.5, mask=mask))
    assert np.array_equal(layer(x, mask=mask, training=False), x)


def test_repr():
    assert repr(layers.Dropout(0.4, masks=nd.MaskGenerator(seed=1))) == "Dropout(p=0.4, site=0)"


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"p": 1.5}, ValueError, "between 0 and 1, but got 1.5"),
        ({"p": [0.5, -1]}, ValueError, r"but got -1.0 at \[1\]"),
        ({"noise_shape": "ab"}, TypeError, "noise_shape: expected a sequence"),
        ({"noise_shape": (1.5, 2)}, TypeError, "noise_shape: expected an integer"),
    ],
)
def test_errors(arguments, error, message):
    masks = nd.MaskGenerator(seed=1)
    with pytest.raises(error, match=message):
        layers.Dropout(**arguments, masks=masks)
    assert masks.sites == 0


def test_shape_of_the_gradient_with_a_given_mask():
    layer = layers.Dropout(0.5, masks=nd.MaskGenerator(seed=1))
    layer(np.ones((50, 20)), mask=np.ones((50, 20), bool))
    with pytest.raises(ValueError, match=r"dy: expected shape \(50, 20\), got \(3, 3\)"):
        layer.backward(np.ones((3, 3)))
