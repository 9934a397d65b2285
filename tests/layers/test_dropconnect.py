"""DropConnect as a layer."""

import numpy as np
import pytest
from backends import full_precision

import numba_dropout as nd
from numba_dropout import layers


@full_precision
@pytest.mark.parametrize("training", [True, False])
def test_values_and_gradients(backend, dtype, training, rng):
    x, weight, bias, dy = (rng.standard_normal(s).astype(dtype) for s in ((4, 6), (5, 6), (5,), (4, 5)))
    layer = layers.DropConnect(backend.array(weight), backend.array(bias), 0.4, masks=nd.MaskGenerator(seed=5))
    y = layer(backend.array(x), training=training)
    dx = layer.backward(backend.array(dy))
    at = {"seed": 5, "stream": 0, "step": 0}
    dropped, exact = nd.dropout(weight, 0.4, **at) if training else weight, dy.astype(np.float64)
    dweight = nd.dropout_backward(exact.T @ x, 0.4, **at) if training else exact.T @ x
    expected = x.astype(np.float64) @ dropped.T + bias, exact @ dropped, dweight, exact.sum(0)
    close = {"rtol": 1e-7} if dtype == "float64" else {"rtol": 1e-5, "atol": 1e-6}
    for result, value in zip((y, dx, layer.dweight, layer.dbias), expected, strict=True):
        np.testing.assert_allclose(backend.numpy(result), value, **close)


@pytest.mark.parametrize("training", [True, False])
def test_shape_of_the_gradient(training, rng):
    layer = layers.DropConnect(rng.standard_normal((5, 6)), np.zeros(5), masks=nd.MaskGenerator(seed=1))
    layer(np.ones((4, 6)), training=training)
    with pytest.raises(ValueError, match=r"dy: expected shape \(4, 5\), got \(4, 6\)"):
        layer.backward(np.ones((4, 6)))
