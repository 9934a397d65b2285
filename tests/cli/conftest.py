"""Folders with tables and models for the commands."""

import numpy as np
import pytest
from commands import ndrop
from csv_tables import CATS_AND_DOGS, ROWS, write_table

SMALL = ("--hidden", "4", "--epochs", "2", "--batch-size", "8")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def tables(folder):
    """Work in a folder with a table of classes and one of values."""
    kinds = ["above" if a > b else "below" for a, b in ROWS]
    write_table(folder / "kinds.csv", kinds, "kind")
    write_table(folder / "values.csv", [100 + 2 * a - b + 0.01 for a, b in ROWS], "value")
    return folder


@pytest.fixture
def kinds(tables):
    """Train on the table of classes, and return its labels."""
    ndrop("train", "kinds.csv", *SMALL, "--seed", 1)
    return [line.split(",")[-1] for line in (tables / "kinds.csv").read_text().split()[1:]]


@pytest.fixture
def values(tables):
    """Train on the table of values, and return its values."""
    ndrop("train", "values.csv", *SMALL)
    return np.loadtxt(tables / "values.csv", delimiter=",", skiprows=1)[:, -1]


@pytest.fixture
def earlier_run(folder):
    """Work in a folder with a table and the files of an earlier run."""
    (folder / "good.csv").write_text(CATS_AND_DOGS)
    for name in ("model.npz", "predictions.csv", "log.jsonl", "plot.png"):
        (folder / name).write_text("of an earlier run")
    return folder


@pytest.fixture
def model(earlier_run):
    """Train a model on the table, and return its file."""
    ndrop("train", "good.csv", "--hidden", "4", "--epochs", "1", "--out", "good.npz")
    return "good.npz"
