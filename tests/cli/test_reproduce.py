"""`ndrop reproduce`: tables, JSON, and arguments that are refused."""

import json
from dataclasses import replace

import pytest
from commands import invoke
from idx_files import write_mnist
from uci_files import write_uci

from numba_dropout.experiments import reproduce
from numba_dropout.experiments.reproduce import mnist


@pytest.fixture
def uci(tmp_path, rng):
    """Write a small folder of published splits."""
    write_uci(tmp_path, rng)
    return tmp_path


@pytest.fixture
def folder(tmp_path, rng):
    """Write a small folder like MNIST's, and a folder for checkpoints."""
    write_mnist(tmp_path / "mnist", rng)
    (tmp_path / "ck").mkdir()
    return tmp_path


@pytest.fixture
def small(monkeypatch):
    """Make the networks small, and checkpoints frequent."""
    rows = {name: replace(config, hidden=(8, 8, 8)) for name, config in mnist.ROWS.items()}
    monkeypatch.setattr(mnist, "ROWS", rows)
    monkeypatch.setattr(mnist, "EVERY", 3)


@pytest.mark.jit_only
def test_uci(uci):
    printed = invoke("reproduce", "uci", uci, "--samples", "20", "--jobs", "1").output.splitlines()
    assert [line.split()[0] for line in printed[:3]] == ["split", "0", "1"]
    assert printed[-1].startswith(f"{uci.name}, 2 splits: rmse ")
    record = json.loads(
        invoke("reproduce", "uci", uci, "--samples", "20", "--jobs", "1", "--splits", "1", "--json").output
    )
    assert record.keys() >= {"rmse_mean", "rmse_se", "ll_mean", "ll_se", "seconds", "command", "seed", "machine"}
    assert len(record["splits"]) == 1
    assert f"{record['splits'][0]['rmse']:.4f}" in printed[1]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("n_hidden", None, "n_hidden.txt: no such file; a folder of published splits needs it"),
        ("n_hidden", "2.5", "n_hidden.txt: expected a positive integer, got 2.5"),
        ("data", "1 2 x", "data.txt: expected numbers separated by blanks"),
        ("data", "1 2 nan", "data.txt: expected finite numbers"),
        ("index_features", "0\n7", "index_features.txt: expected column numbers from 0 to 4, got 7"),
        ("index_test_1", "0\n0.5", "index_test_1.txt: expected row numbers from 0 to 39, got 0.5"),
        ("dropout_rates", "1.5", "dropout_rates.txt"),
        ("tau_values", "-1", "tau_values.txt: expected a number above 0, got -1"),
    ],
)
def test_refused_uci_folder(uci, name, text, message):
    path = uci / f"{name}.txt"
    path.unlink() if text is None else path.write_text(text)
    refused = invoke("reproduce", "uci", uci)
    assert refused.exit_code == 2
    assert message in refused.output
    assert len(refused.output.splitlines()) == 1


def test_too_many_splits(uci):
    refused = invoke("reproduce", "uci", uci, "--splits", "3")
    assert refused.exit_code == 2
    assert "splits: expected" in refused.output


@pytest.mark.jit_only
def test_mnist(folder, small):
    choices = ["mnist", folder / "mnist", "--checkpoints", folder / "ck", "--seeds", 1, "--updates", 4, "--jobs", 1]
    assert [line.split()[0] for line in invoke("reproduce", *choices).output.splitlines()] == [
        "row",
        "none",
        "dropout",
        "max-norm",
    ]
    record = json.loads(invoke("reproduce", *choices, "--row", "none", "--json").output)
    assert list(record["rows"]) == ["none"]
    assert record.keys() >= {"command", "seed", "version", "machine"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--updates", 3], "updates: expected a multiple of 2 (one epoch), got 3"),
        (["--checkpoints", "nowhere"], "nowhere: expected an existing folder for checkpoints"),
        (["--row", "all"], "--row"),
    ],
)
def test_refused_arguments(folder, arguments, message):
    refused = invoke("reproduce", "mnist", folder / "mnist", "--checkpoints", folder / "ck", *arguments)
    assert refused.exit_code == 2
    assert message in refused.output.splitlines()[-1]


@pytest.mark.parametrize("command", [["mnist", "--checkpoints", "."], ["sizes"]])
def test_other_data(command):
    refused = invoke("reproduce", command[0], "pipeline", *command[1:])
    assert refused.exit_code == 2
    assert "pipeline: expected a folder with MNIST's four files" in refused.output


def test_too_many_images(folder):
    refused = invoke("reproduce", "sizes", folder / "mnist", "--sizes", "100,241")
    assert refused.exit_code == 2
    assert "sizes: expected" in refused.output


@pytest.mark.jit_only
def test_json_and_plot(folder, small):
    pytest.importorskip("matplotlib")
    choices = ["mnist", folder / "mnist", "--checkpoints", folder / "ck", "--seeds", 2, "--updates", 4, "--jobs", 1]
    result = invoke("reproduce", *choices, "--plot", folder / "curves.svg")
    record = json.loads(invoke("reproduce", *choices, "--json").output)
    table = reproduce.Table.of(record)
    assert table.lines() == result.output.splitlines()
    assert table.record()["rows"] == record["rows"]
    curves = (folder / "curves.svg").read_text()
    for row in reproduce.ROWS:
        assert curves.count(f"{row}, 4 updates") == 1
