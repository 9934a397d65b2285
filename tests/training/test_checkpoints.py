"""Checkpoints: training that is stopped at any moment goes on from one, and ends with the same bits."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from click.testing import CliRunner
from numba_dropout_cli.main import cli

import numba_dropout as nd
from numba_dropout.training import checkpoints
from numba_dropout.training.callbacks import JsonLines

ROWS = 60
KILLS = 20


class Stop(nd.Callback):
    """Pull the plug when a step is done."""

    def __init__(self, at):
        self.every = self.at = at

    def on_steps_end(self, epoch, steps, loss):
        if self.training.net.step == self.at:
            raise SystemError("no current")


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


def told(history):
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
def test_from_each_checkpoint_training_ends_the_same(tmp_path, options):
    whole, history, optimizer = train(tmp_path, "whole", **options)
    files = checkpoints.of_model(tmp_path / "whole.npz")
    assert len(files) >= 4
    for number, file in enumerate(files):
        model, again, other = train(tmp_path, f"again{number}", resume=file, **options)
        assert model == whole, file.name
        assert told(again) == told(history)
        assert again.best_epoch == history.best_epoch
        assert np.array_equal(other.state, optimizer.state)
        assert other.step == optimizer.step


@pytest.mark.parametrize("at", [5, 9, 18, 31])
def test_a_run_that_breaks_off_goes_on(tmp_path, at):
    """Steps 9, 18, ... end an epoch, of which nothing but its steps is done then."""
    whole, history, _ = train(tmp_path, "whole")
    with pytest.raises(SystemError):
        train(tmp_path, "broken", every=3, callbacks=[Stop(at), JsonLines(tmp_path / "log")])
    last = checkpoints.of_model(tmp_path / "broken.npz")[-1]
    assert last.name == f"broken.ckpt-{at // 3 * 3}.npz"
    model, again, _ = train(tmp_path, "broken", resume=last, callbacks=[JsonLines(tmp_path / "log")])
    assert model == whole
    assert told(again) == told(history)
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2, 3, 4, 5, 6]
    assert [line["loss"] for line in lines] == history.column("loss")


def test_a_checkpoint_is_a_model(tmp_path):
    train(tmp_path, "m")
    net = nd.MLP.load(tmp_path / "m.ckpt-10.npz")
    assert net.step == 10
    assert net.predict(np.zeros((2, 4))).shape == (2,)


def test_the_last_ones_are_kept(tmp_path):
    train(tmp_path, "other")
    train(tmp_path, "m", callbacks=[nd.Checkpoint(tmp_path / "few.npz", 4, keep=2)])
    names = sorted(file.name for file in checkpoints.of_model(tmp_path / "few.npz"))
    assert names == ["few.ckpt-52.npz", "few.ckpt-54.npz"]
    assert len(checkpoints.of_model(tmp_path / "other.npz")) == 11


def test_a_run_that_did_not_end_is_not_written_over(tmp_path):
    with pytest.raises(SystemError):
        train(tmp_path, "m", callbacks=[Stop(12)])
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(ValueError, match=r"m.ckpt-10.npz: a checkpoint of an unfinished run; resume it"):
        train(tmp_path, "m")
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_of_a_run_that_ended_nothing_stays(tmp_path):
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
def test_another_run_is_not_gone_on_with(tmp_path, options, message):
    train(tmp_path, "m")
    with pytest.raises(ValueError, match=r"resume: .*m.ckpt-10.npz is of a run " + message):
        train(tmp_path, "n", resume=tmp_path / "m.ckpt-10.npz", **options)


def test_other_data_are_not_gone_on_with(tmp_path):
    train(tmp_path, "m")
    x, y = np.ones((ROWS, 4)), np.arange(ROWS) % 2
    net = nd.MLP([4, 6, 2], dropout=0.2, seed=1)
    with pytest.raises(ValueError, match="on other data"):
        nd.fit(net, x, y, optimizer=nd.SGD(0.05), batch_size=7, epochs=6, resume=tmp_path / "m.ckpt-10.npz")
    assert net.step == 0


def test_what_is_no_checkpoint_is_refused(tmp_path):
    train(tmp_path, "m")
    with pytest.raises(ValueError, match=r"m.npz: expected a checkpoint, got a model"):
        checkpoints.read(tmp_path / "m.npz")
    whole = (tmp_path / "m.ckpt-10.npz").read_bytes()
    (tmp_path / "m.ckpt-10.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(
        ValueError, match=r"m.ckpt-10.npz: a truncated or damaged .*; another checkpoint is .*m.ckpt-54"
    ):
        checkpoints.read(tmp_path / "m.ckpt-10.npz")


def test_content_without_its_hash_is_refused(tmp_path):
    """The file is whole, as its zip sees it, but for one number."""
    train(tmp_path, "m")
    with np.load(tmp_path / "m.ckpt-10.npz") as file:
        arrays = {name: file[name] for name in file.files}
    arrays["training.optimizer"][0, 0] += 1
    np.savez(tmp_path / "n.npz", **arrays)
    with pytest.raises(ValueError, match=r"n.npz: a damaged model file: its content does not match its hash"):
        checkpoints.read(tmp_path / "n.npz")


def test_only_files_of_that_very_name_are_checkpoints(tmp_path):
    for name in ("a", "a.ckpt-3", "m-0.2"):
        train(tmp_path, name)
    copy = tmp_path / "a.ckpt-best-10.npz"
    copy.write_bytes((tmp_path / "a.ckpt-10.npz").read_bytes())
    train(tmp_path, "m-0.5")
    (tmp_path / "a.ckpt-3.npz").unlink()  # which would be one of a's
    train(tmp_path, "a", every=20, epochs=4)
    assert [file.name for file in checkpoints.of_model(tmp_path / "a.npz")] == ["a.ckpt-20.npz", "a.ckpt-36.npz"]
    assert copy.exists()
    for other in ("a.ckpt-3", "m-0.2", "m-0.5"):
        assert len(checkpoints.of_model(tmp_path / f"{other}.npz")) == 11


def test_a_model_in_the_place_of_a_checkpoint_stays(tmp_path):
    train(tmp_path, "m")
    (tmp_path / "m.npz").rename(tmp_path / "m.ckpt-7.npz")
    with pytest.raises(ValueError, match=r"m.ckpt-7.npz: expected a checkpoint, got a model .*; remove it"):
        train(tmp_path, "m")
    assert len(checkpoints.of_model(tmp_path / "m.npz")) == 12


@pytest.mark.parametrize("broken", [False, True])
def test_a_resumed_run_does_not_write_over_another_one(tmp_path, broken):
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


def test_a_run_that_was_told_to_stop_ends_its_epoch_when_it_is_resumed(tmp_path):
    class StopAt(nd.Callback):
        every = 12

        def on_steps_end(self, epoch, steps, loss):
            self.training.stop = self.training.stop or self.training.net.step == 12

    whole, history, _ = train(tmp_path, "whole", callbacks=[StopAt()], every=7)
    assert len(history.records) == 2
    for file in checkpoints.of_model(tmp_path / "whole.npz"):
        model, again, _ = train(tmp_path, "again", callbacks=[StopAt()], resume=file, every=7)
        assert (model, told(again)) == (whole, told(history)), file.name


def test_a_refused_run_leaves_its_log(tmp_path):
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


def test_a_refused_resume_leaves_the_optimizer(tmp_path):
    train(tmp_path, "m")
    rule = nd.SGD(0.05)
    with pytest.raises(ValueError, match="with seed 1, got 2"):
        train(tmp_path, "n", seed=2, optimizer=lambda lr: rule, resume=tmp_path / "m.ckpt-10.npz")
    model, _, _ = train(tmp_path, "n", optimizer=lambda lr: rule, resume=tmp_path / "m.ckpt-10.npz")
    assert model == (tmp_path / "m.npz").read_bytes()


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_weights_that_are_no_numbers_take_no_good_ones_place(tmp_path):
    class Spoil(nd.Callback):
        every = 1

        def on_steps_end(self, epoch, steps, loss):
            if self.training.net.step == 14:
                self.training.net.state_dict()["0.weight"][:] = np.nan

    path = tmp_path / "m.npz"
    with pytest.raises(nd.train.Diverged, match="weights became nan in epoch 2"):
        train(tmp_path, "other", callbacks=[Spoil(), nd.Checkpoint(path, 7, keep=1)])
    assert [file.name for file in checkpoints.of_model(path)] == ["m.ckpt-7.npz"]


def test_a_checkpoint_without_a_hash_is_refused(tmp_path):
    train(tmp_path, "m")
    with np.load(tmp_path / "m.ckpt-10.npz") as file:
        arrays = {name: file[name] for name in file.files if name != "sha256"}
    np.savez(tmp_path / "n.npz", **arrays)
    with pytest.raises(ValueError, match=r"n.npz: a damaged model file: the hash of its content is missing"):
        checkpoints.read(tmp_path / "n.npz")


def test_what_a_checkpoint_cannot_keep(tmp_path):
    with pytest.raises(TypeError, match="about: expected values that JSON supports"):
        nd.Checkpoint(tmp_path / "m.npz", 5, about={"place": tmp_path})
    with pytest.raises(ValueError, match=r"cannot write into .* name too long"):
        nd.Checkpoint(tmp_path / f"{'m' * 240}.npz", 5)


def test_damage_anywhere_is_refused(tmp_path):
    train(tmp_path, "m")
    whole, draws = (tmp_path / "m.ckpt-10.npz").read_bytes(), random.Random(0)
    for _ in range(300):
        damaged = bytearray(whole)
        damaged[draws.randrange(len(whole))] ^= 1 << draws.randrange(8)
        (tmp_path / "d.npz").write_bytes(damaged)
        try:
            found = checkpoints.read(tmp_path / "d.npz")
        except ValueError:
            continue
        assert found.position == checkpoints.read(tmp_path / "m.ckpt-10.npz").position  # a byte that says nothing


# ---------------------------------------------------------------- the command


def ndrop(*arguments):
    return CliRunner().invoke(cli, [str(argument) for argument in arguments], catch_exceptions=False)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_command_goes_on_with_the_choices_it_began_with(folder):
    done = ndrop("train", "--epochs", "3", "--seed", "5", "--log", "log", "--checkpoint-every", "50")
    assert done.exit_code == 0, done.output
    whole, log = (folder / "model.npz").read_bytes(), (folder / "log").read_text()
    (folder / "model.npz").unlink()
    (folder / "log").unlink()
    again = ndrop("train", "--resume", "model.ckpt-50.npz")
    assert again.exit_code == 0, again.output
    assert "resuming at step 50 of 120" in again.output
    assert (folder / "model.npz").read_bytes() == whole
    losses = [[json.loads(line)["loss"] for line in text.splitlines()] for text in (log, (folder / "log").read_text())]
    assert losses[0] == losses[1]
    assert len(losses[0]) == 3
    other = ndrop("train", "pipeline", "--seed", "5", "--resume", "model.ckpt-100.npz", "--out", "other.npz")
    assert other.exit_code == 0, other.output
    assert (folder / "other.npz").read_bytes() == whole


def test_a_resumed_run_writes_where_it_began(folder, monkeypatch):
    (folder / "sub").mkdir()
    monkeypatch.chdir(folder / "sub")
    assert ndrop("train", "--epochs", "2", "--checkpoint-every", "50", "--log", "log").exit_code == 0
    whole = (folder / "sub" / "model.npz").read_bytes()
    (folder / "sub" / "model.npz").unlink()
    monkeypatch.chdir(folder)
    again = ndrop("train", "--resume", "sub/model.ckpt-50.npz")
    assert again.exit_code == 0, again.output
    assert "model  sub/model.npz" in again.output
    assert [file.name for file in folder.iterdir()] == ["sub"]
    assert (folder / "sub" / "model.npz").read_bytes() == whole


def test_a_run_that_ended_has_nothing_to_go_on_with(folder):
    assert ndrop("train", "--epochs", "2", "--checkpoint-every", "50").exit_code == 0
    whole = (folder / "model.npz").read_bytes()
    again = ndrop("train", "--resume", "model.ckpt-80.npz")
    assert "training was already complete at step 80" in again.output
    assert (folder / "model.npz").read_bytes() == whole


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--resume", "model.ckpt-50.npz", "--lr", "0.5"], "--lr: model.ckpt-50.npz was trained with the default"),
        (["--resume", "model.ckpt-50.npz", "--seed", "4"], "--seed: model.ckpt-50.npz was trained with 0, g"),
        (["--resume", "model.npz"], "model.npz: expected a checkpoint, got a model"),
        (["--resume", "nothing.npz"], "nothing.npz: no such file"),
        (["noisy", "--resume", "model.ckpt-50.npz"], "model.ckpt-50.npz is of a run with sizes [20, 10, 3], got [20, "),
        (["--checkpoint-every", "0"], "--checkpoint-every"),
        (["--checkpoint-keep", "1"], "--checkpoint-keep: only valid with --checkpoint-every"),
        (["--resume", "model.ckpt-50.npz", "--log", "model.ckpt-50.npz"], "model.ckpt-50.npz: this file is already"),
        (["--resume", "model.ckpt-50.npz", "--out", "model.ckpt-50.npz"], "model.ckpt-50.npz: this file is already"),
    ],
)
def test_the_command_refuses_in_one_line(folder, arguments, message):
    assert ndrop("train", "--epochs", "2", "--checkpoint-every", "50").exit_code == 0
    refused = ndrop("train", *arguments)
    assert refused.exit_code == 2
    assert message in refused.output.splitlines()[-1]


@pytest.mark.full
@pytest.mark.jit_only
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no kill -9 here")
def test_kill_9_at_any_moment(tmp_path):
    """Twenty processes are killed, at moments that a generator draws, in training, in writing and in starting."""
    draws, killed, ended = random.Random(0), 0, 0
    begin = ["--epochs", "1500", "--optimizer", "adam", "--val", "0.2", "--patience", "1500"]
    begin += ["--checkpoint-every", "1000", "--log", "log"]
    command = [sys.executable, "-c", "from numba_dropout_cli.main import cli; cli()", "train"]
    environment = {**os.environ, "NUMBA_NUM_THREADS": "1"}

    def start(folder, arguments):
        return subprocess.Popen([*command, *arguments], cwd=folder, env=environment, stdout=subprocess.DEVNULL)

    folders = [tmp_path / "whole", tmp_path / "killed"]
    for folder in folders:
        folder.mkdir()
    took = 0.0
    for _ in range(2):  # the first one compiles
        began = time.perf_counter()
        assert start(folders[0], begin).wait() == 0
        took = time.perf_counter() - began
    whole = (folders[0] / "model.npz").read_bytes()
    folder = folders[1]
    while killed < KILLS or not ended:
        files = checkpoints.of_model(folder / "model.npz")
        process = start(folder, ["--resume", files[-1].name] if files else begin)
        try:
            code = process.wait(draws.uniform(0, took) if killed < KILLS else None)
        except subprocess.TimeoutExpired:
            process.kill()
            assert process.wait() == -signal.SIGKILL
            killed += 1
            continue
        assert code == 0
        assert (folder / "model.npz").read_bytes() == whole
        logs = [[json.loads(line) for line in (place / "log").read_text().splitlines()] for place in folders]
        assert told(nd.train.History(logs[0])) == told(nd.train.History(logs[1]))
        ended += 1
        for file in folder.iterdir():
            file.unlink()
    print(f"{killed} killed, {ended} ended")
