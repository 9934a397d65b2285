"""Splits into training and held-out rows: a share, repeated shares, folds, or splits from files.

Rows are drawn with the same share of each class, or by whole groups, or the last in time are held out.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import random
from ..core import checks
from ..core.errors import InputError
from ..core.options import option
from .cells import dates, is_missing, numbers
from .columns.options import ColumnOptions
from .dataset import Dataset, parts
from .published_splits import published, read_split
from .table import shown

__all__ = ["Part", "Resampling", "RowOrder", "hold_out"]

Part = NDArray[np.int64]
VAL = 0.2  # the default share of held-out rows


@dataclass(frozen=True)
class RowOrder:
    """What a split keeps together: the shares of the classes, the groups of a column, or the order in time of another.

    stratify: whether each class gets its share of the held-out rows. group, time: a column of the table, by name or
    number. At most one of them.
    """

    stratify: bool = True
    group: str | int | None = None
    time: str | int | None = None

    def __post_init__(self) -> None:
        if self.group is not None and self.time is not None:
            raise InputError("group, time: expected one of them, got both")


def hold_out(
    data: Dataset, share: float, *, seed: int, repeat: int = 0, name: str = "val", order: RowOrder | None = None
) -> tuple[Part, Part]:
    """Return the sorted numbers of the training rows and of the held-out share of the rows, drawn with the seed.

    By default the rows of a data set with classes are stratified. Raise InputError if a part is empty. The message
    calls the share `name`.
    """
    order = RowOrder() if order is None else order
    rows = len(data.x)
    _, held_out = parts(rows, share, seed=seed, repeat=repeat, name=name)
    count = len(held_out)
    if order.time is not None:
        sorted_rows = np.argsort(_times(data, order.time), kind="stable")
        return np.sort(sorted_rows[: rows - count]), np.sort(sorted_rows[rows - count :])
    if order.group is not None:
        held_out = _whole_groups(_groups(data, order.group), share, name, seed, repeat)
    elif order.stratify and data.classes is not None:
        shuffled = random.permutation(rows, "splitting", seed=seed, step=repeat)
        held_out = _stratified(data.targets(), shuffled, count)
        if not held_out.size:
            raise InputError(
                f"{data.source}: {name}: expected a number that leaves rows in both parts, "
                f"got {share:g} of {rows} rows with a class each",
                f"choose another target, or use {option('stratify', False)}",
            )
    return _both(rows, held_out)


def _stratified(classes: NDArray[np.int64], shuffled: Part, count: int) -> Part:
    """Return the first rows of each class in a random order, `count` in all where each class can be in both parts.

    Each class has its share of them, rounded so that the largest remainders get the rest, and at least one row of a
    class with two.
    """
    rows = np.bincount(classes)
    exact = rows * (count / len(classes))
    quota = np.floor(exact).astype(np.int64)
    for number in np.argsort(-(exact - quota), kind="stable")[: count - quota.sum()]:
        quota[number] += 1
    quota = np.where(rows >= 2, np.clip(quota, 1, rows - 1), 0)
    while quota.sum() > count and (quota > 1).any():
        quota[np.argmax(np.where(quota > 1, quota - exact, -np.inf))] -= 1
    by_class = shuffled[np.argsort(classes[shuffled], kind="stable")]
    place = np.arange(len(classes)) - np.repeat(np.cumsum(rows) - rows, rows)
    return by_class[place < np.repeat(quota, rows)]


def _whole_groups(groups: NDArray[np.int64], share: float, name: str, seed: int, repeat: int) -> Part:
    """Return the rows of groups in a random order until their share is reached as nearly as possible."""
    sizes = np.bincount(groups)
    if len(sizes) < 2:
        raise InputError(f"group: expected at least two groups, got {len(sizes)}")
    shuffled = random.permutation(len(sizes), "splitting", seed=seed, step=repeat)
    totals = np.cumsum(sizes[shuffled])
    chosen = 1 + int(np.argmin(np.abs(totals[:-1] - share * len(groups))))
    return np.flatnonzero(np.isin(groups, shuffled[:chosen]))


def _groups(data: Dataset, column: str | int) -> NDArray[np.int64]:
    """Return the number of each row's group (N,)."""
    table, position = _column(data, column, "group")
    numbers: dict[Any, int] = {}
    return np.array([numbers.setdefault(text, len(numbers)) for text in table.texts(position)], np.int64)


