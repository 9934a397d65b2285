"""Ways to learn from some rows and validate on others: a share, folds, repeated shares, or splits that are given."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .. import data
from ..arrays import random
from ..core import checks
from ..core.errors import InputError

__all__ = ["Part", "Resampling", "published", "read_numbers", "read_places", "read_split"]

Part = NDArray[np.int64]
VAL = 0.2  # the share that is held out where nothing else is asked for


@dataclass(frozen=True)
class Resampling:
    """Which rows are learnt from and which are held out, once or several times.

    Either `folds` parts, each held out once (k-fold cross-validation); or a share `val` of the rows, drawn `repeats`
    times; or the files index_train_<k>.txt and index_test_<k>.txt of a folder `given`: numbers of rows from 0 on.
    """

    val: float | None = None
    folds: int | None = None
    repeats: int | None = None
    given: str | None = None

    def parts(self, rows: int, seed: int) -> list[tuple[Part, Part]]:
        """Return the numbers of the rows to learn from and of those held out, each in order, for each split."""
        chosen = [name for name in ("folds", "given") if getattr(self, name) is not None]
        if len(chosen) > 1 or (chosen and (self.val is not None or self.repeats is not None)):
            raise InputError("splits: expected folds, or a share (with repeats), or given splits; got several of them")
        if self.given is not None:
            return _given(Path(self.given), rows)
        if self.folds is not None:
            folds = checks.integer(self.folds, "folds", 2, rows)
            order = random.order(rows, "splitting", seed=seed)
            return [_apart(rows, part) for part in np.array_split(order, folds)]
        repeats = checks.integer(1 if self.repeats is None else self.repeats, "repeats", 1, 10_000)
        share = VAL if self.val is None else self.val
        return [data.parts(rows, share, seed=seed, repeat=repeat, name="val") for repeat in range(repeats)]


def _apart(rows: int, held_out: Part) -> tuple[Part, Part]:
    """Return all other rows, and those held out."""
    return np.setdiff1d(np.arange(rows), held_out), np.sort(held_out)


def _given(folder: Path, rows: int) -> list[tuple[Part, Part]]:
    """Read splits, from number 0 on."""
    folder = published(folder)
    count = len(list(folder.glob("index_train_*.txt")))
    if not count:
        raise InputError(f"{folder}: expected files index_train_0.txt, index_test_0.txt, ..., got none")
    return [read_split(folder, number, rows) for number in range(count)]


def published(folder: Path) -> Path:
    """Return where the files of published splits are: in a folder, or in its `data`."""
    inner = folder / "data"
    return inner if inner.is_dir() and not (folder / "index_train_0.txt").exists() else folder


def read_split(folder: Path, number: int, rows: int) -> tuple[Part, Part]:
    """Return the numbers of the rows to learn from and of those held out; InputError where one is both."""
    train, test = (read_places(folder / f"index_{part}_{number}.txt", rows, "row") for part in ("train", "test"))
    both = np.intersect1d(train, test)
    if both.size:
        raise InputError(f"{folder}: row {both[0]} is to be learnt from and held out in split {number}")
    return train, test


def read_numbers(path: Path) -> NDArray[np.float64]:
    """Return a file's numbers (N, C), with blanks between them; InputError where there are none, or others."""
    try:
        with open(path) as file:  # NumPy warns of no rows, and warnings are switched off in all threads or none
            rows = [line for line in file if line.partition("#")[0].strip()]
        table = np.loadtxt(rows, ndmin=2) if rows else np.empty((0, 0))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file, which belongs to a folder of published splits") from None
    except ValueError as error:
        raise InputError(f"{path}: expected numbers with blanks between them ({error})") from None
    if not table.size or not np.isfinite(table).all():
        raise InputError(f"{path}: expected finite numbers, got {'others' if table.size else 'none'}")
    return table


def read_places(path: Path, size: int, what: str) -> Part:
    """Return a file's numbers of rows or columns, from 0 on; InputError where there is none of that number."""
    values = read_numbers(path).ravel()
    wrong = (values != np.floor(values)) | (values < 0) | (values >= size)
    if wrong.any():
        raise InputError(f"{path}: there is no {what} {values[wrong][0]:g}; they are 0 to {size - 1}")
    return values.astype(np.int64)
