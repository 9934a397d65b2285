"""`ndrop tune`: output, files, and arguments that are refused."""

import json

import pytest
from commands import invoke

import numba_dropout as nd


def test_output(folder):
    choices = ["noisy", "--rates", "0,0.5", "--widths", "4;8", "--epochs", "2", "--jobs", "1"]
    result = invoke("tune", *choices, "--json", "found.json", "--out", "best.npz", "--journal", "journal")
    assert result.exit_code == 0, result.output
    record = json.loads((folder / "found.json").read_text())
    assert len(record["trials"]) == 4
    assert record.keys() >= {"best", "rungs", "outcomes", "command", "seed", "version", "machine"}
    net = nd.MLP.load("best.npz")
    assert (net.sizes[1:-1], net.dropout) == (record["best"]["hidden"], [record["best"]["dropout"]])
    assert f"best    dropout {record['best']['dropout']:g}" in result.output
    assert "next    ndrop evaluate best.npz noisy" in result.output
    assert len((folder / "journal").read_text().splitlines()) == 5


def test_plot(folder):
    pytest.importorskip("matplotlib")
    choices = ["noisy", "--rates", "0,0.5", "--widths", "4;8", "--epochs", "1", "--jobs", "1"]
    assert invoke("tune", *choices, "--plot", "found.svg").exit_code == 0
    assert (folder / "found.svg").read_text().count('id="axes_') == 2


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy's, in plain Python
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["noisy", "--rates", "0..2", "--search", "random", "--trials", "9"],
            "dropout: dropout probability has to be between 0 and 1",
        ),
        (["noisy", "--rates", "0.6..0.2"], "expected a range from a lower to a higher number"),
        (["noisy", "--lrs", "0..1"], "expected a range from a lower to a higher number"),
        (["noisy", "--widths", "4;x"], "--widths"),
        (["noisy", "--search", "random"], "trials: required for random search"),
        (["noisy", "--folds", "2", "--val", "0.5"], "got several"),
        (["noisy", "--rates", "0", "--lrs", "1e30", "--jobs", "1"], "all trials diverged; try lower learning rates"),
        (["noisy", "--rates", "none"], "dropout: expected values to try, got none"),
        (["noisy", "--rates", "0.5,0.5"], "dropout: expected each value once"),
        (["noisy", "--lrs", "0.01,-1", "--journal", "journal"], "lr: expected a number at least 0, got -1"),
        (["nowhere.csv"], "nowhere.csv: no such file"),
    ],
)
def test_refused_arguments(folder, arguments, message):
    refused = invoke("tune", *arguments)
    assert refused.exit_code == 2
    assert message in refused.output.splitlines()[-1]
    assert not list(folder.iterdir())
