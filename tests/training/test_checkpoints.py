"""Checkpoints: a resumed run ends with the same bits as an uninterrupted one."""

import json
import random

import numpy as np
import pytest

import numba_dropout as nd
from numba_dropout.training import checkpoints
from numba_dropout.training.callbacks import JsonLines

ROWS = 60


class Stop(nd.Callback):
    """Raise an error after a step."""

    def __init__(self, at):
        self.every = self.at = at

    def on_steps_end(self, epoch, steps, loss):
        if self.training.net.step == self.at:
            raise SystemError("stopped")


def train(tmp_path, name, *, seed=1, net=None, callbacks=(), resume=None, optimizer=nd.SGD, every=5, **options):
    """Train a small network and save it; return its bytes, its history and its optimizer."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2 * ROWS, 4))
    y = (x[:, 0] + rng.standard_normal(2 * ROWS) > 0).astype(int)
    if net and net.get("loss") == "mse":
        y = rng.standard_normal((2 * ROWS, 2))
    net, optimizer = nd.MLP([4, 6, 2], dropout=0.2, seed=seed, **(net or {})), optimizer(0.05)
    path = tmp_path / f"{name}.npz"
    history = nd.fit(
        net,
        x[:ROWS],
        y[:ROWS],
        optimizer=optimizer,
        batch_size=7,
        validation=(x[ROWS:], y[ROWS:]),
        callbacks=[nd.Checkpoint(path, every, keep=100), *callbacks],
        resume=resume,
        **{"epochs": 6, **options},
    )
    net.save(path)
    return path.read_bytes(), history, optimizer


def without_times(history):
    """Return a history without its times."""
    return [{name: record[name] for name in record if "second" not in name} for record in history.records]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"optimizer": nd.Adam},
        {"patience": 1},
        {"dropout_schedule": "linear"},
        {"optimizer": lambda lr: nd.SGD(lr, schedule="cosine", max_norm=1.0)},
        {"optimizer": lambda lr: nd.SGD(lr, nesterov=True, momentum_steps=20)},
        *(
            pytest.param(options, marks=pytest.mark.full)
            for options in (
                {"net": {"dtype": "float64"}, "optimizer": lambda lr: nd.AdamW(lr, clip_norm=0.5)},
                {"net": {"loss": "mse"}, "patience": 2},
                {"net": {"variant": "gaussian"}, "optimizer": lambda lr: nd.Adam(lr, schedule="step")},
                {"net": {"variant": "subnetwork"}, "dropout_schedule": "cosine"},
                {"net": {"variant": "dropconnect"}},
                {"net": {"variant": "concrete"}, "optimizer": lambda lr: nd.Adam(lr, clip_norm=0.5)},
            )
        ),
    ],
    ids=(
        *("SGD", "Adam", "patience", "dropout schedule", "cosine", "momentum that rises"),
        *("float64", "values", "gaussian", "subnetwork", "dropconnect", "concrete"),
    ),
)
def test_resume_from_each_checkpoint(tmp_path, options):
    expected, history, optimizer = train(tmp_path, "whole", **options)
    files = checkpoints.of_model(tmp_path / "whole.npz")
    assert len(files) >= 4
    for number, file in enumerate(files):
        model, resumed, resumed_optimizer = train(tmp_path, f"again{number}", resume=file, **options)
        assert model == expected, file.name
        assert without_times(resumed) == without_times(history)
        assert resumed.best_epoch == history.best_epoch
        assert np.array_equal(resumed_optimizer.state, optimizer.state)
        assert resumed_optimizer.step == optimizer.step


@pytest.mark.parametrize("at", [5, 9, 18, 31])
def test_resume_after_failure(tmp_path, at):
    """At steps 9, 18, ... an epoch has all its steps, but has not ended."""
    expected, history, _ = train(tmp_path, "whole")
    with pytest.raises(SystemError):
        train(tmp_path, "broken", every=3, callbacks=[Stop(at), JsonLines(tmp_path / "log")])
    last = checkpoints.of_model(tmp_path / "broken.npz")[-1]
    assert last.name == f"broken.ckpt-{at // 3 * 3}.npz"
    model, resumed, _ = train(tmp_path, "broken", resume=last, callbacks=[JsonLines(tmp_path / "log")])
    assert model == expected
    assert without_times(resumed) == without_times(history)
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2, 3, 4, 5, 6]
    assert [line["loss"] for line in lines] == history.column("loss")


def test_load_as_model(tmp_path):
    train(tmp_path, "m")
    net = nd.MLP.load(tmp_path / "m.ckpt-10.npz")
    assert net.step == 10
    assert net.predict(np.zeros((2, 4))).shape == (2,)


def test_keep(tmp_path):
    train(tmp_path, "other")
    train(tmp_path, "m", callbacks=[nd.Checkpoint(tmp_path / "few.npz", 4, keep=2)])
    names = sorted(file.name for file in checkpoints.of_model(tmp_path / "few.npz"))
    assert names == ["few.ckpt-52.npz", "few.ckpt-54.npz"]
    assert len(checkpoints.of_model(tmp_path / "other.npz")) == 11


def test_unfinished_run_is_kept(tmp_path):
    with pytest.raises(SystemError):
        train(tmp_path, "m", callbacks=[Stop(12)])
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(ValueError, match=r"m.ckpt-10.npz: a checkpoint of an unfinished run; resume it"):
        train(tmp_path, "m")
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_files_of_finished_run_are_removed(tmp_path):
    train(tmp_path, "m")
    (tmp_path / ".m.ckpt-5.npz-abc.part").write_bytes(b"half of it")
    train(tmp_path, "m", every=20, epochs=4)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["m.ckpt-20.npz", "m.ckpt-36.npz", "m.npz"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 7}, "with epochs 6, got 7"),
        ({"seed": 2}, "with seed 1, got 2"),
        ({"optimizer": nd.Adam}, "with optimizer SGD, got Adam"),
        ({"optimizer": lambda lr: nd.SGD(lr, momentum=0.5)}, r"with momentum 0\.9, got 0\.5"),
        ({"dropout_schedule": "early"}, "with dropout_schedule constant, got early"),
        ({"patience": 3}, "with patience None, got 3"),
    ],
)
def test_resume_with_other_settings(tmp_path, options, message):
    train(tmp_path, "m")
    with pytest.raises(ValueError, match=r"resume: .*m.ckpt-10.npz is of a run " + message):
        train(tmp_path, "n", resume=tmp_path / "m.ckpt-10.npz", **options)


def test_resume_with_other_data(tmp_path):
    train(tmp_path, "m")
    x, y = np.ones((ROWS, 4)), np.arange(ROWS) % 2
    net = nd.MLP([4, 6, 2], dropout=0.2, seed=1)
    with pytest.raises(ValueError, match="on other data"):
        nd.fit(net, x, y, optimizer=nd.SGD(0.05), batch_size=7, epochs=6, resume=tmp_path / "m.ckpt-10.npz")
    assert net.step == 0


def test_not_a_checkpoint(tmp_path):
    train(tmp_path, "m")
    with pytest.raises(ValueError, match=r"m.npz: expected a checkpoint, got a model"):
        checkpoints.read(tmp_path / "m.npz")
    content = (tmp_path / "m.ckpt-10.npz").read_bytes()
    (tmp_path / "m.ckpt-10.npz").write_bytes(content[: len(content) // 2])
    with pytest.raises(
        ValueError, match=r"m.ckpt-10.npz: a truncated or damaged .*; another checkpoint is .*m.ckpt-54"
    ):
        checkpoints.read(tmp_path / "m.ckpt-10.npz")


def test_changed_content(tmp_path):
    """The zip file is intact, but one number differs."""
    train(tmp_path, "m")
    with np.load(tmp_path / "m.ckpt-10.npz") as file:
        arrays = {name: file[name] for name in file.files}
    arrays["training.optimizer"][0, 0] += 1
    np.savez(tmp_path / "n.npz", **arrays)
    with pytest.raises(ValueError, match=r"n.npz: a damaged model file: its content does not match its hash"):
        checkpoints.read(tmp_path / "n.npz")


def test_similar_file_names(tmp_path):
    for name in ("a", "a.ckpt-3", "m-0.2"):
        train(tmp_path, name)
    copy = tmp_path / "a.ckpt-best-10.npz"
    copy.write_bytes((tmp_path / "a.ckpt-10.npz").read_bytes())
    train(tmp_path, "m-0.5")
    (tmp_path / "a.ckpt-3.npz").unlink()  # it would count as a checkpoint of a.npz
    train(tmp_path, "a", every=20, epochs=4)
    assert [file.name for file in checkpoints.of_model(tmp_path / "a.npz")] == ["a.ckpt-20.npz", "a.ckpt-36.npz"]
    assert copy.exists()
    for stem in ("a.ckpt-3", "m-0.2", "m-0.5"):
        assert len(checkpoints.of_model(tmp_path / f"{stem}.npz")) == 11


def test_model_named_like_a_checkpoint(tmp_path):
    train(tmp_path, "m")
    (tmp_path / "m.npz").rename(tmp_path / "m.ckpt-7.npz")
    with pytest.raises(ValueError, match=r"m.ckpt-7.npz: expected a checkpoint, got a model .*; remove it"):
        train(tmp_path, "m")
    assert len(checkpoints.of_model(tmp_path / "m.npz")) == 12


@pytest.mark.parametrize("broken", [False, True])
def test_resume_into_files_of_another_run(tmp_path, broken):
    train(tmp_path, "b", seed=2)
    if broken:
        with pytest.raises(SystemError):
            train(tmp_path, "m", callbacks=[Stop(12)])
        with pytest.raises(ValueError, match=r"m.ckpt-10.npz: a checkpoint of an unfinished run"):
            train(tmp_path, "m", seed=2, resume=tmp_path / "b.ckpt-10.npz")
        assert nd.MLP.load(tmp_path / "m.ckpt-10.npz").seed == 1
    else:
        train(tmp_path, "m")
        train(tmp_path, "m", seed=2, resume=tmp_path / "b.ckpt-30.npz")
        files = checkpoints.of_model(tmp_path / "m.npz")
        assert {nd.MLP.load(file).seed for file in files} == {2}


def test_resume_after_stop(tmp_path):
    class StopAt(nd.Callback):
        every = 12

        def on_steps_end(self, epoch, steps, loss):
            self.training.stop = self.training.stop or self.training.net.step == 12

    expected, history, _ = train(tmp_path, "whole", callbacks=[StopAt()], every=7)
    assert len(history.records) == 2
    for file in checkpoints.of_model(tmp_path / "whole.npz"):
        model, resumed, _ = train(tmp_path, "again", callbacks=[StopAt()], resume=file, every=7)
        assert (model, without_times(resumed)) == (expected, without_times(history)), file.name


def test_refused_run_keeps_log(tmp_path):
    log = tmp_path / "log"
    with pytest.raises(SystemError):
        train(tmp_path, "m", callbacks=[JsonLines(log), Stop(30)])
    before = log.read_bytes()
    with pytest.raises(ValueError, match="an unfinished run"):
        nd.fit(
            nd.MLP([1, 2], seed=1),
            np.ones((4, 1)),
            np.arange(4) % 2,
            optimizer=nd.SGD(),
            callbacks=[JsonLines(log), nd.Checkpoint(tmp_path / "m.npz", 2)],
        )
    assert log.read_bytes() == before


def test_refused_resume_keeps_optimizer(tmp_path):
    train(tmp_path, "m")
    rule = nd.SGD(0.05)
    with pytest.raises(ValueError, match="with seed 1, got 2"):
        train(tmp_path, "n", seed=2, optimizer=lambda lr: rule, resume=tmp_path / "m.ckpt-10.npz")
    model, _, _ = train(tmp_path, "n", optimizer=lambda lr: rule, resume=tmp_path / "m.ckpt-10.npz")
    assert model == (tmp_path / "m.npz").read_bytes()


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_nan_weights_are_not_saved(tmp_path):
    class Spoil(nd.Callback):
        every = 1

        def on_steps_end(self, epoch, steps, loss):
            if self.training.net.step == 14:
                self.training.net.state_dict()["0.weight"][:] = np.nan

    path = tmp_path / "m.npz"
    with pytest.raises(nd.train.Diverged, match="weights became nan in epoch 2"):
        train(tmp_path, "other", callbacks=[Spoil(), nd.Checkpoint(path, 7, keep=1)])
    assert [file.name for file in checkpoints.of_model(path)] == ["m.ckpt-7.npz"]


def test_missing_hash(tmp_path):
    train(tmp_path, "m")
    with np.load(tmp_path / "m.ckpt-10.npz") as file:
        arrays = {name: file[name] for name in file.files if name != "sha256"}
    np.savez(tmp_path / "n.npz", **arrays)
    with pytest.raises(ValueError, match=r"n.npz: a damaged model file: the hash of its content is missing"):
        checkpoints.read(tmp_path / "n.npz")


def test_invalid_arguments(tmp_path):
    with pytest.raises(TypeError, match="about: expected values that JSON supports"):
        nd.Checkpoint(tmp_path / "m.npz", 5, about={"place": tmp_path})
    with pytest.raises(ValueError, match=r"cannot write into .* name too long"):
        nd.Checkpoint(tmp_path / f"{'m' * 240}.npz", 5)


def test_flipped_bits(tmp_path):
    train(tmp_path, "m")
    content, draws = (tmp_path / "m.ckpt-10.npz").read_bytes(), random.Random(0)
    for _ in range(300):
        damaged = bytearray(content)
        damaged[draws.randrange(len(content))] ^= 1 << draws.randrange(8)
        (tmp_path / "d.npz").write_bytes(damaged)
        try:
            checkpoint = checkpoints.read(tmp_path / "d.npz")
        except ValueError:
            continue
        assert checkpoint.position == checkpoints.read(tmp_path / "m.ckpt-10.npz").position  # the byte has no meaning
