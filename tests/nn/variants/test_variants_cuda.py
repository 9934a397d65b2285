"""Variants of dropout in networks on a CUDA device, compared with networks on the CPU."""

import numpy as np
import pytest
from numba.core import config

import numba_dropout as nd
from numba_dropout.arrays import devices

if not config.ENABLE_CUDASIM and devices.why_not() is not None:
    pytest.skip("needs NUMBA_ENABLE_CUDASIM=1, or a device", allow_module_level=True)

pytestmark = pytest.mark.cuda_device

NETWORKS = {
    "gaussian": {"dropout": 0.4, "variant": "gaussian"},
    "concrete": {"dropout": 0.4, "variant": "concrete", "weight_regularizer": 0.03, "dropout_regularizer": 0.2},
    "dropconnect": {"dropout": 0.4, "variant": "dropconnect"},
    "rates": {"dropout": [np.linspace(0, 1, 4)]},
}


@pytest.mark.parametrize("name", NETWORKS)
def test_training(name, rng):
    x, y, dout = rng.standard_normal((2, 3)).astype(np.float32), np.array([0, 1]), np.ones((2, 2), np.float32)
    results = []
    for device in ("cpu", "cuda"):
        net = nd.MLP([3, 4, 2], **NETWORKS[name], input_dropout=0.2, seed=3, device=device)
        loss = net.train_step(x, y, nd.SGD(lr=0.2))
        out, dinp = net.forward(x, training=True, step=5, row_offset=2), net.backward(dout)
        results.append([loss, out, dinp, *net.weights().values()])
    for expected, actual in zip(*results, strict=True):
        np.testing.assert_allclose(actual, expected, rtol=2e-4, atol=2e-6)


def test_dropout_schedule(rng):
    x, y = rng.standard_normal((4, 3)).astype(np.float32), np.array([0, 1, 1, 0])
    weights = []
    for device in ("cpu", "cuda"):
        net = nd.MLP([3, 4, 2], dropout=0.8, seed=3, device=device)
        nd.fit(net, x, y, optimizer=nd.SGD(lr=0.2), epochs=1, batch_size=2, dropout_schedule="linear")
        weights.append(list(net.weights().values()))
    for expected, actual in zip(*weights, strict=True):
        np.testing.assert_allclose(actual, expected, rtol=2e-4, atol=2e-6)


@pytest.mark.parametrize("variant", ["dropout", "subnetwork", "dropconnect"])
def test_samples(variant, rng):
    x = rng.standard_normal((2, 3)).astype(np.float32)
    choices = {"dropout": 0.4, "input_dropout": 0.2, "seed": 3, "variant": variant}
    expected, actual = (list(nd.MLP([3, 4, 2], **choices, device=device).samples(x, 3)) for device in ("cpu", "cuda"))
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-6)
