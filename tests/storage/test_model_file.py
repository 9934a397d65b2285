"""Model files: saving, loading, and damaged files."""

import contextlib
import json
import warnings

import numpy as np
import pytest

import numba_dropout as nd


@pytest.fixture
def net():
    net = nd.MLP([3, 4, 2], dropout=0.25, input_dropout=0.125, seed=2**64 - 1)
    net.scale_input([1, 2, 3], [0.5, 0.25, 2])
    net.classes, net.features, net.target = ["ja", "größer, als"], ["a", "b", "c"], "d"
    net.step, net.epoch = 7, 2
    return net


X = np.linspace(-2, 5, 15).reshape(5, 3)


def test_save_and_load(net, tmp_path):
    net.save(tmp_path / "m.npz")
    loaded = nd.MLP.load(tmp_path / "m.npz")
    for name in ("sizes", "seed", "loss", "dtype", "step", "epoch", "classes", "features", "target"):
        assert getattr(loaded, name) == getattr(net, name), name
    assert (loaded.dropout, loaded.input_dropout) == ([0.25], 0.125)
    for name, value in net.state_dict().items():
        assert np.array_equal(loaded.state_dict()[name], value), name
    assert np.array_equal(loaded.forward(X), net.forward(X))
    assert np.array_equal(loaded.forward(X, training=True), net.forward(X, training=True))
    assert loaded.predict(X).tolist() == net.predict(X).tolist()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_target_scaling(tmp_path, dtype):
    net = nd.MLP([3, 2], loss="mse", dtype=dtype)
    net.scale_target([100, -1], [0.5, 3])
    net.save(tmp_path / "m.npz")
    loaded = nd.MLP.load(tmp_path / "m.npz")
    assert loaded.dtype == dtype
    assert np.array_equal(loaded.predict(X), net.predict(X))


def test_training_continues_after_load(tmp_path):
    y = np.arange(5) % 2
    uninterrupted, interrupted = (nd.MLP([3, 4, 2], seed=3) for _ in range(2))
    sgd = {"lr": 0.1, "momentum": 0.0}
    nd.fit(uninterrupted, X, y, optimizer=nd.SGD(**sgd), epochs=2, batch_size=2)
    nd.fit(interrupted, X, y, optimizer=nd.SGD(**sgd), epochs=1, batch_size=2)
    interrupted.save(tmp_path / "m.npz")
    loaded = nd.MLP.load(tmp_path / "m.npz")
    nd.fit(loaded, X, y, optimizer=nd.SGD(**sgd), epochs=1, batch_size=2)
    loaded.save(tmp_path / "a.npz")
    uninterrupted.save(tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_file_contents(net, tmp_path):
    net.save(tmp_path / "m.npz")
    with np.load(tmp_path / "m.npz", allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    assert not any(array.dtype.hasobject for array in arrays.values())
    config = json.loads(str(arrays["config"]))
    assert config["version"] == 2
    assert config["sizes"] == [3, 4, 2]
    assert config["dropout"] == [0.25]
    assert config["classes"] == ["ja", "größer, als"]
    assert np.array_equal(arrays["shift"], [1, 2, 3])


def test_files_are_reproducible(net, tmp_path):
    for name in ("a", "b"):
        net.save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_failed_save_keeps_network(net, tmp_path):
    before = net.forward(X)
    with pytest.raises(ValueError, match="nowhere does not exist"):
        net.save(tmp_path / "nowhere" / "m.npz")
    assert np.array_equal(net.forward(X), before)


def test_truncated_file(net, tmp_path):
    net.save(tmp_path / "m.npz")
    content = (tmp_path / "m.npz").read_bytes()
    for size in [*range(0, len(content), 97), len(content) - 1]:
        (tmp_path / "m.npz").write_bytes(content[:size])
        with pytest.raises(ValueError, match=r"m.npz: .*(truncated|expected a model)"):
            nd.MLP.load(tmp_path / "m.npz")


def test_flipped_bits(net, tmp_path):
    net.save(tmp_path / "m.npz")
    content = (tmp_path / "m.npz").read_bytes()
    expected = net.forward(X)
    for position in range(0, len(content), 5):
        (tmp_path / "m.npz").write_bytes(content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :])
        with contextlib.suppress(ValueError):
            assert np.array_equal(nd.MLP.load(tmp_path / "m.npz").forward(X), expected), position


def altered(path, **changes):
    """Rewrite a model with other settings."""
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files if name != "sha256"}
    config = {**json.loads(str(arrays.pop("config"))), **changes}
    config = {name: value for name, value in config.items() if value is not ...}
    np.savez(path, config=np.array(json.dumps(config)), **arrays)
    return path


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": 99}, "version 2 or earlier, got 99"),
        ({"version": ...}, "m.npz"),
        ({"version": "new"}, "m.npz"),
        ({"format": "another program"}, "expected a model saved by numba-dropout"),
        ({"sizes": [3, 5, 2]}, "damaged"),
        ({"sizes": [3, 0, 2]}, "damaged"),
        ({"sizes": ...}, "damaged"),
        ({"dropout": [float("nan")]}, "damaged"),
        ({"loss": "hinge"}, "damaged"),
        ({"dtype": "float16"}, "damaged"),
        ({"dtype": "no type"}, "damaged"),
        ({"seed": -1}, "damaged"),
    ],
)
def test_changed_config(net, tmp_path, changes, message):
    net.save(tmp_path / "m.npz")
    path = altered(tmp_path / "m.npz", **changes)
    with pytest.raises(ValueError, match=message):
        nd.MLP.load(path)


