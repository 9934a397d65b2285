"""Saving and loading of networks."""

import json

import numpy as np
import pytest
from networks import parameters, problem

import numba_dropout as nd


def test_save_and_load(tmp_path, rng):
    net, (x, y) = nd.MLP([4, 5, 3], dropout=[0.3], input_dropout=0.1, seed=2**64 - 1), problem(rng)
    net.classes, net.features, net.target = ["é", "b", "c"], ["f1", "f2", "f3", "f4"], "species"
    net.scale_input([1, 2, 3, 4], 0.5)
    nd.fit(net, x, y, optimizer=nd.SGD(), epochs=1)
    net.save(tmp_path / "m.npz")
    loaded = nd.MLP.load(tmp_path / "m.npz")
    for name in (
        "sizes",
        "dropout",
        "input_dropout",
        "seed",
        "loss",
        "dtype",
        "step",
        "epoch",
        "classes",
        "features",
        "target",
    ):
        assert getattr(loaded, name) == getattr(net, name), name
    assert np.array_equal(parameters(loaded), parameters(net))
    assert np.array_equal(loaded.forward(x), net.forward(x))
    assert np.array_equal(loaded.forward(x, training=True), net.forward(x, training=True))
    with np.load(tmp_path / "m.npz", allow_pickle=False) as file:
        assert json.loads(str(file["config"]))["version"] == 2


def test_later_version(tmp_path):
    nd.MLP([2, 2]).save(tmp_path / "m.npz")
    with np.load(tmp_path / "m.npz") as file:
        arrays = dict(file)
    arrays["config"] = np.array(str(arrays["config"]).replace('"version": 2', '"version": 3'))
    np.savez(tmp_path / "n.npz", **arrays)
    with pytest.raises(ValueError, match="format version 2 or earlier, got 3"):
        nd.MLP.load(tmp_path / "n.npz")


def test_numpy_class_names(tmp_path):
    net = nd.MLP([2, 2])
    net.classes = np.unique([3, 5])
    net.save(tmp_path / "m.npz")
    assert nd.MLP.load(tmp_path / "m.npz").classes == [3, 5]


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
    loaded = nd.MLP.load(tmp_path / "m.npz")
    assert loaded.step == net.step == 1
    assert np.array_equal(loaded.forward(x, training=True), out)
    assert np.array_equal(loaded.backward(dout), expected)
    for name, value in net.gradients().items():
        assert np.array_equal(loaded.gradients()[name], value)
