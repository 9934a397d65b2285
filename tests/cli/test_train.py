"""`ndrop train`: output, files, and options."""

import re

import numba
import numpy as np
import pytest
from commands import ndrop, read_log, started

import numba_dropout as nd
from numba_dropout.data.splits import hold_out
from numba_dropout.experiments import environment

COMPILES_LONG = pytest.mark.compiles_long
SMALL = ("--hidden", "4", "--epochs", "2", "--batch-size", "8")

pytestmark = pytest.mark.usefixtures("tables")


def test_output(folder):
    out = ndrop("train", "kinds.csv", *SMALL, "--dropout", "0.25", "--input-dropout", "0.125", "--val", "0.2").stdout
    assert "2 features, 2 classes" in out
    for stage in ("input +24 x 2", "dropout 0.125 +24 x 2", "relu +24 x 4", "dropout 0.25 +24 x 4", "linear +24 x 2"):
        assert re.search(stage, out), stage
    head, *rows = out[out.index("epoch  ") :].splitlines()[:3]
    for title in ("loss", "accuracy", "val loss", "val accuracy", "samples/s"):
        assert title in head
    assert [row.split()[0] for row in rows] == ["1", "2"]
    assert all("-" not in row.split() for row in rows)
    assert "2 epochs in batches of " in out
    assert "AdamW with learning rate 0.003 (cosine), weight decay 1\n" in out
    assert "model  model.npz" in out
    assert out.splitlines()[-1] == "next   ndrop evaluate model.npz kinds.csv --part val"
    assert nd.MLP.load(folder / "model.npz").sizes == [2, 4, 2]


@pytest.mark.parametrize(
    ("options", "shown"),
    [([], "kinds.csv"), (["--val", "0.2"], "kinds.csv --part val"), (["--test", "more.csv"], "more.csv")],
)
def test_printed_next_command(folder, options, shown):
    (folder / "more.csv").write_bytes((folder / "kinds.csv").read_bytes())
    last = ndrop("train", "kinds.csv", *SMALL, *options).stdout.splitlines()[-1]
    assert last == f"next   ndrop evaluate model.npz {shown}"
    assert "accuracy" in ndrop(*last.split()[2:]).stdout


def test_default_data():
    out = ndrop("train", "--epochs", 1).stdout
    for part in ("pipeline: 1000 rows, 20 features, 3 classes", "dropout 0.3", "1000 x 10", "batches of 25"):
        assert part in out


@pytest.mark.jit_only
def test_default_run_learns(folder):
    ndrop("train", "--log", "log.jsonl")
    log = read_log(folder / "log.jsonl")
    assert len(log) == 5
    assert log[0]["loss"] >= 0.9
    assert log[4]["loss"] <= 0.55
    assert log[4]["accuracy"] >= 0.80


@pytest.mark.parametrize("val", [True, False])
def test_log(folder, val):
    (folder / "log.jsonl").write_text("of an earlier run\n")
    ndrop("train", "kinds.csv", *SMALL, "--log", "log.jsonl", *(["--val", "0.2"] * val))
    log = read_log(folder / "log.jsonl")
    assert [record["epoch"] for record in log] == [1, 2]
    for record in log:
        assert {"epoch", "loss", "accuracy", "val_loss", "val_accuracy", "seconds"} <= set(record)
        assert (record["val_loss"] is None) == (record["val_accuracy"] is None) == (not val)
        assert 0 <= record["accuracy"] <= 1
        assert record["loss"] > 0
        assert record["seconds"] > 0


def test_log_of_regression(folder):
    ndrop("train", "values.csv", *SMALL, "--log", "log.jsonl", "--val", "0.2")
    for record in read_log(folder / "log.jsonl"):
        assert record["accuracy"] is None
        assert record["val_accuracy"] is None
        assert record["val_loss"] > 0


def test_validation_metrics(folder):
    ndrop("train", "kinds.csv", *SMALL, "--val", "0.5", "--seed", 3, "--log", "log.jsonl")
    dataset = nd.data.load("kinds.csv")
    held_out = dataset.rows(hold_out(dataset, 0.5, seed=3)[1])
    measured = nd.evaluate(nd.MLP.load("model.npz"), held_out.x, held_out.y)
    last = read_log(folder / "log.jsonl")[-1]
    assert last["val_loss"] == pytest.approx(measured["loss"])
    assert last["val_accuracy"] == measured["accuracy"]


