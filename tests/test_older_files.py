"""Files of version 0.1.0: models, a checkpoint, the journal of a search, and a log.

They were written by its commands: `ndrop train pipeline --hidden 8 --epochs 4 --optimizer adam --schedule cosine` with
`--checkpoint-every 100 --log train.jsonl`, and `ndrop tune pipeline --rates 0,0.5 --widths "4;8" --epochs 2 --journal
tune.jsonl`. expected.npz has ten rows of the data, 0.1.0's predictions for them, and the model's weights.
"""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from numba_dropout_cli.main import cli

import numba_dropout as nd

WRITTEN = Path(__file__).with_name("data") / "v0.1.0"


@pytest.fixture(scope="module")
def expected():
    with np.load(WRITTEN / "expected.npz") as arrays:
        return dict(arrays)


def ndrop(*arguments):
    result = CliRunner().invoke(cli, list(map(str, arguments)))
    assert result.exit_code == 0, result.output
    return result.output


def same_weights(net, expected):
    for name, values in net.weights().items():
        np.testing.assert_allclose(values, expected[name], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["model.npz", "model.safetensors"])
def test_model(name, expected):
    if name.endswith("safetensors"):
        pytest.importorskip("safetensors")
    net = nd.MLP.load(WRITTEN / name)
    assert (net.sizes, net.step, net.epoch) == ([20, 8, 3], 160, 4)
    same_weights(net, expected)
    np.testing.assert_allclose(net.predict_proba(expected["x"]), expected["proba"], rtol=1e-5)


def test_checkpoint(tmp_path, expected):
    outputs = ["--out", tmp_path / "model.npz", "--log", tmp_path / "train.jsonl"]  # not in the folder of the first run
    ndrop("train", "--resume", WRITTEN / "checkpoint.npz", *outputs)
    net = nd.MLP.load(tmp_path / "model.npz")
    assert (net.step, net.epoch) == (160, 4)
    same_weights(net, expected)


def test_journal(tmp_path, monkeypatch):
    """All trials are in the journal, so no record is added. Version 0.1 does not stratify its splits."""
    journal = tmp_path / "tune.jsonl"
    shutil.copy(WRITTEN / "tune.jsonl", journal)
    monkeypatch.chdir(tmp_path)
    widths = ["--widths", "4;8", "--epochs", 2]
    ndrop("tune", "pipeline", "--rates", "0,0.5", *widths, "--journal", journal, "--out", "best.npz")
    assert journal.read_bytes() == (WRITTEN / "tune.jsonl").read_bytes()
    assert (tmp_path / "best.npz").exists()


def test_log():
    records = [json.loads(line) for line in (WRITTEN / "train.jsonl").read_text().splitlines()]
    history = nd.loop.History(records)
    assert history.column("epoch") == [1, 2, 3, 4]
    assert history.column("loss")[-1] == pytest.approx(0.9349671)
