"""Parquet files as tables of typed columns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from ...core.errors import InputError, missing
from ..table import Column, Table
from .header import column_names, row_index
from .typed_columns import array_column, value_column

__all__ = ["read"]


def read(source: str, content: Any) -> Table:
    """Return the table of a Parquet file, whose path or content is given.

    Raises InputError if it is of another format, has no rows or names that occur twice, or pyarrow is missing.
    """
    try:
        import pyarrow
        import pyarrow.compute
        import pyarrow.parquet
    except ImportError:
        raise InputError(missing(f"{source}: a Parquet file requires pyarrow", "pyarrow", "parquet")) from None
    try:
        with pyarrow.parquet.ParquetFile(content) as file:
            table = file.read()
        header, metadata = table.column_names, table.schema.pandas_metadata or {}
        columns = [_column(*each, pyarrow) for each in zip(header, _arrays(table.columns, pyarrow), strict=True)]
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise InputError(f"{source}: the file is damaged or not in the Parquet format ({_first_line(error)})") from None
    if table.num_rows == 0 or table.num_columns == 0:
        raise InputError(f"{source}: expected rows of data, got none")
    index = {name for name in metadata.get("index_columns", []) if isinstance(name, str)}
    kept = [i for i, name in enumerate(header) if name not in index]  # the pandas index is not data
    if not kept:
        raise InputError(f"{source}: expected columns of data, got only an index")
    names, unnamed, notes = column_names(source, [header[i] for i in kept])
    columns = [replace(columns[i], name=name) for i, name in zip(kept, names, strict=True)]
    index_column = row_index(names, unnamed, columns[0].cells, len(columns))
    return Table(source, columns, names, range(1, table.num_rows + 1), index_column, notes, typed=True)


def _arrays(columns: Iterable[Any], pyarrow: Any) -> list[Any]:
    """Return columns as contiguous arrays. Categories become their values."""
    arrays = [column.combine_chunks() for column in columns]
    return [array.dictionary_decode() if pyarrow.types.is_dictionary(array.type) else array for array in arrays]


def _column(name: str, array: Any, pyarrow: Any) -> Column:
    """Return the column of an array of pyarrow."""
    types = pyarrow.types
    numeric = types.is_integer(array.type) or types.is_floating(array.type)
    if types.is_timestamp(array.type) or types.is_date(array.type):
        plain = (
            array.cast(pyarrow.timestamp("s"), safe=False) if types.is_date(array.type) else _seconds(array, pyarrow)
        )
        return Column(name, plain.to_numpy(zero_copy_only=False).astype("datetime64[s]"))
    if types.is_floating(array.type) or ((numeric or types.is_boolean(array.type)) and not array.null_count):
        return array_column(name, array.to_numpy(zero_copy_only=False))
    if types.is_integer(array.type):
        values = array.to_numpy(zero_copy_only=False)  # float64, NaN where there is no value
        return Column(name, values.astype(np.float64), partial(_integer_texts, array))
    return value_column(name, array.to_pylist())


def _seconds(array: Any, pyarrow: Any) -> Any:
    """Return moments (in UTC, where they have a zone) without fractions of seconds."""
    floor = pyarrow.compute.floor_temporal(array.cast(pyarrow.timestamp(array.type.unit)), unit="second")
    return floor.cast(pyarrow.timestamp("s"), safe=False)


def _integer_texts(array: Any, row: int | None = None) -> list[str | None]:
    chosen = array if row is None else array.slice(row, 1)
    return [None if value is None else str(value) for value in chosen.to_pylist()]


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
