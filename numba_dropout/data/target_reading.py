"""Reading the targets of tables, and the guess whether they are classes or values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import InputError
from ..core.options import option
from . import cells
from .class_labels import of_labels
from .columns.far_codes import far_codes, far_note
from .columns.number import reading_note, too_large
from .table import Table, one_line
from .target import MOST_CLASSES, SHARE, Target
from .target_texts import of_texts, of_typed_texts

__all__ = ["guess_task", "is_whole", "read_target", "read_targets", "task_note"]


def read_target(table: Table, columns: Sequence[int], task: str, options: Any) -> Target:
    """Return the target of rows that all have one. Several columns hold values, or only labels 0 and 1.

    task: "auto", "classes" or "values". options: `ColumnOptions`. Raise InputError if the cells do not fit the task.
    """
    if len(columns) > 1:
        return _several(table, columns, task, options)
    column = columns[0]
    numbers = _numbers(table, column, options)
    if numbers is None:
        return of_texts(table, column, task, options)
    if task == "auto" and table.typed and table.columns[column].cells.dtype.kind == "O":
        return of_typed_texts(table, column)
    guessed = guess_task(numbers) if task == "auto" else None
    if (guessed or task) == "values":
        _check_size(table, column, numbers)
        reading = reading_note(table, column, options, is_target=True)
        target = Target(numbers.reshape(-1, 1), None, notes=[] if reading is None else [reading])
        count = len(np.unique(numbers))
    else:
        target = of_labels(table, column)
        count = len(target.classes or [])
    name = f"target {table.column_name(column)}"
    for code, found in far_codes(numbers).items():
        remedy = f"{option('missing', [str(code)])} leaves its rows out"
        target.notes.append(far_note([name], code, [found], len(numbers), remedy))
    if guessed is None or not is_whole(numbers):
        return target
    return replace(target, notes=[task_note(name, guessed, count, len(numbers)), *target.notes])


def read_targets(table: Table, columns: Sequence[int], options: Any) -> NDArray[np.float64]:
    """Return columns of values, or of labels False and True as 0 and 1 (N, K). Texts raise InputError."""
    y = np.empty((len(table), len(columns)))
    for k, column in enumerate(columns):
        column_cells = table.columns[column].cells
        if column_cells.dtype.kind == "b":
            values: Any = column_cells.astype(np.float64)
        elif column_cells.dtype.kind == "O" and {str(text).lower() for text in column_cells} <= {"true", "false"}:
            values = np.array([str(text).lower() == "true" for text in column_cells], np.float64)
        else:
            values = _numbers(table, column, options)
        if values is None:
            raise InputError(
                f"{table.source}: expected numbers in the target, {table.column_name(column)}, got texts; a model of "
                "values, or of several targets, needs numbers, or labels 0 and 1"
            )
        y[:, k] = values
    return y


def guess_task(numbers: NDArray[Any]) -> str:
    """Return the task of a target of numbers (N,), "classes" or "values"."""
    few = len(np.unique(numbers)) <= max(1, min(MOST_CLASSES, SHARE * len(numbers)))
    return "classes" if few and is_whole(numbers) else "values"


def task_note(name: str, task: str, different: int, rows: int) -> str:
    """Return a note on the task that was guessed for a target of whole numbers."""
    other = "values" if task == "classes" else "classes"
    what = f"{different} different whole numbers in {rows} rows are read as {task}"
    return f"{name}: {what}; {option('task', other)} reads {other}"


def is_whole(numbers: NDArray[Any]) -> bool:
    """Return whether all numbers (N,) are whole."""
    return numbers.dtype.kind != "f" or bool((numbers == np.floor(numbers)).all())


def _numbers(table: Table, column: int, options: Any) -> NDArray[np.float64] | None:
    """Return a target as numbers (N,), or None if it holds texts. Infinite numbers raise InputError."""
    values = table.columns[column].cells
    if values.dtype.kind == "O":
        texts = list(values)
        if not all(cells.is_number(text, options.decimal, options.thousands) for text in texts):
            return None
        numbers = cells.numbers(texts, options.decimal, options.thousands)
    elif values.dtype.kind == "b":
        return None
    elif values.dtype.kind == "M":
        raise InputError(f"{table.source}: {table.column_name(column)} holds dates; choose another target")
    else:
        numbers = values.astype(np.float64)
    if not np.isfinite(numbers).all():
        row = int(np.flatnonzero(~np.isfinite(numbers))[0])
        where = f"at row {table.lines[row]} of the target, {table.column_name(column)}"
        raise InputError(f"{table.source}: expected a finite number {where}, got {one_line(table.texts(column)[row])}")
    return numbers


def _check_size(table: Table, column: int, numbers: NDArray[np.float64]) -> None:
    """Raise InputError for values that are too large to be scaled."""
    error = too_large(table, column, float(numbers.min()), float(numbers.max()), "choose another target")
    if error is not None:
        raise error


def _several(table: Table, columns: Sequence[int], task: str, options: Any) -> Target:
    """Return several columns of values, or of labels 0 and 1 (False and True)."""
    y = read_targets(table, columns, options)
    for k, column in enumerate(columns):
        _check_size(table, column, y[:, k])
    binary = bool(np.isin(y, (0.0, 1.0)).all())
    if task == "classes" and not binary:
        what = f"{table.source}: several targets with classes hold labels 0 and 1 only"
        raise InputError(what, f"use {option('task', 'values')}")
    labels = binary and task != "values"
    note = f"{len(columns)} targets are read as labels; {option('task', 'values')} reads values"
    return Target(y, None, labels, [note] if labels and task == "auto" else [])
