"""Models as safetensors: saving, loading, and damaged files."""

import numpy as np
import pytest
from networks import network

import numba_dropout as nd
from numba_dropout.storage.sequential import names

LOSSES = [("cross_entropy", 3), ("bce", 1), ("bce", 2), ("mse", 1), ("mse", 2), ("huber", 1), ("poisson", 2)]


@pytest.fixture
def x(rng):
    return rng.standard_normal((40, 5)).astype(np.float32)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("loss", "outputs"), LOSSES)
def test_save_and_load(loss, outputs, dtype, tmp_path, x):
    pytest.importorskip("safetensors")
    net = network(loss, outputs, dtype=dtype)
    net.classes, net.features, net.step = (None if net.predicts_values else [7, 8, 9][:3]), list("abcde"), 12
    net.save(tmp_path / "m.safetensors")
    back = nd.MLP.load(tmp_path / "m.safetensors")
    assert back.choices() == net.choices()
    assert (back.classes, back.features, back.step) == (net.classes, net.features, 12)
    assert np.array_equal(back.outputs(x), net.outputs(x))
    assert np.array_equal(back.predictive(back.outputs(x)), net.predictive(net.outputs(x)))
    first = (tmp_path / "m.safetensors").read_bytes()
    back.save(tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == first


def test_tensor_names(tmp_path):
    numpy = pytest.importorskip("safetensors.numpy")
    net = network()
    net.save(tmp_path / "m.safetensors")
    tensors = numpy.load_file(tmp_path / "m.safetensors")
    assert set(tensors) == set(names(net.choices()).values())
    assert np.array_equal(tensors["4.weight"], net.weights()["1.weight"])


def test_concrete_dropout(tmp_path, x):
    pytest.importorskip("safetensors")
    net = network(variant="concrete")
    net.state_dict()["0.logit"][:] = 0.25
    net.save(tmp_path / "m.safetensors")
    assert nd.MLP.load(tmp_path / "m.safetensors").rates == net.rates


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda raw: raw[:-5], "a truncated or damaged model file"),
        (lambda raw: raw[:-1] + bytes([raw[-1] ^ 1]), "its content does not match its hash"),
        (
            lambda raw: raw.replace(b'\\\\\\"step\\\\\\": 0', b'\\\\\\"step\\\\\\": 1'),
            "its content does not match its hash",
        ),
        (lambda raw: b"nothing", "a truncated or damaged model file"),
    ],
)
def test_damaged_file(damage, message, tmp_path):
    pytest.importorskip("safetensors")
    path = tmp_path / "m.safetensors"
    network().save(path)
    raw = path.read_bytes()
    assert damage(raw) != raw
    path.write_bytes(damage(raw))
    with pytest.raises(ValueError, match=message):
        nd.MLP.load(path)


def test_not_a_model(tmp_path):
    numpy = pytest.importorskip("safetensors.numpy")
    numpy.save_file({"0.weight": np.ones((2, 2))}, tmp_path / "m.safetensors")
    with pytest.raises(ValueError, match="expected a model saved by numba-dropout, got tensors only"):
        nd.MLP.load(tmp_path / "m.safetensors")
    with pytest.raises(ValueError, match="no such file"):
        nd.MLP.load(tmp_path / "none.safetensors")
    (tmp_path / "folder.safetensors").mkdir()
    with pytest.raises(ValueError, match="expected a model file, got a folder"):
        nd.MLP.load(tmp_path / "folder.safetensors")
