"""Columns of typed values: NumPy arrays, and lists of Python's values as databases and spreadsheets hold them."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..cells import Nested
from ..table import Column

__all__ = ["array_column", "value_column"]

EXACT = 1 << 53  # float64 holds all integers below it
NESTED = (list, tuple, set, dict, np.ndarray)


def array_column(name: str | None, values: NDArray[Any]) -> Column:
    """Return the column of an array (N,) of any dtype. Texts lose surrounding blanks."""
    kind = values.dtype.kind
    if kind == "b":
        return Column(name, values)
    if kind in "iu":
        return Column(name, values.astype(np.uint64 if kind == "u" and values.itemsize == 8 else np.int64))
    if kind == "f":
        short = values.dtype != np.float64  # its own shortest texts, such as 0.1 of float32
        return Column(name, values.astype(np.float64), partial(_texts, values) if short else None)
    if kind == "M":
        return Column(name, values.astype("datetime64[s]"))
    if kind == "m":
        seconds = values.astype("timedelta64[ns]").astype(np.float64) / 1e9
        return Column(name, np.where(np.isnat(values), np.nan, seconds))
    return value_column(name, values.tolist())


def value_column(name: str | None, values: Sequence[Any]) -> Column:
    """Return the column of Python's values, None for missing ones.

    Numbers alone become int64, uint64 or float64, truth values bool, dates datetime64[s]. Whole numbers beside missing
    values become float64, and keep their texts. Everything else becomes texts.
    """
    present = [value for value in values if value is not None]
    kinds = set(map(type, present))
    whole = len(present) == len(values)
    if not kinds:
        return Column(name, np.full(len(values), np.nan))
    if kinds == {bool} and whole:
        return Column(name, np.array(values, bool))
    if kinds == {int}:
        return _integers(name, values, whole)
    if kinds <= {int, float}:
        numbers = np.array([np.nan if value is None else value for value in values], np.float64)
        return Column(name, numbers, partial(_texts, values) if int in kinds else None)
    if kinds <= {int, float, Decimal}:
        numbers = np.array([np.nan if value is None else float(value) for value in values], np.float64)
        return Column(name, numbers, partial(_texts, values))
    if kinds <= {datetime.datetime, datetime.date}:
        try:
            return Column(name, np.array([_moment(value) for value in values], "datetime64[s]"))
        except (ValueError, OverflowError):
            pass
    if kinds == {datetime.timedelta}:
        seconds = [np.nan if value is None else value.total_seconds() for value in values]
        return Column(name, np.array(seconds, np.float64))
    cells = np.empty(len(values), object)
    if any(issubclass(kind, NESTED) for kind in kinds):
        cells[:] = [None if value is None else Nested(value) for value in values]
    else:
        cells[:] = _texts(values)
    return Column(name, cells)


def _integers(name: str | None, values: Sequence[Any], whole: bool) -> Column:
    least, most = min(v for v in values if v is not None), max(v for v in values if v is not None)
    if whole and least >= -(1 << 63) and most < 1 << 63:
        return Column(name, np.array(values, np.int64))
    if whole and least >= 0 and most < 1 << 64:
        return Column(name, np.array(values, np.uint64))
    numbers = np.array([np.nan if value is None else float(value) for value in values], np.float64)
    return Column(name, numbers, partial(_texts, values))


def _moment(value: datetime.date | None) -> Any:
    """Return a date or a moment for NumPy, in UTC if it has an offset."""
    if isinstance(value, datetime.datetime) and value.tzinfo is not None:
        return value.astimezone(datetime.timezone.utc).replace(tzinfo=None)
    return value


def _texts(values: Sequence[Any] | NDArray[Any], row: int | None = None) -> list[str | None]:
    """Return the texts of values, or that of one of them."""
    chosen = values if row is None else values[row : row + 1]
    return [None if value is None or value != value else str(value).strip() for value in chosen]
