"""Tables of data frames of pandas and polars, and of dicts of arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ...arrays import frames
from ...core.errors import InputError
from ..table import Column, Table
from .header import column_names, row_index
from .typed_columns import array_column, value_column

__all__ = ["from_columns", "from_frame"]


def from_frame(frame: Any, source: str = "frame") -> Table:
    """Return the table of a data frame. The index of a pandas frame is no column.

    Raises InputError if the frame has no rows or no columns, or for names that occur twice.
    """
    names = frames.names(frame)
    columns = [_frame_column(frame, i, name) for i, name in enumerate(names)]
    return _table(source, names, columns)


def from_columns(arrays: Mapping[str, Any], source: str = "dict") -> Table:
    """Return the table of arrays (N,), one for each name. InputError for arrays of other shapes or lengths."""
    columns = []
    for name, values in arrays.items():
        array = values if isinstance(values, np.ndarray) else None
        if array is None:
            values = list(values)
            array = np.fromiter(values, object, len(values))
        if array.ndim != 1:
            raise InputError(f"{source}: expected arrays of shape (rows,), got {array.shape} for {name!r}")
        columns.append(array_column(str(name), array))
    return _table(source, [str(name) for name in arrays], columns)


def _table(source: str, names: list[str], columns: list[Column]) -> Table:
    """Return the table of typed columns, after checking their names and lengths."""
    if not columns or not len(columns[0].cells):
        raise InputError(f"{source}: expected rows of data, got none")
    lengths = {len(column.cells) for column in columns}
    if len(lengths) > 1:
        raise InputError(f"{source}: expected columns of the same length, got {', '.join(map(str, sorted(lengths)))}")
    names, unnamed, notes = column_names(source, names)
    columns = [replace(each, name=name) for name, each in zip(names, columns, strict=True)]
    index = row_index(names, unnamed, columns[0].cells, len(columns))
    return Table(source, columns, names, range(1, len(columns[0].cells) + 1), index, notes, typed=True)


def _frame_column(frame: Any, position: int, name: str) -> Column:
    """Return a column of a data frame."""
    if hasattr(frame, "get_column"):  # polars
        return _polars_column(frame.to_series(position), name)
    series = frame.iloc[:, position] if hasattr(frame, "iloc") else frame[name]
    kind = str(series.dtype).lower()
    if kind.startswith("sparse"):
        series = series.sparse.to_dense()
    elif kind.startswith("period"):
        series = series.dt.to_timestamp()
    elif kind.startswith("datetime64") and "," in kind:  # with a time zone
        series = series.dt.tz_convert("UTC").dt.tz_localize(None)
    if isinstance(series.dtype, np.dtype) and series.dtype.kind in "biufmM":
        return array_column(name, series.to_numpy())
    missing = series.isna().tolist()
    plain = _category_text if kind == "category" else _plain
    return value_column(name, [None if gone else plain(v) for v, gone in zip(series.tolist(), missing, strict=True)])


def _polars_column(series: Any, name: str) -> Column:
    kind = str(series.dtype)
    if series.null_count() == 0 and kind.startswith(("Int", "UInt", "Float", "Boolean")) and "128" not in kind:
        return array_column(name, series.to_numpy())
    if kind.startswith("Float"):
        return array_column(name, series.fill_null(float("nan")).to_numpy())
    return value_column(name, series.to_list())


def _category_text(value: Any) -> str:
    """Return the text of a category."""
    return str(_plain(value))


def _plain(value: Any) -> Any:
    """Return a value of NumPy or pandas as Python's."""
    if hasattr(value, "to_pydatetime"):
        return value.to_pydatetime(warn=False)
    return value.item() if isinstance(value, np.generic) else value
