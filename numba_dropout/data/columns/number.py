"""Columns of numbers: the median for missing values, an indicator of them, and the range."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.errors import InputError
from ...core.options import option
from ..cells import is_infinite, number_reading, numbers
from ..table import Table, as_missing, one_line, shown, without_last_rows
from .missing import missing_texts, without_missing_numbers
from .options import ColumnOptions

__all__ = [
    "NumberColumn",
    "few_decimals",
    "fit",
    "infinity",
    "read",
    "read_all",
    "reading_note",
    "row_of_smallest",
    "stray",
    "too_large",
    "transform",
]

THREE_DECIMALS = re.compile(r"[.][0-9]{3}$")
LARGEST = 1e150  # whose squares can be added up
SAMPLE = 1000  # rows from which most columns are known to have one reading


@dataclass(frozen=True)
class NumberColumn:
    """Column of numbers. The median and the range are None if all training values are missing.

    gaps: whether training had missing values, and so the column an indicator of them.
    """

    position: int
    name: str
    median: float | None
    low: float | None
    high: float | None
    gaps: bool

    kind = "number"

    @property
    def varies(self) -> bool:
        """Whether the training values differ, so that the network gets the column."""
        return self.low != self.high

    @property
    def names(self) -> list[str]:
        """Names of the features."""
        return [self.name] * self.varies + [f"{self.name} missing"] * self.indicator

    @property
    def indicators(self) -> list[bool]:
        """Which features are indicators."""
        return [False] * self.varies + [True] * self.indicator

    @property
    def indicator(self) -> bool:
        """Whether the network gets an indicator of missing values. One that is always 1 is left out."""
        return self.gaps and self.median is not None

    def to_dict(self) -> dict[str, Any]:
        """Return the column as a dictionary for JSON."""
        return asdict(self)


def read(table: Table, position: int, options: ColumnOptions) -> tuple[NDArray[np.float64], NDArray[np.bool_] | None]:
    """Return a column as float64 (N,) with NaN for missing values, and which cells are no numbers, or None."""
    cells = table.columns[position].cells
    if cells.dtype.kind == "M":
        return np.full(len(cells), np.nan), ~np.isnat(cells)
    if cells.dtype.kind != "O":
        return without_missing_numbers(cells.astype(np.float64, copy=False), options), None
    texts = cells.tolist()
    values = numbers(texts, options.decimal, options.thousands)
    unread = np.isnan(values)
    if unread.any():
        unread[unread] = ~missing_texts(cells[unread], options)
    return without_missing_numbers(values, options), unread if unread.any() else None


def reading_note(table: Table, position: int, options: ColumnOptions, *, is_target: bool = False) -> str | None:
    """Return a note on how the numbers of a column, or of the target, are read, or None if there is only one reading.

    Raises InputError if the cells mix two readings.
    """
    column = table.columns[position]
    values = column.cells
    if values.dtype.kind != "O":
        if values.dtype.kind != "f" or column.original is None or not few_decimals(values):
            return None
        short = np.flatnonzero(np.rint(values * 1000) % 10 == 0)  # 4.5 and not 4.567
        short = short[values[short] != np.floor(values[short])]
        if short.size and not THREE_DECIMALS.search(column.text(int(short[0])) or ""):
            return None  # then points are decimal
    texts = table.texts(position)
    absent = missing_texts(texts, options)
    present = [text for text, gone in zip(texts, absent.tolist(), strict=True) if not gone and text is not None]
    where = f"{table.source}: {table.column_name(position)}"
    key = [table.key(position)]
    return number_reading(
        present,
        options.decimal,
        options.thousands,
        where,
        as_texts=f"{option('task', 'classes')} reads classes"
        if is_target
        else f"{option('categorical', key)} makes the column a category",
        without="choose another target" if is_target else f"leave it out with {option('drop', key)}",
    )


def read_all(table: Table, positions: Sequence[int], options: ColumnOptions) -> NDArray[np.float64]:
    """Return columns as float64 (N, C) with NaN for missing values. They may be a read-only view of the table's matrix.

    Raises InputError with the row and the column of a cell that is no number, or infinite.
    """
    matrix = table.select(positions).matrix
    if matrix is not None:
        shared = matrix.view()
        shared.flags.writeable = False
        values = without_missing_numbers(shared, options)
    else:
        values = np.empty((len(table), len(positions)))
        for j, position in enumerate(positions):
            values[:, j], strays = read(table, position, options)
            if strays is not None:
                raise stray(table, position, int(np.argmax(strays)))
    if (values.size and np.isinf([values.min(), values.max()]).any()) or np.isnan(values.min(initial=0)):
        infinite = np.argwhere(np.isinf(values))
        if len(infinite):
            row, j = map(int, infinite[0])
            raise infinity(table, positions[j], row)
    return values


def few_decimals(values: NDArray[np.float64]) -> bool:
    """Return whether numbers are whole, or below 1,000 with at most three decimals: 1.847 may then be 1,847."""
    sample = values[:SAMPLE]
    return _few_decimals(sample) and _few_decimals(values) and not bool((values == np.floor(values)).all())


def _few_decimals(values: NDArray[np.float64]) -> bool:
    size: NDArray[np.float64] = np.abs(values)
    broken = size[size != np.floor(size)]
    return bool(
        (size < 1000).all() and (broken >= 1).all() and np.allclose(broken * 1000, np.rint(broken * 1000), 1e-9)
    )


def row_of_smallest(values: NDArray[np.float64]) -> int | None:
    """Return the first row of the smallest of whole numbers from 0, or None for other numbers.

    A code that is padded with zeros has one there.
    """
    return int(np.argmin(values)) if _is_whole(values[:SAMPLE]) and _is_whole(values) else None


def _is_whole(values: NDArray[np.float64]) -> bool:
    return bool(
        values.size and (values >= 0).all() and (values == np.floor(values)).all() and np.isfinite(values).all()
    )


def stray(table: Table, position: int, row: int) -> InputError:
    """Return the error for a cell that is no number."""
    cell, where = table.texts(position)[row], table.column_name(position)
    if is_infinite(str(cell)):
        return infinity(table, position, row)
    footer = "" if table.typed else without_last_rows(len(table) - row, len(table))
    problem = f"{table.source}: expected a number at row {table.lines[row]}, {where}, got {shown(cell)}"
    return InputError(problem, f"{as_missing(cell)}{footer}")


def infinity(table: Table, position: int, row: int) -> InputError:
    """Return the error for a number that is not finite."""
    cell = table.texts(position)[row]
    return InputError(
        f"{table.source}: expected a finite number at row {table.lines[row]}, {table.column_name(position)}, got "
        f"{one_line(cell)}",
        "leave the row out, or clear the cell",
    )


def too_large(table: Table, position: int, low: float, high: float, remedy: str) -> InputError | None:
    """Return the error for a range with numbers that are too large to be scaled, or None."""
    if max(-low, high) <= LARGEST:
        return None
    number = low if -low > high else high
    problem = f"{table.source}: {table.column_name(position)} has {number:g}, a number that is too large to be scaled"
    return InputError(problem, f"divide the column by a constant, or {remedy}")


def fit(values: NDArray[np.float64], names: Sequence[str], positions: Sequence[int]) -> list[NumberColumn]:
    """Return what is learnt of training values (N, C) with NaN for missing ones."""
    columns = []
    low, high = values.min(0), values.max(0)
    gaps = np.isnan(low)
    for j in range(values.shape[1]):
        column = values[:, j]
        if gaps[j]:
            column = column[~np.isnan(column)]
            if not column.size:
                columns.append(NumberColumn(positions[j], names[j], None, None, None, True))
                continue
            low[j], high[j] = column.min(), column.max()
        median = float(np.median(column))
        columns.append(NumberColumn(positions[j], names[j], median, float(low[j]), float(high[j]), bool(gaps[j])))
    return columns


def transform(
    columns: Sequence[NumberColumn], values: NDArray[np.float64], clip: bool | None
) -> tuple[NDArray[np.float64], NDArray[np.bool_] | None, NDArray[np.int64], NDArray[np.bool_]]:
    """Return the filled values, which are missing, or None, the count of far values of each column, and the far rows.

    A value is far if it is more than the length of the training range outside of it. `clip` bounds all values by the
    training range if true, far ones by the length outside of it if None, and none if false. The values are returned as
    they are where nothing is filled and nothing bounded.
    """
    if not columns:
        return values, None, np.zeros(0, np.int64), np.zeros(len(values), bool)
    numbers_of = [(c.low, c.high, c.median) if c.median is not None else (0.0, 0.0, 0.0) for c in columns]
    low, high, median = np.array(numbers_of, np.float64).T
    absent = np.isnan(values) if np.isnan(values.min(initial=0)) else None
    if absent is not None:
        values = np.where(absent, median, values)
    counts, rows = np.zeros(len(columns), np.int64), np.zeros(len(values), bool)
    least, most = 2 * low - high, 2 * high - low
    outside = (values.min(0, initial=np.inf) < least) | (values.max(0, initial=-np.inf) > most)
    for j in np.flatnonzero(outside & (low < high)):
        far = (values[:, j] < least[j]) | (values[:, j] > most[j])
        counts[j] = far.sum()
        rows |= far
    if clip:
        values = np.clip(values, low, high)
    elif clip is None and rows.any():
        values = np.clip(values, np.where(counts, least, -np.inf), np.where(counts, most, np.inf))
    return values, absent, counts, rows