@pytest.mark.parametrize("content", ["arrays", "one array", "text", "zip", "nothing", "folder", None])
def test_not_a_model(tmp_path, content):
    path = tmp_path / "m.npz"
    if content == "arrays":
        np.savez(path, x=X, weights=X)
    elif content == "one array":
        with open(path, "wb") as file:
            np.save(file, X)
    elif content == "zip":
        path.write_bytes(b"PK\x05\x06" + bytes(18))
    elif content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_text({"text": "a,b\n1,2\n", "nothing": ""}[content])
    with pytest.raises(ValueError, match=r"m.npz: "):
        nd.MLP.load(path)


def test_refused_file_is_closed(tmp_path):
    (tmp_path / "m.npz").write_bytes(b"PK\x03\x04 and then nothing")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with pytest.raises(ValueError, match="damaged"):
            nd.MLP.load(tmp_path / "m.npz")
    assert [str(w.message) for w in caught] == []


MODELS = {
    "a weight of few units": lambda arrays, config: arrays.update({"0.weight": arrays["0.weight"][:2]}),
    "a weight turned": lambda arrays, config: arrays.update({"0.weight": arrays["0.weight"].T}),
    "a bias that would broadcast": lambda arrays, config: arrays.update({"0.bias": arrays["0.bias"][:1]}),
    "a bias of no dimensions": lambda arrays, config: arrays.update({"0.bias": np.float32(1)}),
    "a weight of texts": lambda arrays, config: arrays.update({"0.weight": arrays["0.weight"].astype(str)}),
    "no bias": lambda arrays, config: arrays.pop("0.bias"),
    "a shift that would broadcast": lambda arrays, config: arrays.update(shift=arrays["shift"][:1]),
    "more units": lambda arrays, config: config.update(sizes=[4, 50, 3]),
    "fewer layers": lambda arrays, config: config.update(sizes=[4, 3], dropout=0.5),
    "units below 0": lambda arrays, config: config.update(sizes=[4, -5, 3]),
    "units whose product overflows": lambda arrays, config: config.update(sizes=[2**31 - 1, 2**31 - 1, 3]),
}


@pytest.mark.parametrize("case", MODELS)
def test_arrays_that_do_not_fit(case, tmp_path):
    nd.MLP([4, 5, 3], seed=1).save(tmp_path / "m.npz")
    with np.load(tmp_path / "m.npz") as file:
        arrays = {name: file[name] for name in file.files if name != "sha256"}
    config = json.loads(str(arrays["config"]))
    MODELS[case](arrays, config)
    np.savez(tmp_path / "m.npz", **{**arrays, "config": np.array(json.dumps(config))})
    with pytest.raises(ValueError, match=r"m.npz: a damaged model"):
        nd.MLP.load(tmp_path / "m.npz")
