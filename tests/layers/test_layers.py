"""Layers: sites and steps, and a backward pass that belongs to the forward pass before it."""

import sys
import threading

import numpy as np
import pytest

import numba_dropout as nd
from numba_dropout import layers

MAKE = {
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


def made(name, rng, step=0):
    """Return a generator, a layer that is not its first, and an input."""
    masks = nd.MaskGenerator(seed=5, step=step)
    masks.site()
    return masks, MAKE[name](masks), rng.standard_normal(SHAPES.get(name, (4, 3, 2, 5)))


def gradient(function, x, dy):
    """Return the gradient of sum(function(x) * dy) by x, of a function that is linear but for a constant."""
    base = function(np.zeros_like(x))
    result = np.empty_like(x)
    for place in np.ndindex(x.shape):
        unit = np.zeros_like(x)
        unit[place] = 1
        result[place] = ((function(unit) - base) * dy).sum()
    return result


@pytest.mark.parametrize("name", MAKE)
def test_the_backward_pass_is_the_derivative(name, rng):
    _, layer, x = made(name, rng)
    x = x[:2]
    dy = rng.standard_normal(x.shape)
    layer(x)
    dx = layer.backward(dy)
    np.testing.assert_allclose(dx, gradient(layer, x, dy), atol=1e-12)


@pytest.mark.parametrize("name", MAKE)
def test_the_backward_pass_belongs_to_the_forward_pass(name, rng):
    """Whatever the generator and the arguments have come to meanwhile; and a pass that is repeated gives the same."""
    masks, layer, x = made(name, rng)
    y, dy = layer(x), rng.standard_normal(x.shape)
    dx = layer.backward(dy)
    assert np.array_equal(layer(x), y)
    masks.advance()
    (rate,) = {"stddev", "logit", "p"} & set(layer.arguments)
    layer.arguments[rate] = 0.9
    assert np.array_equal(layer.backward(dy), dx)
    assert not np.array_equal(layer(x), y)
    assert not np.array_equal(layer.backward(dy), dx) or name == "GaussianNoise"


@pytest.mark.parametrize("name", MAKE)
def test_layers_share_no_mask(name, rng):
    masks, layer, _ = made(name, rng)
    other = MAKE[name](masks)
    x = np.ones((40, *SHAPES.get(name, (4, 3, 2, 5))[1:]))
    first = layer(x)
    assert layer.site != other.site
    assert not np.array_equal(first, other(x))
    masks.advance()
    assert not np.array_equal(first, layer(x))


@pytest.mark.parametrize("name", MAKE)
def test_evaluation(name, rng):
    _, layer, x = made(name, rng)
    y = layer(x, training=False)
    assert np.array_equal(y, x)
    assert not np.shares_memory(y, x)
    assert np.array_equal(layer.backward(x), x)


def test_a_piece_of_a_batch(rng):
    _, layer, x = made("Dropout", rng)
    whole = layer(x)
    assert np.array_equal(layer(x[2:], offset=2 * x[0].size), whole[2:])
    assert np.array_equal(layer.backward(np.ones_like(x[2:])) != 0, whole[2:] != 0)


@pytest.mark.parametrize("training", [True, False])
def test_dropped_weights(training, rng):
    masks = nd.MaskGenerator(seed=5)
    x, weight, bias, dy = (rng.standard_normal(s) for s in ((4, 6), (5, 6), (5,), (4, 5)))
    layer = layers.DropConnect(weight, bias, 0.4, masks=masks)
    y = layer(x, training=training)
    at = {"seed": 5, "stream": 0, "step": 0}
    dropped = nd.dropout(weight, 0.4, **at) if training else weight
    np.testing.assert_allclose(y, x @ dropped.T + bias)
    np.testing.assert_allclose(layer.backward(dy), dy @ dropped)
    expected = nd.dropout_backward(dy.T @ x, 0.4, **at) if training else dy.T @ x
    np.testing.assert_allclose(layer.dweight, expected)
    np.testing.assert_allclose(layer.dbias, dy.sum(0))


def test_a_rate_that_is_learnt(rng):
    masks = nd.MaskGenerator(seed=5)
    layer = layers.ConcreteDropout(0.3, masks=masks)
    x, dy = rng.standard_normal((2, 4, 6))
    layer(x)
    layer.backward(dy)
    assert layer.p == pytest.approx(0.3)
    logit, slope = layer.logit, float(layer.dlogit)
    sums = []
    for h in (1e-5, -1e-5):
        layer.logit = logit + h
        sums.append((layer(x) * dy).sum())
    assert slope == pytest.approx((sums[0] - sums[1]) / 2e-5, rel=1e-6)
    layer(x, training=False)
    layer.backward(dy)
    assert layer.dlogit == 0
    with pytest.raises(TypeError, match="logit: expected a number"):
        layer.logit = "a"
    for p in (0, 1, 2):
        with pytest.raises(ValueError, match="between 0 and 1"):
            layers.ConcreteDropout(p, masks=masks)
    with pytest.raises(TypeError, match="p: expected a number"):
        layers.ConcreteDropout("much", masks=masks)


def test_a_backward_pass_needs_a_forward_pass():
    with pytest.raises(ValueError, match="backward: expected a forward before it"):
        layers.Dropout(masks=nd.MaskGenerator(seed=1)).backward(np.ones(3))


def test_what_a_layer_says_of_itself():
    masks = nd.MaskGenerator(seed=1)
    assert repr(layers.Dropout(0.4, masks=masks)) == "Dropout(p=0.4, site=0)"
    assert repr(layers.ConcreteDropout(0.4, masks=masks)) == "ConcreteDropout(p=0.4, site=1)"
    assert repr(layers.DropBlock2d(0.4, 3, masks=masks)) == "DropBlock2d(p=0.4, block_size=3, site=2)"


def test_rates_that_change_between_the_passes():
    rates = np.full(6, 0.2)
    layer = layers.Dropout(rates, masks=nd.MaskGenerator(seed=1))
    y = layer(np.ones(6))
    rates[:] = 0.9
    assert np.array_equal(layer.backward(np.ones(6)), y)


def test_a_mask_that_is_given(rng):
    layer = layers.Dropout(0.5, masks=nd.MaskGenerator(seed=1))
    mask, x = rng.random((3, 4)) < 0.5, rng.standard_normal((3, 4))
    buffer = mask.copy()
    assert np.array_equal(layer(x, mask=buffer), nd.dropout(x, 0.5, mask=mask))
    buffer[:] = ~buffer
    assert np.array_equal(layer.backward(x), nd.dropout_backward(x, 0.5, mask=mask))
    assert np.array_equal(layer(x, mask=mask, training=False), x)


def test_a_forward_pass_that_failed_is_none():
    layer = layers.Dropout(0.5, masks=nd.MaskGenerator(seed=1))
    with pytest.raises(TypeError, match="x: expected an array of float32 or float64, got int64"):
        layer(np.arange(3))
    with pytest.raises(ValueError, match="backward: expected a forward before it"):
        layer.backward(np.ones(3))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda masks: layers.Dropout(1.5, masks=masks), ValueError, "between 0 and 1, but got 1.5"),
        (lambda masks: layers.Dropout([0.5, -1], masks=masks), ValueError, r"but got -1.0 at \[1\]"),
        (lambda masks: layers.GaussianDropout(1.0, masks=masks), ValueError, "p: expected a probability below 1"),
        (lambda masks: layers.GaussianNoise(-1.0, masks=masks), ValueError, "stddev: expected a number at least 0"),
        (lambda masks: layers.StochasticDepth(0.5, "all", masks=masks), ValueError, "mode: expected row or batch"),
        (lambda masks: layers.DropBlock2d(0.5, 0, masks=masks), ValueError, "block_size: expected an integer from 1"),
        (lambda masks: layers.Dropout1d([0.1, 0.2], masks=masks), TypeError, "p: expected a number, got"),
        (lambda masks: layers.Dropout1d(np.ones(1), masks=masks), TypeError, "p: expected a number, got"),
        (lambda masks: layers.Dropout(noise_shape="ab", masks=masks), TypeError, "noise_shape: expected a sequence"),
        (
            lambda masks: layers.Dropout(noise_shape=(1.5, 2), masks=masks),
            TypeError,
            "noise_shape: expected an integer",
        ),
        (lambda masks: layers.Dropout(masks=3), TypeError, "masks: expected a MaskGenerator, got 3"),
    ],
)
def test_what_is_refused_at_once(make, error, message):
    masks = nd.MaskGenerator(seed=1)
    with pytest.raises(error, match=message):
        make(masks)
    assert masks.sites == 0


def test_sites_are_handed_out_once_to_threads():
    masks, found = nd.MaskGenerator(seed=1), []
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=lambda: found.extend([masks.site() for _ in range(3000)])) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert sorted(found) == list(range(12_000))
    with pytest.raises(ValueError, match=r"site: expected a number that `site\(\)` has returned"):
        nd.MaskGenerator(seed=1).at(0)
