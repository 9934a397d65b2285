"""All layers: gradients, masks of sites and steps, and backward passes for the last forward pass."""

import re

import numpy as np
import pytest

import numba_dropout as nd
from numba_dropout import layers

LAYERS = {
    "Dropout": lambda masks: layers.Dropout(0.4, masks=masks),
    "many rates": lambda masks: layers.Dropout(np.linspace(0, 1, 5), masks=masks),
    "noise shape": lambda masks: layers.Dropout(0.4, noise_shape=(None, 1, 1, 5), masks=masks),
    "Dropout1d": lambda masks: layers.Dropout1d(0.4, masks=masks),
    "Dropout2d": lambda masks: layers.Dropout2d(0.4, masks=masks),
    "channels last": lambda masks: layers.Dropout2d(0.4, channels_last=True, masks=masks),
    "Dropout3d": lambda masks: layers.Dropout3d(0.4, masks=masks),
    "AlphaDropout": lambda masks: layers.AlphaDropout(0.4, masks=masks),
    "FeatureAlphaDropout": lambda masks: layers.FeatureAlphaDropout(0.4, masks=masks),
    "GaussianDropout": lambda masks: layers.GaussianDropout(0.4, masks=masks),
    "GaussianNoise": lambda masks: layers.GaussianNoise(0.4, masks=masks),
    "StochasticDepth": lambda masks: layers.StochasticDepth(0.4, masks=masks),
    "DropBlock2d": lambda masks: layers.DropBlock2d(0.4, 2, masks=masks),
    "ConcreteDropout": lambda masks: layers.ConcreteDropout(0.4, masks=masks),
}
SHAPES = {"Dropout1d": (4, 3, 5), "Dropout3d": (4, 3, 2, 2, 5)}


def make_layer(name, rng):
    """Return a generator, its second layer, and an input."""
    masks = nd.MaskGenerator(seed=5)
    masks.site()
    return masks, LAYERS[name](masks), rng.standard_normal(SHAPES.get(name, (4, 3, 2, 5)))


def gradient(function, x, dy):
    """Return the gradient of sum(function(x) * dy) by x, for an affine function."""
    base = function(np.zeros_like(x))
    result = np.empty_like(x)
    for index in np.ndindex(x.shape):
        unit = np.zeros_like(x)
        unit[index] = 1
        result[index] = ((function(unit) - base) * dy).sum()
    return result


@pytest.mark.parametrize("name", LAYERS)
def test_gradient(name, rng):
    _, layer, x = make_layer(name, rng)
    x = x[:2]
    dy = rng.standard_normal(x.shape)
    layer(x)
    dx = layer.backward(dy)
    np.testing.assert_allclose(dx, gradient(layer, x, dy), atol=1e-12)


@pytest.mark.parametrize("name", LAYERS)
def test_backward_of_the_last_forward(name, rng):
    """Later changes of the step and of the arguments do not matter, and a repeated pass has the same result."""
    masks, layer, x = make_layer(name, rng)
    y, dy = layer(x), rng.standard_normal(x.shape)
    dx = layer.backward(dy)
    assert np.array_equal(layer(x), y)
    masks.advance()
    (rate,) = {"stddev", "logit", "p"} & set(layer.arguments)
    layer.arguments[rate] = 0.9
    assert np.array_equal(layer.backward(dy), dx)
    assert not np.array_equal(layer(x), y)
    assert not np.array_equal(layer.backward(dy), dx) or name == "GaussianNoise"


@pytest.mark.parametrize("name", LAYERS)
def test_masks_of_sites_and_steps(name, rng):
    masks, layer, _ = make_layer(name, rng)
    second = LAYERS[name](masks)
    x = np.ones((40, *SHAPES.get(name, (4, 3, 2, 5))[1:]))
    first = layer(x)
    assert layer.site != second.site
    assert not np.array_equal(first, second(x))
    masks.advance()
    assert not np.array_equal(first, layer(x))


@pytest.mark.parametrize("name", LAYERS)
def test_evaluation(name, rng):
    _, layer, x = make_layer(name, rng)
    y = layer(x, training=False)
    assert np.array_equal(y, x)
    assert not np.shares_memory(y, x)
    assert np.array_equal(layer.backward(x), x)


def test_backward_without_forward():
    with pytest.raises(ValueError, match="backward: expected a forward before it"):
        layers.Dropout(masks=nd.MaskGenerator(seed=1)).backward(np.ones(3))


def test_backward_after_a_failed_forward():
    layer = layers.Dropout(0.5, masks=nd.MaskGenerator(seed=1))
    with pytest.raises(TypeError, match="x: expected an array of float32, float64, float16 or bfloat16, got int64"):
        layer(np.arange(3))
    with pytest.raises(ValueError, match="backward: expected a forward before it"):
        layer.backward(np.ones(3))


def test_masks_argument():
    with pytest.raises(TypeError, match="masks: expected a MaskGenerator, got 3"):
        layers.Dropout(masks=3)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", LAYERS)
def test_shape_of_the_gradient(name, training, rng):
    _, layer, x = make_layer(name, rng)
    y = layer(x, training=training)
    for dy in (np.ones((3, 3)), y[..., :1], np.ones((*y.shape, 1)), y[:-1].tolist()):
        with pytest.raises(ValueError, match=re.escape(f"dy: expected shape {y.shape}, got {np.shape(dy)}")):
            layer.backward(dy)
    layer.backward(y.tolist())
