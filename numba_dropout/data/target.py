"""Targets of tables: classes, values or labels, and which rows have one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import InputError
from . import cells
from .table import Table

__all__ = ["MOST_CLASSES", "SHARE", "TASKS", "Target", "with_target"]

TASKS = ("auto", "classes", "values")
MOST_CLASSES = 20  # a column with more distinct whole numbers holds values, unless the task is "classes"
SHARE = 0.1  # and so does one in which they are more than this share of the rows
SHOWN = 3  # row numbers in a note


@dataclass(frozen=True)
class Target:
    """The targets of rows.

    y: class numbers (N,) int64 if `classes` names the classes, else values or labels 0 and 1 (N, K) float64. labels:
    whether several columns hold labels 0 and 1. notes: what was guessed, in a line each.
    """

    y: NDArray[Any]
    classes: list[Any] | None
    labels: bool = False
    notes: list[str] = field(default_factory=list)


def with_target(table: Table, columns: Sequence[int], options: Any) -> tuple[Table, list[str]]:
    """Return the rows of a table that have a target, and a note on the others. options: `ColumnOptions`.

    Only an empty cell is missing if the target has classes, or a word that the user gave.
    """
    missing = np.zeros(len(table), bool)
    for column in columns:
        missing |= _missing(table, column, options)
    if not missing.any():
        return table, []
    if missing.all():
        raise InputError(f"{table.source}: no row has a target in {_names(table, columns)}; choose another target")
    rows = np.flatnonzero(missing)
    first = ", ".join(str(table.lines[row]) for row in rows[:SHOWN]) + (", ..." if len(rows) > SHOWN else "")
    what = "1 row has" if len(rows) == 1 else f"{len(rows)} rows have"
    note = f"{what} no target in {_names(table, columns)} (row {first}): left out"
    return table.rows(np.flatnonzero(~missing)), [note]


def _missing(table: Table, column: int, options: Any) -> NDArray[np.bool_]:
    """Return which rows (N,) have no target."""
    values = table.columns[column].cells
    if values.dtype.kind == "M":
        return np.isnat(values)
    if values.dtype.kind == "b":
        return np.zeros(len(table), bool)
    if values.dtype.kind != "O":
        return np.isnan(values) | np.isin(values, options.missing_numbers)
    given = frozenset(("", *(word.lower() for word in options.missing)))
    empty = np.array([cells.is_missing(text, given) for text in values])
    words = cells.missing_words(options.missing)
    missing = np.array([cells.is_missing(text, words) for text in values])
    others = values[~missing]
    if others.size and all(cells.is_number(text, options.decimal, options.thousands) for text in others):
        numbers = cells.numbers(values.tolist(), options.decimal, options.thousands)
        return missing | np.isin(numbers, options.missing_numbers)  # NA is not a class beside numbers
    return empty


def _names(table: Table, columns: Sequence[int]) -> str:
    return " or ".join(table.column_name(column) for column in columns)
