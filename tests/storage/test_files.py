"""Files: written whole or not at all, and models that can be read back."""

import contextlib
import json
import os
import signal
import stat
import subprocess
import sys
import warnings

import numpy as np
import pytest

import numba_dropout as nd
from numba_dropout.storage.files import check_writable, replacing
from numba_dropout.training import prediction_table

# ---------------------------------------------------------------- replacing a file


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("old", [None, b"old"])
def test_a_file_appears_whole_at_the_end(tmp_path, old):
    path = tmp_path / "file"
    if old:
        path.write_bytes(old)
    with replacing(path) as file:
        file.write(b"new")
        file.flush()
        assert (path.read_bytes() if path.exists() else None) == old
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["file"]


@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_fault_in_the_writer_leaves_the_old_file_and_nothing_else(tmp_path, fault):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def write_half():
        with replacing(path) as file:
            file.write(b"half")
            raise fault

    with pytest.raises(fault):
        write_half()
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


WRITER = """
import os, signal, sys
from numba_dropout.storage import files
path, moment = sys.argv[1:]
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
if moment == "before the rename":
    files.os.replace = die
with files.replacing(path) as file:
    file.write(b"n" * 100_000)
    file.flush()
    if moment == "while writing":
        die()
    file.write(b"n" * 100_000)
if moment == "after":
    die()
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no kill -9 here")
@pytest.mark.parametrize("moment", ["while writing", "before the rename", "after"])
def test_kill_9_leaves_the_old_file_or_the_new_one(tmp_path, moment):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    ended = subprocess.run([sys.executable, "-c", WRITER, path, moment], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert path.read_bytes() == (b"n" * 200_000 if moment == "after" else b"old")


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_new_file_has_ordinary_permissions(tmp_path):
    with replacing(tmp_path / "file") as file:
        file.write(b"new")
    (tmp_path / "other").write_bytes(b"other")
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == stat.S_IMODE((tmp_path / "other").stat().st_mode)


def test_where_nothing_can_be_written(tmp_path):
    with pytest.raises(ValueError, match=r"folder .*nowhere does not exist"):
        check_writable(tmp_path / "nowhere" / "file")
    with pytest.raises(ValueError, match="got a folder"):
        check_writable(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="file"):
        check_writable(tmp_path / "file" / "below")
    assert names(tmp_path) == ["file"]


@pytest.mark.skipif(os.name != "posix", reason="/dev/null")
def test_a_device_is_not_replaced():
    with pytest.raises(ValueError, match="/dev/null: expected a file name, got a device"):
        check_writable(os.devnull)


def test_checking_leaves_an_existing_file_as_it_is(tmp_path):
    (tmp_path / "file").write_bytes(b"old")
    assert check_writable(tmp_path / "file") == tmp_path / "file"
    assert (tmp_path / "file").read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


# ---------------------------------------------------------------- models


@pytest.fixture
def net():
    net = nd.MLP([3, 4, 2], dropout=0.25, input_dropout=0.125, seed=2**64 - 1)
    net.scale_input([1, 2, 3], [0.5, 0.25, 2])
    net.classes, net.features, net.target = ["ja", "größer, als"], ["a", "b", "c"], "d"
    net.step, net.epoch = 7, 2
    return net


X = np.linspace(-2, 5, 15).reshape(5, 3)


def test_what_is_saved_comes_back(net, tmp_path):
    net.save(tmp_path / "m.npz")
    again = nd.MLP.load(tmp_path / "m.npz")
    for name in ("sizes", "seed", "loss", "dtype", "step", "epoch", "classes", "features", "target"):
        assert getattr(again, name) == getattr(net, name), name
    assert (again.dropout, again.input_dropout) == ([0.25], 0.125)
    for name, value in net.state_dict().items():
        assert np.array_equal(again.state_dict()[name], value), name
    assert np.array_equal(again.forward(X), net.forward(X))
    assert np.array_equal(again.forward(X, training=True), net.forward(X, training=True))
    assert again.predict(X).tolist() == net.predict(X).tolist()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_regression_comes_back_with_its_scales(tmp_path, dtype):
    net = nd.MLP([3, 2], loss="mse", dtype=dtype)
    net.scale_target([100, -1], [0.5, 3])
    net.save(tmp_path / "m.npz")
    again = nd.MLP.load(tmp_path / "m.npz")
    assert again.dtype == dtype
    assert np.array_equal(again.predict(X), net.predict(X))


def test_training_goes_on_from_a_file_as_if_it_had_not_stopped(tmp_path):
    y = np.arange(5) % 2
    straight, stopped = (nd.MLP([3, 4, 2], seed=3) for _ in range(2))
    sgd = {"lr": 0.1, "momentum": 0.0}
    nd.fit(straight, X, y, optimizer=nd.SGD(**sgd), epochs=2, batch_size=2)
    nd.fit(stopped, X, y, optimizer=nd.SGD(**sgd), epochs=1, batch_size=2)
    stopped.save(tmp_path / "m.npz")
    again = nd.MLP.load(tmp_path / "m.npz")
    nd.fit(again, X, y, optimizer=nd.SGD(**sgd), epochs=1, batch_size=2)
    again.save(tmp_path / "a.npz")
    straight.save(tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_a_model_holds_no_pickle_and_says_what_it_is(net, tmp_path):
    net.save(tmp_path / "m.npz")
    with np.load(tmp_path / "m.npz", allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    assert not any(array.dtype.hasobject for array in arrays.values())
    config = json.loads(str(arrays["config"]))
    assert config["version"] == 1
    assert config["sizes"] == [3, 4, 2]
    assert config["dropout"] == [0.25]
    assert config["classes"] == ["ja", "größer, als"]
    assert np.array_equal(arrays["shift"], [1, 2, 3])


def test_the_same_model_gives_the_same_bytes(net, tmp_path):
    for name in ("a", "b"):
        net.save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert names(tmp_path) == ["a", "b"]


def test_saving_where_it_cannot_be_leaves_the_network_usable(net, tmp_path):
    before = net.forward(X)
    with pytest.raises(ValueError, match="nowhere does not exist"):
        net.save(tmp_path / "nowhere" / "m.npz")
    assert np.array_equal(net.forward(X), before)


def test_a_truncated_model_is_refused_wherever_it_ends(net, tmp_path):
    net.save(tmp_path / "m.npz")
    whole = (tmp_path / "m.npz").read_bytes()
    for size in [*range(0, len(whole), 97), len(whole) - 1]:
        (tmp_path / "m.npz").write_bytes(whole[:size])
        with pytest.raises(ValueError, match=r"m.npz: .*(truncated|expected a model)"):
            nd.MLP.load(tmp_path / "m.npz")


def test_a_damaged_bit_is_refused_or_does_no_harm(net, tmp_path):
    net.save(tmp_path / "m.npz")
    whole = (tmp_path / "m.npz").read_bytes()
    expected = net.forward(X)
    for place in range(0, len(whole), 5):
        (tmp_path / "m.npz").write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with contextlib.suppress(ValueError):
            assert np.array_equal(nd.MLP.load(tmp_path / "m.npz").forward(X), expected), place


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
        ({"version": 99}, "version 1 or earlier, got 99"),
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
def test_a_model_that_was_tampered_with_is_refused(net, tmp_path, changes, message):
    net.save(tmp_path / "m.npz")
    path = altered(tmp_path / "m.npz", **changes)
    with pytest.raises(ValueError, match=message):
        nd.MLP.load(path)


@pytest.mark.parametrize("content", ["arrays", "one array", "text", "zip", "nothing", "folder", None])
def test_what_is_no_model_is_refused(tmp_path, content):
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


def test_a_refused_model_is_closed(tmp_path):
    (tmp_path / "m.npz").write_bytes(b"PK\x03\x04 and then nothing")
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        with pytest.raises(ValueError, match="damaged"):
            nd.MLP.load(tmp_path / "m.npz")
    assert [str(w.message) for w in seen] == []


# ---------------------------------------------------------------- predictions


def test_predictions_are_written_as_csv_or_as_an_array(net, tmp_path):
    table = prediction_table.table(net, X, proba=True)
    table.write(tmp_path / "p.csv")
    lines = (tmp_path / "p.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == 'prediction,ja,"größer, als"'
    assert len(lines) == 6
    table.write(tmp_path / "p.npy")
    assert np.array_equal(np.load(tmp_path / "p.npy"), net.predict_proba(X))
    prediction_table.table(net, X).write(tmp_path / "q.npy")
    assert np.load(tmp_path / "q.npy").tolist() == net.predict(X).tolist()
    assert names(tmp_path) == ["p.csv", "p.npy", "q.npy"]


def test_values_are_written_with_all_their_digits(tmp_path):
    net = nd.MLP([3, 2, 1], loss="mse", dtype="float64")
    prediction_table.table(net, X).write(tmp_path / "p.csv")
    written = [float(line) for line in (tmp_path / "p.csv").read_text().split()[1:]]
    assert written == net.predict(X).tolist()


def test_several_outputs_have_a_column_each():
    net = nd.MLP([3, 2], loss="mse")
    assert prediction_table.table(net, X).csv().splitlines()[0] == "prediction 1,prediction 2"


def test_a_regression_has_no_probabilities():
    with pytest.raises(ValueError, match="regression"):
        prediction_table.table(nd.MLP([3, 1], loss="mse"), X, proba=True)
