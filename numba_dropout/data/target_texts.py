"""Targets of texts: classes, or refused because they are values, dates or names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..core.errors import InputError
from ..core.options import option
from ..core.options import options as written
from . import cells
from .class_labels import of_labels
from .columns.date_patterns import date_patterns
from .columns.refused import numbers_in_another_form
from .columns.units import numbers_with_signs
from .table import Table, as_missing, shown
from .target import MOST_CLASSES, SHARE, Target

__all__ = ["of_texts", "of_typed_texts"]


def of_texts(table: Table, column: int, task: str, options: Any) -> Target:
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
    target = of_labels(table, column)
    if stray is not None and task == "auto":
        change = as_missing(texts[stray])
        target.notes.append(f"target {name}: {different} classes because of {shown(texts[stray])}; {change}")
    return target


def of_typed_texts(table: Table, column: int) -> Target:
    """Return the classes of texts that are all numbers, in a source that has numbers too."""
    name = table.column_name(column)
    different = len(set(table.texts(column)))
    what = f"{different} different texts in {len(table)} rows that are all numbers"
    if _too_many(different, len(table)):
        raise InputError(
            f"{table.source}: expected classes in {name}, got {what}",
            f"use {option('task', 'values')} or {option('task', 'classes')}, or choose another target",
        )
    target = of_labels(table, column)
    return replace(
        target,
        notes=[f"target {name}: {what} are read as classes; {option('task', 'values')} reads values", *target.notes],
    )


def _too_many(different: int, rows: int) -> bool:
    """Return whether texts are nearly all different, and so no classes."""
    return 2 * different > rows and different > MOST_CLASSES


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
