"""MNIST without dropout, with dropout, and with dropout and max-norm (Srivastava et al., JMLR 2014, Table 2).

Permutation-invariant ReLU networks 784-1024-1024-1024-10, trained on all 60,000 images for a fixed number of updates.
The test error is measured during training for the curves. No choice depends on it. The learning rates were chosen on
10,000 held-out training images.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ... import data
from ...core import checks
from ...core.errors import InputError
from ...training.checkpoints import Checkpoint, of_model
from .. import parallel
from ..config import TrainConfig, build

__all__ = ["ROWS", "Result", "Table", "table2"]

BATCH = 120  # 500 updates are an epoch of 60,000 images
EVERY = 2_500  # updates between checkpoints
PLAIN = TrainConfig(
    hidden=(1024, 1024, 1024),
    dropout=0.0,
    optimizer="sgd",
    lr=0.02,
    momentum=0.95,
    momentum_steps=5_000,
    schedule="cosine",
    batch_size=BATCH,
)
DROPOUT = replace(PLAIN, dropout=0.5, input_dropout=0.2)
ROWS = {"none": PLAIN, "dropout": DROPOUT, "max-norm": replace(DROPOUT, lr=0.05, max_norm=2.0)}
PAPER = {"none": None, "dropout": 1.25, "max-norm": 1.06}  # test error, %


@dataclass(frozen=True)
class Result:
    """A training run: its test error, and test and training-mode errors after each epoch, in percent."""

    row: str
    seed: int
    updates: int
    test_error: float
    test_errors: Sequence[float]
    train_errors: Sequence[float]


@dataclass(frozen=True)
class Table:
    """All runs."""

    results: Sequence[Result]

    def errors(self, row: str) -> list[float]:
        """Return the test errors of a row, one for each seed."""
        return [result.test_error for result in self.results if result.row == row]

    def lines(self) -> list[str]:
        """Return the lines of the table: means, standard deviations over the seeds, and the paper's results."""
        lines = ["row        test error, %    seeds   paper"]
        for row in dict.fromkeys(result.row for result in self.results):
            errors = self.errors(row)
            spread = f" ± {np.std(errors, ddof=1):.3f}" if len(errors) > 1 else ""
            paper = "" if PAPER[row] is None else f"{PAPER[row]:.2f}"
            lines.append(f"{row:<10} {f'{np.mean(errors):.3f}{spread}':<16} {len(errors):>5}  {paper:>6}")
        return lines

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Table:
        """Return the table of a `record` read from JSON."""
        return cls([Result(**result) for result in record["results"]])

    def record(self) -> dict[str, Any]:
        """Return the table as a dictionary for JSON."""
        rows = {
            row: {"mean": float(np.mean(self.errors(row))), "errors": self.errors(row), "paper": PAPER[row]}
            for row in dict.fromkeys(result.row for result in self.results)
        }
        return {"rows": rows, "results": [asdict(result) for result in self.results]}


def table2(
    folder: str | os.PathLike[str],
    checkpoints: str | os.PathLike[str],
    *,
    rows: Sequence[str] = tuple(ROWS),
    seeds: int = 3,
    first_seed: int = 0,
    updates: int = 50_000,
    jobs: int = 1,
    on_result: Callable[[Result], None] = lambda result: None,
) -> Table:
    """Train networks for rows of the table, each with several seeds.

    Parameters
    ----------
    folder : path
        Folder of MNIST's four files.
    checkpoints : path
        Folder for checkpoints. Another call with the same folder resumes unfinished runs and skips finished ones.
    rows : sequence of str
        "none", "dropout", "max-norm".
    seeds, first_seed : int
    updates : int
        A multiple of 500, the updates of an epoch. The paper uses 1,000,000.
    jobs : int
        Runs in parallel, with one thread each if more than one. Results do not depend on it (`parallel_map`).
    on_result : callable
        Called with each result as soon as it is available.
    """
    for row in rows:
        if row not in ROWS:
            raise InputError(f"rows: expected some of {', '.join(ROWS)}, got {row!r}")
    rows = list(dict.fromkeys(rows))
    seeds = checks.integer(seeds, "seeds", 1, 10_000)
    checks.integer(first_seed + seeds - 1, "the last seed", 0, 2**64 - 1)
    checkpoint_folder = Path(checkpoints)
    if not checkpoint_folder.is_dir():
        raise InputError(f"{checkpoint_folder}: expected an existing folder for checkpoints")
    images = len(digits(data.load(folder)).x)
    epoch = -(-images // BATCH)
    updates = checks.integer(updates, "updates", 1, 2**32 - 1)
    if updates % epoch:
        raise InputError(f"updates: expected a multiple of {epoch} (one epoch), got {updates}")
    calls = [
        (folder, checkpoint_folder, row, first_seed + seed, updates // epoch) for row in rows for seed in range(seeds)
    ]
    return Table(parallel.parallel_map(_trained, calls, jobs, on_result))


def digits(dataset: data.Dataset) -> data.Dataset:
    """Return the data set. Raise InputError unless it contains images as bytes and ten classes, like MNIST."""
    if not dataset.pixels or dataset.classes is None or len(dataset.classes) != 10:
        raise InputError(f"{dataset.source}: expected a folder with MNIST's four files, images of ten classes")
    return dataset


def _trained(folder: str | os.PathLike[str], checkpoint_folder: Path, row: str, seed: int, epochs: int) -> Result:
    """Train a network, resuming from its last checkpoint if one exists."""
    run = build(folder, replace(ROWS[row], seed=seed, epochs=epochs))
    run = replace(run, validation=data.load_for(run.net, folder))
    path = checkpoint_folder / f"{row}-{seed}-{epochs}.npz"
    saved = of_model(path)
    history = run.fit(callbacks=[Checkpoint(path, EVERY, keep=2)], resume=saved[-1] if saved else None)
    test_errors, train_errors = (
        [round(100 * (1 - accuracy), 4) for accuracy in history.column(name)] for name in ("val_accuracy", "accuracy")
    )
    return Result(row, seed, run.net.step, test_errors[-1], test_errors, train_errors)
