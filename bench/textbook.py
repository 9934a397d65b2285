"""The lab of chapter 10 of An Introduction to Statistical Learning (James et al., 2023), with the command `ndrop`.

python -m numba_dropout_bench.textbook HITTERS MNIST --json docs/results/textbook.json

HITTERS is the file Hitters.csv of the book as published, and MNIST the folder of its four files. All commands run in a
folder with Hitters.csv, mnist, and the lab's split as train.csv and test.csv. The program prints the figures of
docs/textbook.md, and the linear model's beside that of least squares.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numba_dropout.experiments import environment
from numba_dropout.storage import files

from .report import markdown
from .startup import NDROP

__all__ = ["RUNS", "Run", "least_squares", "measured", "raw", "split", "table"]

PROGRAM = "python -m numba_dropout_bench.textbook"
TARGET = "Salary"
RAW = "ndrop train Hitters.csv --target Salary"
SEEDS = 5


@dataclass(frozen=True)
class Run:
    """A command, the figure of `ndrop evaluate` on the test rows, and the figure's bound, from the book or this page.

    book: what the lab prints, or None.
    """

    name: str
    command: str
    test: str
    figure: str
    most: float
    book: float | None = None


RUNS = [
    Run(
        "linear model",
        "ndrop train train.csv --target Salary --hidden none --dropout 0 --optimizer adam --lr 0.1 "
        "--schedule cosine --batch-size 175 --epochs 10000",
        "test.csv",
        "mae",
        260.2,
        259.7,
    ),
    Run(
        "50 ReLUs, dropout 0.4",
        "ndrop train train.csv --target Salary --hidden 50 --dropout 0.4 --optimizer adam --lr 0.002 "
        "--batch-size 32 --epochs 50",
        "test.csv",
        "mae",
        235.0,
        221.8,
    ),
    Run("defaults", "ndrop train train.csv --target Salary", "test.csv", "mae", 235.0),
    Run(
        "MNIST, 256 and 128 ReLUs, dropout 0.4 and 0.3",
        "ndrop train mnist --hidden 256,128 --dropout 0.4,0.3 --optimizer adam --schedule cosine "
        "--batch-size 128 --epochs 30",
        "mnist",
        "error",
        0.018,
        0.018,
    ),
]


def split(rows: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the positions of the lab's training and test rows among the rows with a target."""
    from sklearn.model_selection import train_test_split

    return train_test_split(np.arange(rows), test_size=1 / 3, random_state=1)


def least_squares(train: Any, test: Any) -> float:
    """Return the mean absolute error of the linear regression of the lab on two pandas frames."""
    import pandas as pd
    from sklearn.linear_model import LinearRegression

    both = pd.get_dummies(pd.concat([train, test]).drop(columns=TARGET), drop_first=True).to_numpy(np.float64)
    model = LinearRegression().fit(both[: len(train)], train[TARGET])
    return float(np.abs(model.predict(both[len(train) :]) - test[TARGET]).mean())


def _prepared(folder: Path, hitters: Path, mnist: Path | None) -> float:
    """Write the data of the commands into a folder, and return the error of least squares."""
    import pandas as pd

    (folder / "Hitters.csv").write_bytes(hitters.read_bytes())
    if mnist is not None:
        (folder / "mnist").symlink_to(mnist.resolve(), target_is_directory=True)
    frame = pd.read_csv(hitters).dropna()
    train, test = (frame.iloc[rows] for rows in split(len(frame)))
    for name, part in (("train", train), ("test", test)):
        part.to_csv(folder / f"{name}.csv", index=False)
    return least_squares(train, test)


def _ndrop(command: str, folder: Path) -> str:
    """Run a command in a folder, and return what it prints."""
    arguments = [*NDROP, *shlex.split(command)[1:]]
    done = subprocess.run(arguments, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise SystemExit(f"{command}\n{done.stdout}")
    return done.stdout


def _figure(run: Run, seed: int, folder: Path) -> float:
    """Train with a seed, and return the figure on the test rows."""
    _ndrop(f"{run.command} --seed {seed} --out model.npz", folder)
    return float(json.loads(_ndrop(f"ndrop evaluate model.npz {run.test} --json", folder))[run.figure])


def measured(hitters: Path, mnist: Path | None, seeds: int) -> dict[str, Any]:
    """Return the record of all runs. Without MNIST's folder its run is left out."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        squares = _prepared(folder, hitters, mnist)
        printed = _ndrop(f"{RAW} --out model.npz", folder)
        runs = []
        for run in RUNS if mnist is not None else [run for run in RUNS if run.test != "mnist"]:
            figures = []
            for seed in range(seeds):
                figures.append(_figure(run, seed, folder))
                sys.stderr.write(f"{run.name}, seed {seed}: {run.figure} {figures[-1]:.6g}\n")
            runs.append({**asdict(run), "figures": figures, "reached": max(figures) <= run.most})
    return {"least_squares": squares, "raw": printed, "runs": runs, **environment.provenance(0, PROGRAM)}


def table(record: Mapping[str, Any]) -> list[str]:
    """Return the figures of a record in Markdown: means over the seeds, all of them, and what the book has."""
    rows = []
    for run in record["runs"]:
        digits, unit, factor = (2, " %", 100) if run["figure"] == "error" else (1, "", 1)
        texts = [f"{factor * figure:.{digits}f}" for figure in run["figures"]]
        book = "" if run["book"] is None else f"{factor * run['book']:.1f}{unit}"
        mean = f"{factor * np.mean(run['figures']):.{digits}f}{unit}"
        rows.append([run["name"], run["figure"], mean, ", ".join(texts), book])
    return markdown(["test rows", "", "mean", "by seed, from 0", "book"], rows)


def raw(record: Mapping[str, Any]) -> list[str]:
    """Return the command on the whole file and what it printed before the epochs, as a block in Markdown."""
    printed = record["raw"].partition("\nepoch ")[0].rstrip()
    return ["```", f"$ {RAW}", *printed.splitlines(), "```"]


def _lines(record: Mapping[str, Any]) -> Sequence[str]:
    missed = [run["name"] for run in record["runs"] if not run["reached"]]
    squares = f"least squares: mae {record['least_squares']:.4f}"
    return [*table(record), "", squares, f"above the bound: {', '.join(missed) or 'none'}"]


def main(arguments: Iterable[str] | None = None) -> None:
    """Measure all runs, print the figures and write the record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("hitters", type=Path, metavar="HITTERS", help="file of the book's table")
    parser.add_argument("mnist", type=Path, metavar="MNIST", nargs="?", help="folder of MNIST [default: none]")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="seeds of each run [default: %(default)s]")
    parser.add_argument("--json", metavar="FILE", help="file of the record [default: none]")
    options = parser.parse_args(None if arguments is None else list(arguments))
    record = measured(options.hitters, options.mnist, options.seeds)
    if options.json:
        files.write_json(options.json, record)
    sys.stdout.write("\n".join(_lines(record)) + "\n")


if __name__ == "__main__":
    main()
