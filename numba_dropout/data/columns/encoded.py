"""The features of a table that an encoder returns, with notes on what was met in it."""

from __future__ import annotations

from collections.abc import Sequence
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
    """Add a line on each column with unseen levels, missing values, or numbers far outside the training range."""
    by_name = {column.name: column for column in columns}
    lines: list[tuple[str, str]] = []
    for name, cells in encoded.unseen.items():
        unseen = f"{count(cells, 'cell')} with a level that training did not have"
        lines.append((f"{name}: {unseen}", f"; {option('unknown', 'refuse')} makes it an error"))
    for name, cells in encoded.filled.items():
        column = by_name[name]
        median = f", filled with the median {column.median:g}" if isinstance(column, NumberColumn) else ""
        lines.append((f"{name}: {count(cells, 'missing value')}{median}", ""))
    for name, cells in encoded.outside.items():
        far = f"{count(cells, 'value')} far outside the training range, {_range(by_name[name])}"
        changes = {
            None: f"; bounded by {_range(by_name[name], 1)}, {option('clip', False)} leaves them",
            True: "; bounded by it",
            False: f"; {option('clip', True)} bounds them",
        }
        lines.append((f"{name}: {far}", changes[options.clip]))
    encoded.notes = [fact + change for fact, change in lines]
    encoded.facts = [fact for fact, _ in lines]


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
