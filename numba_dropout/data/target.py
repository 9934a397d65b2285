"""Targets of tables: which rows have one, and whether it holds classes or values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import InputError
from ..core.options import option
from ..core.options import options as written
from . import cells
from .columns.date_patterns import date_patterns
from .columns.far_codes import far_codes, far_note
from .columns.number import reading_note, too_large
from .columns.refused import numbers_in_another_form
from .columns.units import numbers_with_signs
from .table import Table, as_missing, listing, one_line, shown

__all__ = [
    "MOST_CLASSES",
    "SHARE",
    "TASKS",
    "Target",
    "class_numbers",
    "guess_task",
    "integer_labels",
    "is_whole",
    "read_target",
    "read_targets",
    "task_note",
    "with_target",
]

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


def read_target(table: Table, columns: Sequence[int], task: str, options: Any) -> Target:
    """Return the target of rows that all have one. Several columns hold values, or only labels 0 and 1.

    task: "auto", "classes" or "values". options: `ColumnOptions`. Raise InputError if the cells do not fit the task.
    """
    if len(columns) > 1:
        return _several(table, columns, task, options)
    column = columns[0]
    numbers = _numbers(table, column, options)
    if numbers is None:
        return _of_texts(table, column, task, options)
    if task == "auto" and table.typed and table.columns[column].cells.dtype.kind == "O":
        return _of_typed_texts(table, column)
    guessed = guess_task(numbers) if task == "auto" else None
    if (guessed or task) == "values":
        _check_size(table, column, numbers)
        reading = reading_note(table, column, options, is_target=True)
        target = Target(numbers.reshape(-1, 1), None, notes=[] if reading is None else [reading])
        count = len(np.unique(numbers))
    else:
        target = _of_labels(table, column)
        count = len(target.classes or [])
    name = f"target {table.column_name(column)}"
    for code, found in far_codes(numbers).items():
        remedy = f"{option('missing', [str(code)])} leaves its rows out"
        target.notes.append(far_note([name], code, [found], len(numbers), remedy))
    if guessed is None or not is_whole(numbers):
        return target
    return replace(target, notes=[task_note(name, guessed, count, len(numbers)), *target.notes])


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


def integer_labels(labels: NDArray[Any], source: object) -> tuple[NDArray[np.int64], list[Any]]:
    """Return class numbers (N,) and the classes of whole numbers, of any type, or of texts. Others raise InputError."""
    different, y = np.unique(labels, return_inverse=True)
    if different.dtype.kind == "f" and not (different == np.floor(different)).all():
        what = f"{source}: expected integers as classes in the target, got fractions"
        raise InputError(what, f"use {option('task', 'values')}")
    classes = [str(value) if different.dtype.kind == "U" else int(value) for value in different]
    _check_count(source, classes)
    return y.reshape(-1).astype(np.int64), classes


def class_numbers(source: object, labels: Sequence[Any], classes: list[Any], lines: Sequence[int]) -> NDArray[np.int64]:
    """Return the class numbers of labels, texts or numbers. InputError names the first unknown class and its row."""
    numbers: dict[Any, int] = {label: number for number, label in enumerate(classes)}
    convert = str if isinstance(classes[0], str) else _integer
    found = [numbers.get(convert(label), -1) for label in labels]
    if -1 in found:
        row = found.index(-1)
        names = listing(classes)
        got = f"class {shown(labels[row])} at row {lines[row]}"
        raise InputError(f"{source}: {got} is not a class of the model: {names}")
    return np.array(found, np.int64)


def _integer(label: Any) -> Any:
    """Return a label as an integer if it is one, exactly, else unchanged."""
    try:
        return int(label) if not isinstance(label, float) or label.is_integer() else label
    except (TypeError, ValueError):
        pass
    try:
        value = float(label)
    except (TypeError, ValueError):
        return label
    return int(value) if value.is_integer() and abs(value) < 2**53 else label


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


def _of_typed_texts(table: Table, column: int) -> Target:
    """Return the classes of texts that are all numbers, in a source that has numbers too."""
    name = table.column_name(column)
    different = len(set(table.texts(column)))
    what = f"{different} different texts in {len(table)} rows that are all numbers"
    if _too_many(different, len(table)):
        raise InputError(
            f"{table.source}: expected classes in {name}, got {what}",
            f"use {option('task', 'values')} or {option('task', 'classes')}, or choose another target",
        )
    target = _of_labels(table, column)
    return replace(
        target,
        notes=[f"target {name}: {what} are read as classes; {option('task', 'values')} reads values", *target.notes],
    )


def _too_many(different: int, rows: int) -> bool:
    """Return whether texts are nearly all different, and so no classes."""
    return 2 * different > rows and different > MOST_CLASSES


def _of_texts(table: Table, column: int, task: str, options: Any) -> Target:
    """Return the classes of a column of texts."""
    name, texts = table.column_name(column), table.texts(column)
    if task != "classes":
        _check_readings(table, column, [str(text) for text in texts], options)
    stray = _stray(texts, options)
    if stray is not None and (task == "values" or (task == "auto" and _are_values(texts, stray, options))):
        got = f"at row {table.lines[stray]}, {name}, got text {shown(texts[stray])}"
        change = "" if task == "values" else f", or {option('task', 'classes')} reads classes"
        raise InputError(f"{table.source}: expected a number {got}", f"{as_missing(texts[stray])}{change}")
    if task == "values":
        got = f"at row {table.lines[0]} of the target, {name}, got text {shown(texts[0])}"
        mend = f"use {option('task', 'classes')}, with a loss for classes"
        raise InputError(f"{table.source}: expected a number {got}", mend)
    different = len(set(texts))
    if task == "auto" and _too_many(different, len(texts)):
        raise InputError(
            f"{table.source}: expected classes in {name}, got {different} different texts in {len(texts)} rows",
            f"choose another target, or use {option('task', 'classes')}",
        )
    target = _of_labels(table, column)
    if stray is not None and task == "auto":
        change = as_missing(texts[stray])
        target.notes.append(f"target {name}: {different} classes because of {shown(texts[stray])}; {change}")
    return target


def _check_readings(table: Table, column: int, texts: list[str], options: Any) -> None:
    """Raise InputError for numbers written in another form, and for dates."""
    name = table.column_name(column)
    different = list(dict.fromkeys(texts))
    strays = [text for text in different if not cells.is_number(text, options.decimal, options.thousands)]
    classes = option("task", "classes")
    form = numbers_in_another_form(different, strays, options.decimal, options.thousands)
    if form is not None:
        content, reading = form
        mend = f"give {written(reading)}, or {classes} for classes"
        raise InputError(f"{table.source}: the target, {name}, has {content}", mend)
    signs = numbers_with_signs(different, strays)
    if signs is not None and len(different) > MOST_CLASSES:
        what, mend = signs
        raise InputError(f"{table.source}: the target, {name}, has {what}", f"{mend}, or {classes} for classes")
    if date_patterns(different) or not np.isnat(cells.dates(different)).any():
        mend = f"choose another target, or use {classes}"
        raise InputError(f"{table.source}: {name} holds dates", mend)


def _stray(texts: Sequence[Any], options: Any) -> int | None:
    """Return the first row that holds no number, or None if fewer than half of them do."""
    stray = [row for row, text in enumerate(texts) if not cells.is_number(text, options.decimal, options.thousands)]
    return stray[0] if 2 * len(stray) < len(texts) else None


def _are_values(texts: Sequence[Any], stray: int, options: Any) -> bool:
    """Return whether a column of numbers with some texts is one of values: many are different, or have fractions."""
    different = set(texts)
    if len(different) > MOST_CLASSES or str(texts[stray]).lower().lstrip("+-") in ("inf", "infinity"):
        return True
    numbers = cells.numbers(list(different), options.decimal, options.thousands)
    fractions = bool((numbers[np.isfinite(numbers)] % 1 != 0).any())
    return fractions and len(different) > SHARE * len(texts)


def _of_labels(table: Table, column: int) -> Target:
    """Return the classes of a column. They are integers only if all texts are written exactly as integers are.

    Numbers without a text, such as those of .npy, are integers if they are whole.
    """
    typed = table.columns[column]
    if typed.cells.dtype.kind == "f" and typed.original is None and (typed.cells == np.floor(typed.cells)).all():
        return Target(*integer_labels(typed.cells, table.source))
    texts = [str(text) for text in table.texts(column)]
    different = set(texts)
    classes: list[Any]
    if all(_is_integer(text) for text in different):
        classes = sorted(map(int, different))
    else:
        classes = sorted(different, key=_order)
    _check_count(table.source, classes)
    numbers = {str(label): number for number, label in enumerate(classes)}
    y = np.fromiter((numbers[text] for text in texts), np.int64, len(texts))
    return Target(y, classes, notes=_similar(table, column, different))


def _similar(table: Table, column: int, different: set[str]) -> list[str]:
    """Return notes on classes that are words of missing values, and that differ by capital letters only."""
    name = table.column_name(column)
    words = sorted(text for text in different if cells.is_missing(text))
    notes = [f"target {name}: {word!r} is a class; {option('missing', [word])} leaves its rows out" for word in words]
    counts = Counter(text.lower() for text in different)
    twins = sorted(text for text in different if counts[text.lower()] > 1)
    if not twins:
        return notes
    return [*notes, f"warning: target {name}: {', '.join(twins)} differ by capital letters only; correct the file"]


def _is_integer(text: str) -> bool:
    try:
        return str(int(text)) == text
    except ValueError:
        return False


def _order(text: str) -> tuple[Any, ...]:
    """Return the key that sorts numbers by value before texts."""
    return (0, float(cells.numbers([text])[0]), text) if cells.is_number(text) else (1, 0.0, text)


def _check_count(source: object, classes: list[Any]) -> None:
    if len(classes) < 2:
        raise InputError(f"{source}: expected at least two classes in the target, got one ({classes[0]})")


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


def _names(table: Table, columns: Sequence[int]) -> str:
    return " or ".join(table.column_name(column) for column in columns)
