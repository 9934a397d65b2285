"""Output files that cannot be written, or that would replace other files of the run: exit code 2, and no change."""

import os
import sys
from pathlib import Path

import pytest
from commands import refused

SMALL = ("--hidden", "4", "--epochs", "1")

pytestmark = pytest.mark.usefixtures("earlier_run")


@pytest.mark.parametrize("option", ["--out", "--log", "--plot"])
@pytest.mark.parametrize("path", ["nowhere/file.png", "good.csv/file.png"])
def test_train_into_missing_folder(option, path):
    assert path in refused("train", "good.csv", *SMALL, option, path)


@pytest.mark.parametrize("path", ["nowhere/file.csv", "good.csv/file.npy", "."])
def test_predict_into_missing_folder(model, path):
    assert path in refused("predict", model, "good.csv", "--out", path)


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs /proc, a folder without write access")
@pytest.mark.parametrize("option", ["--out", "--log", "--plot"])
def test_unwritable_folder(option):
    assert "/proc/file.png" in refused("train", "good.csv", *SMALL, option, "/proc/file.png")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="permissions do not bind root")
@pytest.mark.parametrize("option", ["--out", "--log", "--plot"])
def test_folder_without_permission(folder, option):
    (folder / "locked").mkdir(mode=0o500)
    assert "locked/file.png" in refused("train", "good.csv", *SMALL, option, "locked/file.png")


@pytest.mark.parametrize("option", ["--out", "--log", "--plot"])
def test_folder_instead_of_file(folder, option):
    (folder / "sub.png").mkdir()
    assert "sub.png" in refused("train", "good.csv", *SMALL, option, "sub.png")


@pytest.mark.skipif(os.name != "posix", reason="/dev/null")
def test_device_instead_of_file():
    assert "/dev/null" in refused("train", "good.csv", *SMALL, "--out", "/dev/null")
    assert not Path("/dev/null").is_file()


def test_unknown_plot_format():
    assert ".png" in refused("train", "good.csv", *SMALL, "--plot", "plot.xyz")


def test_missing_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert "plots require matplotlib: pip install matplotlib (or" in refused(
        "train", "good.csv", *SMALL, "--plot", "plot.png"
    )


def test_formats_of_predictions(model):
    for name in ("p.xlsx", "p.json", "p.jsonl.gz", "p.onnx"):
        message = refused("predict", model, "good.csv", "--out", name)
        assert message.endswith(f"as {name[1:]}; choose a name in .csv, .csv.gz, .tsv, .npy or .parquet")


def test_formats_of_training():
    for name in ("m.onnx", "m.pt", "m.csv", "m.SAFETENSORS"):
        message = refused("train", "good.csv", *SMALL, "--out", name)
        assert f"a model cannot be written as {name[1:]}; choose a name in .npz or .safetensors" in message
        assert "`ndrop export`" in message
        assert name in refused("tune", "good.csv", "--epochs", "1", "--rates", "0", "--out", name)
    for name in ("log.jsonl.gz", "log.csv"):
        assert "a log cannot be written" in refused("train", "good.csv", *SMALL, "--log", name)
    assert "figures cannot be written as .csv" in refused("compare", "good.csv", "--json", "f.csv")
    assert "figures cannot be written as .npz" in refused("bench", "kernels", "--json", "f.npz")
    assert "a page cannot be written as .svg" in refused("trace", "toy", "--html", "page.svg")


@pytest.mark.parametrize("option", ["--out", "--log", "--plot"])
def test_train_keeps_its_data(option):
    assert "already used in this run" in refused("train", "good.csv", *SMALL, option, "good.csv")


def test_same_file_twice():
    assert "already used in this run" in refused("train", "good.csv", *SMALL, "--log", "m.npz", "--out", "m.npz")


def test_predict_keeps_its_input(model):
    for existing in ("good.csv", model):
        assert "already used in this run" in refused("predict", model, "good.csv", "--out", existing)
