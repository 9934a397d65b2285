"""`ndrop train` with checkpoints: resuming a run that stopped."""

import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest
from commands import NDROP, contents, invoke

import numba_dropout as nd
from numba_dropout.training import checkpoints

KILLS = 20


def test_resume_with_the_same_options(folder):
    result = invoke("train", "--epochs", "3", "--seed", "5", "--log", "log", "--checkpoint-every", "50")
    assert result.exit_code == 0, result.output
    expected, log = (folder / "model.npz").read_bytes(), (folder / "log").read_text()
    (folder / "model.npz").unlink()
    (folder / "log").unlink()
    first = invoke("train", "--resume", "model.ckpt-50.npz")
    assert first.exit_code == 0, first.output
    assert "resuming at step 50 of 120" in first.output
    assert (folder / "model.npz").read_bytes() == expected
    losses = [[json.loads(line)["loss"] for line in text.splitlines()] for text in (log, (folder / "log").read_text())]
    assert losses[0] == losses[1]
    assert len(losses[0]) == 3
    second = invoke("train", "pipeline", "--seed", "5", "--resume", "model.ckpt-100.npz", "--out", "other.npz")
    assert second.exit_code == 0, second.output
    assert (folder / "other.npz").read_bytes() == expected


def test_resume_from_another_folder(folder, monkeypatch):
    (folder / "sub").mkdir()
    monkeypatch.chdir(folder / "sub")
    assert invoke("train", "--epochs", "2", "--checkpoint-every", "50", "--log", "log").exit_code == 0
    expected = (folder / "sub" / "model.npz").read_bytes()
    (folder / "sub" / "model.npz").unlink()
    monkeypatch.chdir(folder)
    resumed = invoke("train", "--resume", "sub/model.ckpt-50.npz")
    assert resumed.exit_code == 0, resumed.output
    assert "model  sub/model.npz" in resumed.output
    assert [file.name for file in folder.iterdir()] == ["sub"]
    assert (folder / "sub" / "model.npz").read_bytes() == expected


def test_resume_finished_run(folder):
    assert invoke("train", "--epochs", "2", "--checkpoint-every", "50").exit_code == 0
    expected = (folder / "model.npz").read_bytes()
    resumed = invoke("train", "--resume", "model.ckpt-80.npz")
    assert "training was already complete at step 80" in resumed.output
    assert (folder / "model.npz").read_bytes() == expected


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return a folder with a model and its checkpoints, which tests leave as it is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("trained"))
        assert invoke("train", "--epochs", "2", "--checkpoint-every", "50").exit_code == 0
        return Path.cwd()


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
def test_refused_arguments(trained, monkeypatch, arguments, message):
    monkeypatch.chdir(trained)
    before = contents(trained)
    refused = invoke("train", *arguments)
    assert refused.exit_code == 2
    assert contents(trained) == before
    assert message in refused.output.splitlines()[-1]


def without_times(history):
    """Return a history without its times."""
    return [{name: record[name] for name in record if "second" not in name} for record in history.records]


@pytest.mark.full
@pytest.mark.jit_only
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_kill_at_random_moments(tmp_path):
    """Kill twenty processes at random moments, during training, writing and start-up."""
    draws, killed, ended = random.Random(0), 0, 0
    options = ["--epochs", "1500", "--optimizer", "adam", "--val", "0.2", "--patience", "1500"]
    options += ["--checkpoint-every", "1000", "--log", "log"]
    command = [*NDROP, "train"]
    environment = {**os.environ, "NUMBA_NUM_THREADS": "1"}

    def start(folder, arguments):
        return subprocess.Popen([*command, *arguments], cwd=folder, env=environment, stdout=subprocess.DEVNULL)

    folders = [tmp_path / "whole", tmp_path / "killed"]
    for folder in folders:
        folder.mkdir()
    duration = 0.0
    for _ in range(2):  # the first one compiles
        start_time = time.perf_counter()
        assert start(folders[0], options).wait() == 0
        duration = time.perf_counter() - start_time
    expected = (folders[0] / "model.npz").read_bytes()
    folder = folders[1]
    while killed < KILLS or not ended:
        files = checkpoints.of_model(folder / "model.npz")
        process = start(folder, ["--resume", files[-1].name] if files else options)
        try:
            code = process.wait(draws.uniform(0, duration) if killed < KILLS else None)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        if code == -signal.SIGKILL:
            killed += 1
            continue
        assert code == 0
        assert (folder / "model.npz").read_bytes() == expected
        logs = [[json.loads(line) for line in (path / "log").read_text().splitlines()] for path in folders]
        assert without_times(nd.train.History(logs[0])) == without_times(nd.train.History(logs[1]))
        ended += 1
        for file in folder.iterdir():
            file.unlink()
    print(f"{killed} killed, {ended} ended")