def _times(data: Dataset, column: str | int) -> NDArray[np.float64]:
    """Return each row's time (N,), a number or a date. A missing or unreadable one raises InputError."""
    table, position = _column(data, column, "time")
    cells = table.columns[position].cells
    if cells.dtype.kind == "O":
        options = ColumnOptions() if data.options is None else data.options.columns
        patterns = {table.position(name): pattern for name, pattern in options.dates.items()}
        values = numbers(cells.tolist(), options.decimal, options.thousands)
        as_dates = dates(cells.tolist(), patterns.get(position))
        cells = as_dates if np.isnan(values).sum() > np.isnat(as_dates).sum() else values
    values = np.where(np.isnat(cells), np.nan, cells.astype(np.int64)) if cells.dtype.kind == "M" else cells
    values = np.asarray(values, np.float64)
    if np.isnan(values).any() and not np.isnan(values).all():
        row, name = int(np.argmax(np.isnan(values))), table.column_name(position)
        got = "a missing cell" if is_missing(table.texts(position)[row]) else repr(table.texts(position)[row])
        where = f"at row {table.lines[row]}, {name}"
        raise InputError(f"{table.source}: expected a time {where}, got {got}; fill it in, or leave the row out")
    if np.isnan(values).any():
        row, name = int(np.argmax(np.isnan(values))), table.column_name(position)
        got = shown(table.texts(position)[row])
        raise InputError(
            f"{table.source}: expected a number or a date at row {table.lines[row]}, {name}, got {got}",
            f"give the format of its dates, such as {option('dates', {str(column): '%d-%m-%Y'})}",
        )
    return values


def _column(data: Dataset, column: str | int, name: str) -> tuple[Any, int]:
    """Return the table and the position of a column. InputError if the data are not a table."""
    if data.table is None:
        raise InputError(f"{data.source}: {name} is the column of a table, and this source has no columns")
    return data.table, data.table.position(column)


def _both(rows: int, held_out: Part) -> tuple[Part, Part]:
    """Return the training rows and the held-out rows, both sorted."""
    return np.setdiff1d(np.arange(rows), held_out), np.sort(held_out)


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

    def parts(self, data: Dataset, seed: int, order: RowOrder | None = None) -> list[tuple[Part, Part]]:
        """Return the sorted numbers of the training rows and of the held-out rows for each split."""
        order = RowOrder() if order is None else order
        rows = len(data.x)
        chosen = [name for name in ("folds", "folder") if getattr(self, name) is not None]
        if len(chosen) > 1 or (chosen and (self.val is not None or self.repeats is not None)):
            raise InputError("splits: expected one of folds, a share (with repeats) or a folder of splits, got several")
        if order.time is not None and (chosen or self.repeats not in (None, 1)):
            raise InputError("time: holds out the last share of the rows once; do not use folds, repeats or splits")
        if self.folder is not None:
            return _read_splits(Path(self.folder), rows)
        if self.folds is not None:
            folds = checks.integer(self.folds, "folds", 2, rows)
            return [_both(rows, held_out) for held_out in _folds(data, folds, seed, order)]
        repeats = checks.integer(1 if self.repeats is None else self.repeats, "repeats", 1, 10_000)
        share = VAL if self.val is None else self.val
        return [hold_out(data, share, seed=seed, repeat=repeat, order=order) for repeat in range(repeats)]


def _folds(data: Dataset, folds: int, seed: int, order: RowOrder) -> list[Part]:
    """Return the rows of each fold: of whole groups, or with the same share of each class, or any rows."""
    shuffled = random.permutation(len(data.x), "splitting", seed=seed)
    if order.group is not None:
        groups = _groups(data, order.group)
        sizes = np.bincount(groups)
        if len(sizes) < folds:
            raise InputError(f"folds: expected at most one for each of the {len(sizes)} groups, got {folds}")
        fold_of, filled = np.empty(len(sizes), np.int64), np.zeros(folds, np.int64)
        shuffled_groups = random.permutation(len(sizes), "splitting", seed=seed)
        for group in shuffled_groups[np.argsort(-sizes[shuffled_groups], kind="stable")]:
            fold_of[group] = np.argmin(filled)
            filled[fold_of[group]] += sizes[group]
        return [np.flatnonzero(fold_of[groups] == fold) for fold in range(folds)]
    if order.stratify and data.classes is not None:
        by_class = shuffled[np.argsort(data.targets()[shuffled], kind="stable")]
        return [by_class[fold::folds] for fold in range(folds)]
    return np.array_split(shuffled, folds)


def _read_splits(folder: Path, rows: int) -> list[tuple[Part, Part]]:
    """Return the splits in a folder, from number 0."""
    folder = published(folder)
    count = len(list(folder.glob("index_train_*.txt")))
    if not count:
        raise InputError(f"{folder}: expected files index_train_0.txt, index_test_0.txt, ..., got none")
    return [read_split(folder, number, rows) for number in range(count)]
