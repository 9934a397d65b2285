"""Classes of a target: their order, their numbers, and notes on doubtful ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import InputError
from ..core.options import option
from . import cells
from .columns.category import twins
from .table import Table, listing, shown
from .target import Target

__all__ = ["class_numbers", "integer_labels", "of_labels"]


def of_labels(table: Table, column: int) -> Target:
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


def _similar(table: Table, column: int, different: set[str]) -> list[str]:
    """Return notes on classes that are words of missing values, and that differ by capital letters only."""
    name = table.column_name(column)
    words = sorted(text for text in different if cells.is_missing(text))
    notes = [f"target {name}: {word!r} is a class; {option('missing', [word])} leaves its rows out" for word in words]
    same = twins(list(different))
    if not same:
        return notes
    return [*notes, f"warning: target {name}: {', '.join(same)} differ by capital letters only; correct the file"]


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
