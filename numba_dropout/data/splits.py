"""Splits into training and held-out rows: a share, repeated shares, folds, or splits from files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .. import data
from ..arrays import random
from ..core import checks
from ..core.errors import InputError

__all__ = ["Part", "Resampling", "published", "read_indices", "read_numbers", "read_split"]

Part = NDArray[np.int64]
VAL = 0.2  # the default share of held-out rows


@dataclass(frozen=True)
class Resampling:
    """One or several splits into training rows and held-out rows.

    Either `folds` parts, each held out once (k-fold cross-validation), or a share `val` of the rows, drawn `repeats`
    times, or the files index_train_<k>.txt and index_test_<k>.txt in `folder`, with row numbers from 0.
    """

    val: float | None = None
    folds: int | None = None
    repeats: int | None = None
    folder: str | None = None

    def parts(self, rows: int, seed: int) -> list[tuple[Part, Part]]:
        """Return the sorted numbers of the training rows and of the held-out rows for each split."""
        chosen = [name for name in ("folds", "folder") if getattr(self, name) is not None]
        if len(chosen) > 1 or (chosen and (self.val is not None or self.repeats is not None)):
            raise InputError("splits: expected one of folds, a share (with repeats) or a folder of splits, got several")
        if self.folder is not None:
            return _read_splits(Path(self.folder), rows)
        if self.folds is not None:
            folds = checks.integer(self.folds, "folds", 2, rows)
            order = random.permutation(rows, "splitting", seed=seed)
            return [_split(rows, held_out) for held_out in np.array_split(order, folds)]
        repeats = checks.integer(1 if self.repeats is None else self.repeats, "repeats", 1, 10_000)
        share = VAL if self.val is None else self.val
        return [data.parts(rows, share, seed=seed, repeat=repeat, name="val") for repeat in range(repeats)]


def _split(rows: int, held_out: Part) -> tuple[Part, Part]:
    """Return the training rows and the held-out rows, both sorted."""
    return np.setdiff1d(np.arange(rows), held_out), np.sort(held_out)


def _read_splits(folder: Path, rows: int) -> list[tuple[Part, Part]]:
    """Return the splits in a folder, from number 0."""
    folder = published(folder)
    count = len(list(folder.glob("index_train_*.txt")))
    if not count:
        raise InputError(f"{folder}: expected files index_train_0.txt, index_test_0.txt, ..., got none")
    return [read_split(folder, number, rows) for number in range(count)]


def published(folder: Path) -> Path:
    """Return the folder with the files of published splits: `folder` or its subfolder `data`."""
    inner = folder / "data"
    return inner if inner.is_dir() and not (folder / "index_train_0.txt").exists() else folder


def read_split(folder: Path, number: int, rows: int) -> tuple[Part, Part]:
    """Return the numbers of the training rows and of the held-out rows. Raise InputError if a row is in both."""
    train, test = (read_indices(folder / f"index_{part}_{number}.txt", rows, "row") for part in ("train", "test"))
    both = np.intersect1d(train, test)
    if both.size:
        raise InputError(f"{folder}: row {both[0]} is in both files of split {number}; remove it from one of them")
    return train, test


def read_numbers(path: Path) -> NDArray[np.float64]:
    """Return the numbers (N, C) of a file, separated by blanks. Raise InputError unless they are finite."""
    try:
        with open(path) as file:  # NumPy warns of an empty file, and Python filters warnings for all threads at once
            rows = [line for line in file if line.partition("#")[0].strip()]
        table = np.loadtxt(rows, ndmin=2) if rows else np.empty((0, 0))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; a folder of published splits needs it") from None
    except ValueError as error:
        raise InputError(f"{path}: expected numbers separated by blanks ({error})") from None
    if not table.size or not np.isfinite(table).all():
        raise InputError(f"{path}: expected finite numbers, got {'NaN or infinity' if table.size else 'an empty file'}")
    return table


def read_indices(path: Path, size: int, name: str) -> Part:
    """Return the row or column numbers of a file, from 0. Raise InputError for a number outside `size`."""
    values = read_numbers(path).ravel()
    wrong = (values != np.floor(values)) | (values < 0) | (values >= size)
    if wrong.any():
        raise InputError(f"{path}: expected {name} numbers from 0 to {size - 1}, got {values[wrong][0]:g}")
    return values.astype(np.int64)
