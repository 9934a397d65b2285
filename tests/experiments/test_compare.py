"""Comparing rates: each run is a training run of its own, whatever runs beside it; and what is said of all of them."""

import contextlib
import gzip
import itertools
import json
import math
import os
import signal
import struct
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from numba_dropout_cli.main import cli
from numba_dropout_cli.types import RATE_LIST

import numba_dropout as nd
from numba_dropout import data
from numba_dropout.experiments.compare import Comparison, compare
from numba_dropout.experiments.config import TrainConfig
from numba_dropout.experiments.trial import Trial, TrialResult
from numba_dropout.viz import plots

SMALL = TrainConfig(hidden=(6,), epochs=2, batch_size=16, rows=40, val=0.3, input_dropout=0.1, optimizer="adam", seed=5)


def result_of(number, rate, seed, *metrics):
    """Return the result of a run."""
    return TrialResult(Trial(number, {"dropout": rate, "seed": seed}), 0, 0, *metrics)


def by_hand(number, rate, seed):
    """Return the result of one run, from the parts of the library."""
    whole = data.load("pipeline")
    train, held_out = data.split(whole, 0.3, seed=5)
    train = data.some(train, 40, seed=5)
    net = nd.MLP([20, 6, 3], dropout=rate, input_dropout=0.1, seed=seed)
    net.scale_input(*train.scaling())
    nd.fit(net, train.x, train.targets(), optimizer=nd.Adam(), epochs=2, batch_size=16)
    seen, unseen = (net.evaluate_loss(part.x, part.targets()) for part in (train, held_out))
    return result_of(number, rate, seed, *seen, *unseen)


def test_each_run_is_one_of_its_own():
    """With its own seed, on the rows that the first seed draws."""
    told = []
    found = compare("pipeline", [0.0, 0.5], SMALL, repeats=2, jobs=1, on_result=told.append)
    runs = itertools.product((0.0, 0.5), (5, 6))
    assert found.results == [by_hand(number, rate, seed) for number, (rate, seed) in enumerate(runs)]
    assert told == found.results
    assert (found.name, found.loss, found.input_dropout) == ("20-6-3", "cross_entropy", 0.1)
    assert (found.rows, found.val_rows) == (40, 300)


@pytest.mark.jit_only
def test_runs_beside_each_other_change_nothing():
    told = []
    alone = compare("pipeline", [0.3, 0.0], SMALL, repeats=2, jobs=1)
    beside = compare("pipeline", [0.3, 0.0], SMALL, repeats=2, jobs=3, on_result=told.append)
    assert beside == alone
    assert sorted(told, key=lambda result: result.trial.number) == alone.results


def test_a_folder_in_two_parts_validates_on_its_test_part(tmp_path, rng):
    for part, count in (("train", 30), ("t10k", 12)):
        for kind, array in (
            ("images-idx3", rng.integers(0, 256, (count, 2, 3))),
            ("labels-idx1", np.arange(count) % 2),
        ):
            head = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
            (tmp_path / f"{part}-{kind}-ubyte.gz").write_bytes(gzip.compress(head + array.astype(np.uint8).tobytes()))
    recipe = replace(SMALL, val=None, rows=None)
    found = compare(tmp_path, [0.5], recipe, repeats=1, jobs=1)
    assert (found.rows, found.val_rows) == (30, 12)
    assert compare(tmp_path, [0.5], replace(recipe, val=0.5), repeats=1, jobs=1).val_rows == 15
    assert compare("pipeline", [0.5], recipe, repeats=1, jobs=1).val_rows == 200


def results():
    """Return runs in round numbers: the rate 0.5 is best, 0.9 diverges."""
    return [
        result_of(0, 0.0, 0, 0.1, 1.0, 0.5, 0.8),
        result_of(1, 0.0, 1, 0.3, 1.0, 0.7, 0.9),
        result_of(2, 0.5, 0, 0.3, 0.9, 0.25, 0.9),
        result_of(3, 0.5, 1, 0.5, 0.9, 0.35, 0.9),
        result_of(4, 0.9, 0, math.nan, None, math.nan, None),
        result_of(5, 0.9, 1, 0.5, 0.9, 0.1, 0.9),
    ]


