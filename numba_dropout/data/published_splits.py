"""Files of published splits: the numbers of the rows and columns of each part."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.errors import InputError

__all__ = ["published", "read_indices", "read_numbers", "read_split"]


def published(folder: Path) -> Path:
    """Return the folder with the files of published splits: `folder` or its subfolder `data`."""
    inner = folder / "data"
    return inner if inner.is_dir() and not (folder / "index_train_0.txt").exists() else folder


def read_split(folder: Path, number: int, rows: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
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


def read_indices(path: Path, size: int, name: str) -> NDArray[np.int64]:
    """Return the row or column numbers of a file, from 0. Raise InputError for a number outside `size`."""
    values = read_numbers(path).ravel()
    wrong = (values != np.floor(values)) | (values < 0) | (values >= size)
    if wrong.any():
        raise InputError(f"{path}: expected {name} numbers from 0 to {size - 1}, got {values[wrong][0]:g}")
    return values.astype(np.int64)
