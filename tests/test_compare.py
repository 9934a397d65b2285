"""Comparing rates: each run is a training run of its own, whatever runs beside it; and what is said of all of them."""

import gzip
import json
import math
import struct
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from numba_dropout_cli.main import cli
from numba_dropout_cli.types import COURSE

import numba_dropout as nd
from numba_dropout import data, plot
from numba_dropout.compare import Comparison, Outcome, compare
from numba_dropout.recipe import Recipe

SMALL = Recipe(hidden=(6,), epochs=2, batch_size=16, rows=40, val=0.3, input_dropout=0.1, optimizer="adam", seed=5)


def by_hand(rate, seed):
    """Return the outcome of one run, from the parts of the library."""
    whole = data.load("pipeline")
    train, held_out = data.split(whole, 0.3, seed=5)
    train = data.some(train, 40, seed=5)
    net = nd.MLP([20, 6, 3], dropout=rate, input_dropout=0.1, seed=seed)
    net.scale_input(*train.scaling())
    nd.fit(net, train.x, train.targets(), optimizer=nd.Adam(), epochs=2, batch_size=16)
    seen, unseen = (net.loss_of(part.x, part.targets()) for part in (train, held_out))
    return Outcome(rate, seed, *seen, *unseen)


def test_each_run_is_one_of_its_own():
    """With its own seed, on the rows that the first seed draws."""
    told = []
    found = compare("pipeline", [0.0, 0.5], SMALL, repeats=2, jobs=1, tell=told.append)
    assert found.outcomes == [by_hand(rate, seed) for rate in (0.0, 0.5) for seed in (5, 6)]
    assert told == found.outcomes
    assert (found.name, found.rows, found.val_rows) == ("20-6-3", 40, 300)


@pytest.mark.jit_only
def test_runs_beside_each_other_change_nothing():
    told = []
    alone = compare("pipeline", [0.3, 0.0], SMALL, repeats=2, jobs=1)
    beside = compare("pipeline", [0.3, 0.0], SMALL, repeats=2, jobs=3, tell=told.append)
    assert beside == alone
    assert sorted(told, key=lambda one: (-one.rate, one.seed)) == alone.outcomes


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


def outcomes():
    """Return runs in round numbers: the rate 0.5 is best, 0.9 diverges."""
    return [
        Outcome(0.0, 0, 0.1, 1.0, 0.5, 0.8),
        Outcome(0.0, 1, 0.3, 1.0, 0.7, 0.9),
        Outcome(0.5, 0, 0.3, 0.9, 0.25, 0.9),
        Outcome(0.5, 1, 0.5, 0.9, 0.35, 0.9),
        Outcome(0.9, 0, math.nan, math.nan, math.nan, math.nan),
        Outcome(0.9, 1, 0.5, 0.9, 0.1, 0.9),
    ]


def test_what_is_said_of_the_runs():
    found = Comparison("2-3-2", 10, 5, outcomes())
    assert found.rates == [0.0, 0.5, 0.9]
    assert found.best == 0.5
    assert found.table() == [
        " rate         train loss    validation loss   validation error",
        "    0    0.2000 ± 0.1414    0.6000 ± 0.1414     15.00 ± 7.07 %",
        "  0.5    0.4000 ± 0.1414    0.3000 ± 0.0707     10.00 ± 0.00 %  best",
        "  0.9           diverged           diverged           diverged",
    ]
    assert found.verdict() == (
        "best rate 0.5: validation loss 0.3000 ± 0.0707, without dropout 0.6000 ± 0.1414; "
        "error 10.00 ± 0.00 % against 15.00 ± 7.07 %"
    )
    alone = Comparison("2-3-1", 10, 5, [Outcome(0.2, 0, 0.1, None, 0.5, None)])
    assert alone.table()[1] == "  0.2    0.1000 ± 0.0000    0.5000 ± 0.0000  best"
    assert alone.verdict() == "best rate 0.2: validation loss 0.5000 ± 0.0000"
    assert list(alone.record()["rates"][0]) == ["rate", "train_loss", "val_loss", "train_loss_std", "val_loss_std"]


@pytest.mark.parametrize("classes", [True, False])
def test_the_plot_shows_means_and_spreads(classes, tmp_path, monkeypatch):
    found = Comparison("2-3-2", 10, 5, outcomes()[:4])
    if not classes:
        runs = [replace(run, train_accuracy=None, val_accuracy=None) for run in found.outcomes]
        found = replace(found, outcomes=runs)
    drawn = []
    keep = plot._spread
    monkeypatch.setattr(plot, "_spread", lambda axes, *given: (keep(axes, *given), drawn.append((axes, given[1])))[0])
    plot.rates(found, tmp_path / "rates.png")
    assert (tmp_path / "rates.png").read_bytes().startswith(b"\x89PNG")
    assert [name for _, name in drawn] == ["train_loss", "val_loss"] + ["val_error"] * classes
    for axes, name in drawn:
        lines = [line for bar in axes.containers for line in [bar.lines[0]]]
        shown = [line.get_ydata().tolist() for line in lines]
        assert [found.mean(name, rate) for rate in found.rates] in shown


# ---------------------------------------------------------------- the command


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
    assert COURSE.convert(text, None, None) == rates


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
        (["--val", "1"], "val: expected a number between 0 and 1"),
        (["none.csv"], "none.csv"),
        (["--json", "no/x.json"], "no/x.json: the folder no does not exist"),
        (["--plot", "x.txt"], "x.txt: expected a name that ends in .png, .pdf or .svg"),
        (["--json", "x.png", "--plot", "x.png"], "x.png: this file is needed for something else"),
        (["--variant", "concrete", "--rates", "1"], "expected probabilities below 1 for variant concrete"),
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
    assert head == "pipeline: 20-6-3, 40 rows to learn from, 200 to validate on"
    assert (first.split()[0], second.split()[0]) == ("0", "0.5")
    record = json.loads((tmp_path / "x.json").read_text())
    assert [run["rate"] for run in record["runs"]] == [0.0, 0.5]
    assert f"{record['rates'][0]['val_loss']:.4f} ± 0.0000" in first
    assert verdict.startswith(f"best rate {record['best']:g}: validation loss")
    assert (json_line, plot_line) == ("json   x.json", "plot   x.svg")
    assert "<svg" in (tmp_path / "x.svg").read_text()


def test_what_diverges_is_said_to(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    choices = ["--rates", "0,0.5", "--repeats", 1, "--hidden", 6, "--epochs", 2, "--lr", 1e30, "--jobs", 1]
    result = ndrop("pipeline", *choices, "--json", "x.json")
    assert result.exit_code == 0, result.output
    assert result.stdout.count("   diverged") == 6
    assert "\nall rates diverged; try a lower learning rate\n" in result.stdout
    assert json.loads((tmp_path / "x.json").read_text())["runs"][0]["val_loss"] is None
