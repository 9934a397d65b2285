"""Concrete dropout as a layer with a trainable rate."""

import numpy as np
import pytest

import numba_dropout as nd
from numba_dropout import layers


def test_functions(backend, rng):
    x, dy = rng.standard_normal((2, 4, 6)).astype(np.float32)
    layer = layers.ConcreteDropout(0.3, masks=nd.MaskGenerator(seed=5))
    at = {"logit": layer.logit, "seed": 5, "stream": 0, "step": 0}
    y = nd.concrete_dropout(backend.array(x), **at)
    assert np.array_equal(backend.numpy(layer(backend.array(x))), backend.numpy(y))
    dx, dlogit = nd.concrete_dropout_backward(backend.array(dy), y, **at)
    assert np.array_equal(backend.numpy(layer.backward(backend.array(dy))), backend.numpy(dx))
    assert backend.numpy(layer.dlogit) == backend.numpy(dlogit)


def test_gradient_by_the_logit(rng):
    layer = layers.ConcreteDropout(0.3, masks=nd.MaskGenerator(seed=5))
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


def test_repr():
    assert repr(layers.ConcreteDropout(0.4, masks=nd.MaskGenerator(seed=1))) == "ConcreteDropout(p=0.4, site=0)"


def test_errors():
    masks = nd.MaskGenerator(seed=5)
    with pytest.raises(TypeError, match="logit: expected a number"):
        layers.ConcreteDropout(0.3, masks=masks).logit = "a"
    for p in (0, 1, 2):
        with pytest.raises(ValueError, match="between 0 and 1"):
            layers.ConcreteDropout(p, masks=masks)
    with pytest.raises(TypeError, match="p: expected a number"):
        layers.ConcreteDropout("much", masks=masks)
    assert masks.sites == 1