def test_what_is_said_of_the_runs():
    found = Comparison("2-3-2", "cross_entropy", 0.0, 10, 5, results())
    assert found.rates == [0.0, 0.5, 0.9]
    assert found.best == 0.5
    assert found.table() == [
        "rate        train loss   validation loss   validation error",
        "   0   0.2000 ± 0.1414   0.6000 ± 0.1414     15.00 ± 7.07 %",
        " 0.5   0.4000 ± 0.1414   0.3000 ± 0.0707     10.00 ± 0.00 %  best",
        " 0.9          diverged          diverged           diverged",
    ]
    assert found.verdict() == (
        "best rate 0.5: validation loss 0.3000 ± 0.0707, error 10.00 ± 0.00 %; "
        "at rate 0 0.6000 ± 0.1414, error 15.00 ± 7.07 %"
    )
    alone = Comparison("2-3-1", "mse", 0.0, 10, 5, [result_of(0, 0.123457, 0, 0.1, None, 12345.5, None)])
    assert alone.table() == ["    rate   train loss   validation loss", "0.123457       0.1000        12345.5000  best"]
    assert alone.verdict() == "best rate 0.123457: validation loss 12345.5000"
    assert list(alone.record()["rates"][0]) == ["rate", "train_loss", "val_loss", "train_loss_std", "val_loss_std"]
    lost = Comparison("2-3-1", "mse", 0.0, 10, 5, results()[4:5])
    assert lost.best is lost.record()["best"] is None
    assert lost.table()[1] == " 0.9     diverged          diverged"
    assert lost.verdict() == "runs of all rates diverged; try a lower learning rate"


@pytest.mark.parametrize("classes", [True, False])
def test_the_plot_shows_means_and_spreads(classes, tmp_path, monkeypatch):
    found = Comparison("2-3-2", "cross_entropy" if classes else "mse", 0.0, 10, 5, results()[:4])
    drawn = []
    keep = plots._spread
    monkeypatch.setattr(plots, "_spread", lambda axes, *given: (keep(axes, *given), drawn.append((axes, given[1])))[0])
    plots.rates(found, tmp_path / "rates.png")
    assert (tmp_path / "rates.png").read_bytes().startswith(b"\x89PNG")
    assert [name for _, name in drawn] == ["train_loss", "val_loss"] + ["val_error"] * classes
    for axes, name in drawn:
        lines = [line for bar in axes.containers for line in [bar.lines[0]]]
        shown = [line.get_ydata().tolist() for line in lines]
        assert [found.mean(name, rate) for rate in found.rates] in shown


def ndrop(*arguments):
    return CliRunner().invoke(cli, ["compare", *map(str, arguments)])


