"""The textbook's lab, with a stand-in for the commands."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from numba_dropout_bench import textbook
from numba_dropout_cli.main import cli

pd = pytest.importorskip("pandas")
pytest.importorskip("sklearn")

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "textbook.md").read_text()
ISLP = ROOT.parent / "shared" / "data" / "islp"
MISSING = pytest.mark.skipif(not ISLP.is_dir(), reason="the book's table is not beside this repository, in shared/data")


@MISSING
def test_split():
    frame = pd.read_csv(ISLP / "Hitters.csv").dropna()
    train, test = textbook.split(len(frame))
    assert (len(frame), len(train), len(test)) == (263, 175, 88)
    expected = np.loadtxt(ISLP / "Hitters.test-rows.txt", dtype=int)
    assert sorted(frame.index[test]) == sorted(expected)


@MISSING
def test_least_squares():
    frame = pd.read_csv(ISLP / "Hitters.csv").dropna()
    train, test = (frame.iloc[rows] for rows in textbook.split(len(frame)))
    assert textbook.least_squares(train, test) == pytest.approx(259.7152883314627, abs=1e-6)
    linear = textbook.RUNS[0]
    assert linear.most - 259.7152883314627 < 0.5


@pytest.fixture
def hitters(tmp_path, rng):
    """Write a small table with the names of the book's, and a gap in the target."""
    rows = pd.DataFrame({"Hits": rng.integers(1, 200, 31), "League": ["A", "N", "A"] * 10 + ["N"]})
    rows["Salary"] = np.where(np.arange(31) == 4, np.nan, 3.0 * rows["Hits"] + 10)
    rows.to_csv(tmp_path / "table.csv", index=False)
    return tmp_path / "table.csv"


def test_record(hitters, tmp_path, monkeypatch, capsys):
    commands = []

    def ndrop(command, folder):
        commands.append(command)
        assert {"Hitters.csv", "train.csv", "test.csv", "mnist"} <= {path.name for path in folder.iterdir()}
        assert len(pd.read_csv(folder / "train.csv")) == 20
        assert len(pd.read_csv(folder / "test.csv")) == 10
        figures = json.dumps({"mae": 200.0 + len(commands), "error": 0.0155})
        return figures if command.startswith("ndrop evaluate") else "rows 30 of 31\n\nepoch  loss\n"

    monkeypatch.setattr(textbook, "_ndrop", ndrop)
    kept = tmp_path / "kept.json"
    textbook.main([str(hitters), str(tmp_path), "--seeds", "2", "--json", str(kept)])
    record = json.loads(kept.read_text())
    assert record.keys() >= {"command", "seed", "version", "machine"}
    assert record["least_squares"] == pytest.approx(0, abs=1e-6)
    assert [run["figures"] for run in record["runs"]][-1] == [0.0155, 0.0155]
    assert all(run["reached"] for run in record["runs"])
    assert commands[0] == "ndrop train Hitters.csv --target Salary --out model.npz"
    assert commands[1].endswith("--epochs 10000 --seed 0 --out model.npz")
    assert commands[2] == "ndrop evaluate model.npz test.csv --json"
    assert len(commands) == 1 + 2 * 2 * len(textbook.RUNS)
    assert textbook.raw(record) == ["```", "$ ndrop train Hitters.csv --target Salary", "rows 30 of 31", "```"]
    output = capsys.readouterr().out
    assert "| linear model | mae | 204.0 | 203.0, 205.0 | 259.7 |" in output
    assert "| MNIST, 256 and 128 ReLUs, dropout 0.4 and 0.3 | error | 1.55 % | 1.55, 1.55 | 1.8 % |" in output
    assert "above the bound: none" in output


def test_without_mnist(hitters, monkeypatch):
    monkeypatch.setattr(textbook, "_ndrop", lambda command, folder: json.dumps({"mae": 300.0}))
    record = textbook.measured(hitters, None, 1)
    assert [run["reached"] for run in record["runs"]] == [False, False, False]
    assert textbook._lines(record)[-1] == "above the bound: linear model, 50 ReLUs, dropout 0.4, defaults"


def test_failed_command(tmp_path):
    with pytest.raises(SystemExit, match=r"ndrop train none\.csv\n.*none\.csv"):
        textbook._ndrop("ndrop train none.csv", tmp_path)


def test_page_has_the_commands():
    commands = set(re.findall(r"^ndrop .*$", PAGE, re.MULTILINE))
    assert {run.command for run in textbook.RUNS} <= commands
    for command in commands:
        _, name, *arguments = command.split()
        options = {argument for argument in arguments if argument.startswith("--")}
        assert options <= set(re.findall(r"--[\w-]+", CliRunner().invoke(cli, [name, "--help"]).output))
