"""`ndrop compare`: output, files, and arguments that are refused."""

import json

import pytest
from commands import invoke


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
def test_refused_arguments(arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = invoke("compare", *arguments)
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_output(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    choices = ["--rates", "0,0.5", "--repeats", 1, "--rows", 40, "--hidden", 6, "--epochs", 1, "--jobs", 1]
    result = invoke("compare", "pipeline", *choices, "--json", "x.json", "--plot", "x.svg")
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
def test_divergence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    choices = ["--rates", "0,0.5", "--repeats", 1, "--hidden", 6, "--epochs", 2, "--lr", 1e30, "--jobs", 1]
    result = invoke("compare", "pipeline", *choices, "--json", "x.json")
    assert result.exit_code == 2
    assert result.stdout.count("   diverged") == 6
    assert "best" not in result.stdout
    assert result.stderr == "Error: runs of all rates diverged; try a lower learning rate\n"
    assert json.loads((tmp_path / "x.json").read_text())["runs"][0]["val_loss"] is None
