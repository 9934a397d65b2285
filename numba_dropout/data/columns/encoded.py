"""The features of a table that an encoder returns, with notes on what was met in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...core.options import option
from .category import CategoryColumn
from .date import DateColumn
from .missing import count
from .number import NumberColumn
from .options import ColumnOptions

__all__ = ["Encoded", "Fitted", "describe"]

APART = 3  # columns that have a line each

Fitted = NumberColumn | CategoryColumn | DateColumn


@dataclass
class Encoded:
    """The features of a table, and what was met in it.

    x: float64 (N, C), of a table of plain numbers a read-only view of its matrix where it has all of these columns, in
    their order. filled: missing values of each column. unseen: cells of each column with a level that training
    did not have. outside: numbers of each column that are further outside the training range than its length.
    rows_outside: rows with such a number. notes: a line on each of these columns, with the option that changes what
    becomes of it. facts: these lines without the options.
    """

    x: NDArray[np.float64]
    filled: dict[str, int] = field(default_factory=dict)
    unseen: dict[str, int] = field(default_factory=dict)
    outside: dict[str, int] = field(default_factory=dict)
    rows_outside: int = 0
    notes: list[str] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)


def describe(encoded: Encoded, columns: Sequence[Fitted], options: ColumnOptions) -> None:
    """Add lines on the columns with unseen levels, missing values, or numbers far outside the training range.

    Each column has its line, or more than `APART` of them have one together.
    """
    by_name = {column.name: column for column in columns}
    no_level, far = "with a level that training did not have", "far outside the training range"
    refuse = f"; {option('unknown', 'refuse')} makes it an error"
    leave, bound = f"{option('clip', False)} leaves them", f"{option('clip', True)} bounds them"
    unseen = [(f"{name}: {count(cells, 'cell')} {no_level}", refuse) for name, cells in encoded.unseen.items()]
    filled, outside = [], []
    for name, cells in encoded.filled.items():
        column = by_name[name]
        median = f", filled with the median {column.median:g}" if isinstance(column, NumberColumn) else ""
        filled.append((f"{name}: {count(cells, 'missing value')}{median}", ""))
    for name, cells in encoded.outside.items():
        bounds = {None: f"bounded by {_range(by_name[name], 1)}, {leave}", True: "bounded by it", False: bound}
        outside.append((f"{name}: {count(cells, 'value')} {far}, {_range(by_name[name])}", f"; {bounds[options.clip]}"))
    changes = {None: f"bounded, {leave}", True: "bounded by it", False: bound}
    lines = [
        *_together(unseen, f"cells {no_level}", encoded.unseen, refuse),
        *_together(filled, "missing values, filled as in training", encoded.filled, ""),
        *_together(outside, f"values {far}", encoded.outside, f"; {changes[options.clip]}"),
    ]
    encoded.notes = [fact + change for fact, change in lines]
    encoded.facts = [fact for fact, _ in lines]


def _together(lines: list[tuple[str, str]], what: str, cells: Mapping[str, int], change: str) -> list[tuple[str, str]]:
    """Return the lines, or one for all columns if there are many, with the numbers of their cells."""
    if len(lines) <= APART:
        return lines
    return [(f"{what}: {', '.join(f'{number:,} in {name}' for name, number in cells.items())}", change)]


def _range(column: Fitted, lengths: int = 0) -> str:
    """Return the range of a column of numbers or dates, or the one that is longer by these lengths at both ends."""
    if isinstance(column, CategoryColumn):
        return ""
    part = column.parts[0] if isinstance(column, DateColumn) else column
    low, high = part.low or 0.0, part.high or 0.0
    margin = lengths * (high - low)
    bounds = low - margin, high + margin
    if isinstance(column, DateColumn):
        return " to ".join(str(np.datetime64(int(day), "D")) for day in bounds)
    return " to ".join(f"{bound:g}" for bound in bounds)