@pytest.mark.parametrize(
    ("text", "rates"),
    [
        ("0.5", [0.5]),
        ("0,0.25", [0.0, 0.25]),
        ("0,0.1,...,0.9", [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]),
        ("0,0.01,0.2,0.3,...,0.5", [0.0, 0.01, 0.2, 0.3, 0.4, 0.5]),
        ("0.9,0.6, ... ,0", [0.9, 0.6, 0.3, 0.0]),
    ],
)
def test_rates_are_written_one_by_one_or_as_a_course(text, rates):
    assert RATE_LIST.convert(text, None, None) == rates


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--rates", "0,0.3,...,0.5"], "expected equal steps up to 0.5, got '0,0.3,...,0.5'"),
        (["--rates", "0,0,...,0.5"], "expected equal steps"),
        (["--rates", "...,0.5"], "expected rates such as 0,0.2,0.5 or 0,0.1,...,0.9"),
        (["--rates", "0,...,0.5"], "expected rates such as"),
        (["--rates", "0,1.5"], "rates: dropout probability has to be between 0 and 1, but got 1.5"),
        (["--rates", "0.5,0.5"], "rates: expected different numbers, got 0.5, 0.5"),
        (["--rows", "900"], "rows: expected 1 to 800, got 900"),
        (["--hidden", "none"], "hidden: expected at least one hidden layer to apply the rates to, got none"),
        (["--seed", 2**64 - 1], "seed of the last repeat: expected an integer from 0 to 18446744073709551615"),
        (
            ["--variant", "gaussian", "--rates", "0.5,1"],
            "expected probabilities below 1 with variant='gaussian', got 1",
        ),
        (["--val", "1"], "val: expected a number between 0 and 1"),
        (["none.csv"], "none.csv"),
        (["--json", "no/x.json"], "no/x.json: the folder no does not exist"),
        (["--plot", "x.txt"], "x.txt: expected a name that ends in .png, .pdf or .svg"),
        (["--json", "x.png", "--plot", "x.png"], "x.png: this file is already used in this run"),
        (["--variant", "concrete", "--rates", "1"], "expected probabilities below 1 with variant='concrete'"),
    ],
)
def test_what_cannot_be_compared(arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = ndrop(*arguments)
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_the_command_shows_the_table_and_writes_the_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    choices = ["--rates", "0,0.5", "--repeats", 1, "--rows", 40, "--hidden", 6, "--epochs", 1, "--jobs", 1]
    result = ndrop("pipeline", *choices, "--json", "x.json", "--plot", "x.svg")
    assert result.exit_code == 0, result.output
    head, _, _, first, second, _, verdict, _, json_line, plot_line = result.stdout.splitlines()
    assert head == "pipeline: 20-6-3, input dropout 0.3, 40 training rows, 200 validation rows"
    assert (first.split()[0], second.split()[0]) == ("0", "0.5")
    record = json.loads((tmp_path / "x.json").read_text())
    assert [run["rate"] for run in record["runs"]] == [0.0, 0.5]
    assert f"{record['rates'][0]['val_loss']:.4f}" in first
    assert record["rates"][0]["val_loss_std"] is None
    assert verdict.startswith(f"best rate {record['best']:g}: validation loss")
    assert (json_line, plot_line) == ("json   x.json", "plot   x.svg")
    assert "<svg" in (tmp_path / "x.svg").read_text()


@pytest.mark.jit_only
def test_what_diverges_is_said_to(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    choices = ["--rates", "0,0.5", "--repeats", 1, "--hidden", 6, "--epochs", 2, "--lr", 1e30, "--jobs", 1]
    result = ndrop("pipeline", *choices, "--json", "x.json")
    assert result.exit_code == 2
    assert result.stdout.count("   diverged") == 6
    assert "best" not in result.stdout
    assert result.stderr == "Error: runs of all rates diverged; try a lower learning rate\n"
    assert json.loads((tmp_path / "x.json").read_text())["runs"][0]["val_loss"] is None


WORKING = """
import sys, time
from numba_dropout.experiments import compare
from numba_dropout.experiments.config import TrainConfig

if __name__ == "__main__":
    config = TrainConfig(hidden=(6,), epochs=2, rows=40, optimizer="adam")
    def on_result(result):
        print("done", flush=True)
    compare.compare("pipeline", [0.0, 0.5], config, repeats=400, jobs=2, on_result=on_result)
"""


def children(pid):
    """Return the processes that a process has started, and they."""
    found = []
    for own in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, own.read_text().split()):
            found += [child, *children(child)]
    return found


def running(pids):
    """Return those that have not ended."""
    alive = []
    for pid in pids:
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
                alive.append(pid)
    return alive


@pytest.mark.jit_only
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs Linux's /proc")
@pytest.mark.parametrize("how", ["interrupt", "terminate", "kill", "a worker"])
def test_no_process_is_left_behind(how, tmp_path):
    """However it ends: by Ctrl-C, which only the first process hears, or from outside, or as one of them dies."""
    (tmp_path / "working.py").write_text(WORKING)
    command = [sys.executable, str(tmp_path / "working.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "done\n"
        workers = children(process.pid)
        assert len(running(workers)) >= 2
        if how == "a worker":
            busy = [pid for pid in workers if "spawn_main" in Path(f"/proc/{pid}/cmdline").read_text()]
            os.kill(busy[0], signal.SIGKILL)
        else:
            send = {"interrupt": signal.SIGINT, "terminate": signal.SIGTERM, "kill": signal.SIGKILL}[how]
            process.send_signal(send)
        process.stdout.read()
        said = process.stderr.read()
    assert process.returncode != 0
    for _ in range(200):
        if not running(workers):
            break
        time.sleep(0.05)
    assert running(workers) == []
    if how == "a worker":
        assert said.splitlines()[-1].endswith("a worker process was killed, perhaps for lack of memory; try fewer jobs")
    if how == "interrupt":
        assert said.splitlines()[-1] == "KeyboardInterrupt"