@pytest.mark.parametrize(("suffix", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_plot(folder, suffix, start):
    pytest.importorskip("matplotlib")
    out = ndrop("train", "kinds.csv", *SMALL, "--val", "0.2", "--plot", f"curves.{suffix}").stdout
    assert (folder / f"curves.{suffix}").read_bytes().startswith(start)
    assert f"plot   curves.{suffix}" in out


def test_seed(folder):
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        ndrop("train", "kinds.csv", *SMALL, "--val", "0.2", "--seed", seed, "--out", name)
    a, b, c = ((folder / name).read_bytes() for name in "abc")
    assert a == b
    first, second = (nd.MLP.load(name).state_dict()["0.weight"] for name in "ac")
    assert not np.array_equal(first, second)
    assert c != a


def test_seed_in_another_process(folder):
    ndrop("train", "kinds.csv", *SMALL, "--out", "a")
    assert started("train", "kinds.csv", *SMALL, "--out", "b").returncode == 0
    assert (folder / "a").read_bytes() == (folder / "b").read_bytes()


@pytest.mark.parametrize("seed", [0, 2**64 - 1])
def test_smallest_and_largest_seed(seed):
    ndrop("train", "kinds.csv", *SMALL, "--seed", seed)
    assert nd.MLP.load("model.npz").seed == seed


def test_patience(folder):
    choices = ["--hidden", "4", "--dropout", "0", "--batch-size", "5", "--val", "0.3", "--optimizer", "sgd"]
    choices += ["--lr", "3"]
    options = ("--epochs", 40, "--patience", 2, "--log", "log", "--out", "a")
    stopped = ndrop("train", "kinds.csv", *choices, *options).stdout
    log = read_log(folder / "log")
    losses = [record["val_loss"] for record in log]
    best = losses.index(min(losses)) + 1
    assert len(log) == best + 2 < 40
    assert f"epoch {best}, the best" in stopped
    ndrop("train", "kinds.csv", *choices, "--epochs", best, "--out", "b")
    kept, expected = (nd.MLP.load(name).state_dict() for name in "ab")
    assert all(np.array_equal(kept[name], expected[name]) for name in expected)


def test_batch_larger_than_data():
    assert "batches of" in ndrop("train", "kinds.csv", "--hidden", 4, "--epochs", 3, "--batch-size", 10**6).stdout
    assert nd.MLP.load("model.npz").step == 3


def test_threads():
    before = numba.get_num_threads()
    try:
        ndrop("train", "kinds.csv", *SMALL, "--threads", 1)
        assert numba.get_num_threads() == 1
    finally:
        environment.set_threads(before)


@pytest.mark.parametrize(
    "options",
    [
        ("--hidden", "none"),
        ("--hidden", "5,3", "--dropout", "0.1,0.9"),
        ("--hidden", "5,3", "--dropout", "1"),
        pytest.param(("--loss", "bce"), marks=COMPILES_LONG),
        ("--optimizer", "sgd", "--nesterov", "--momentum", "0.5", "--weight-decay", "0.01"),
        pytest.param(("--optimizer", "adamw", "--weight-decay", "0.1", "--max-norm", "2"), marks=COMPILES_LONG),
        ("--schedule", "cosine"),
        ("--schedule", "inverse", "--decay-steps", "10"),
        ("--schedule", "step", "--decay-steps", "10"),
        ("--standardize", "none"),
        pytest.param(("--variant", "gaussian", "--dropout-schedule", "curriculum"), marks=COMPILES_LONG),
        pytest.param(("--variant", "dropconnect"), marks=COMPILES_LONG),
        pytest.param(("--dtype", "float64"), marks=COMPILES_LONG),
        ("--target", "kind"),
        ("--target", "-1"),
    ],
    ids=" ".join,
)
def test_options(options):
    ndrop("train", "kinds.csv", "--hidden", "4", "--epochs", "1", *options)
    assert set(ndrop("predict", "model.npz", "kinds.csv").stdout.split()[1:]) <= {"above", "below"}


@COMPILES_LONG
def test_concrete_dropout():
    output = ndrop(
        "train", "kinds.csv", *SMALL, "--variant", "concrete", "--dropout", "0.2", "--dropout-regularizer", "1"
    )
    assert "concrete dropout 0.2" in output.stdout
    first, *rates = nd.MLP.load("model.npz").rates
    assert first == 0
    assert f"learned dropout rates: hidden 1 {rates[0]:.4g}\n" in output.stdout
    assert abs(rates[0] - 0.2) > 1e-3


def test_standardization(folder):
    ndrop("train", "kinds.csv", *SMALL, "--out", "a")
    text = [line.split(",") for line in (folder / "kinds.csv").read_text().splitlines()]
    table = [text[0]] + [[str(float(a) * 1024), b, kind] for a, b, kind in text[1:]]
    (folder / "kinds.csv").write_text("\n".join(map(",".join, table)))
    ndrop("train", "kinds.csv", *SMALL, "--out", "b")
    a, b = (nd.MLP.load(name).state_dict()["1.weight"] for name in "ab")
    assert np.allclose(a, b, rtol=1e-5)
