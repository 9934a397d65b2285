"""Saved networks: the same masks and gradients after loading."""

import numpy as np
import pytest

import numba_dropout as nd

VARIANTS = [
    {"variant": "subnetwork"},
    {"variant": "gaussian"},
    {"variant": "concrete", "weight_regularizer": 1e-6, "dropout_regularizer": 1e-5},
    {"variant": "dropconnect"},
    {"dropout": [[0.2] * 9]},
]


@pytest.mark.parametrize(
    "choices", [{}, *(pytest.param(choices, marks=pytest.mark.compiles_long) for choices in VARIANTS)]
)
def test_backward_after_loading(choices, tmp_path, rng):
    """A network that is saved between forward and backward pass runs forward again with the same masks."""
    x, dout = rng.standard_normal((6, 4)), rng.standard_normal((6, 3))
    net = nd.MLP(
        [4, 9, 3], **{"dropout": 0.5, "input_dropout": 0.3, "seed": 5, "loss": "mse", "dtype": "float64", **choices}
    )
    net.train_step(x, np.zeros((6, 3)), nd.SGD())
    out = net.forward(x, training=True)
    net.save(tmp_path / "m.npz")
    expected = net.backward(dout)
    again = nd.MLP.load(tmp_path / "m.npz")
    assert again.step == net.step == 1
    assert np.array_equal(again.forward(x, training=True), out)
    assert np.array_equal(again.backward(dout), expected)
    for name, value in net.gradients().items():
        assert np.array_equal(again.gradients()[name], value)
