"""Parquet files, as tables with the methods of `delimited.Table`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import InputError, missing
from .delimited import position

__all__ = ["Table", "read"]


@dataclass(frozen=True)
class Table:
    """Columns of a Parquet file. Rows are numbered from 1."""

    path: str
    header: list[str]
    columns: list[Any]  # pyarrow arrays

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.header)

    @property
    def numbers(self) -> list[int]:
        """Numbers of the rows."""
        return list(range(1, len(self.columns[0]) + 1))

    @property
    def names(self) -> list[str] | None:
        """Column names if they are unique, else None."""
        return self.header if len(set(self.header)) == self.width else None

    def column_name(self, column: int) -> str:
        """Return the name of a column for messages."""
        return f"column {column + 1} ({self.header[column]!r})"

    def position(self, target: str | int | None) -> int:
        """Return the position of a column given by name or number."""
        return position(self.path, target, self.width, self.header)

    def values(self, columns: list[int]) -> NDArray[np.float64]:
        """Return columns as finite numbers (N, C). InputError names a missing, infinite or non-numeric cell."""
        result = np.empty((len(self.columns[0]), len(columns)))
        for i, column in enumerate(columns):
            self._check_missing(column)
            values = self.columns[column].to_numpy(zero_copy_only=False)
            if values.dtype.kind not in "biuf":
                kind = self.columns[column].type
                raise InputError(f"{self.path}: expected numbers in {self.column_name(column)}, got {kind}")
            result[:, i] = values
            infinite = ~np.isfinite(result[:, i])
            if infinite.any():
                row = int(np.argmax(infinite))
                at = f"at row {row + 1}, {self.column_name(column)}"
                raise InputError(
                    f"{self.path}: a missing value {at}; fill it in or leave the row out"
                    if np.isnan(values[row])
                    else f"{self.path}: expected a finite number {at}, got {values[row]}"
                )
        return result

    def texts(self, column: int) -> list[str]:
        """Return the cells of a column as texts. InputError names a missing cell."""
        self._check_missing(column)
        return [str(int(cell) if isinstance(cell, bool) else cell) for cell in self.columns[column].to_pylist()]

    def _check_missing(self, column: int) -> None:
        if self.columns[column].null_count:
            row = int(np.argmax(self.columns[column].is_null().to_numpy(zero_copy_only=False)))
            at = f"at row {row + 1}, {self.column_name(column)}"
            raise InputError(f"{self.path}: a missing value {at}; fill it in or leave the row out")


def read(path: Path) -> Table:
    """Read a Parquet file. Raise InputError if it is of another format, has no rows, or pyarrow is missing."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise InputError(missing(f"{path}: a Parquet file requires pyarrow", "pyarrow", "parquet")) from None
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            table = file.read()
    except (pyarrow.ArrowException, OSError) as error:
        raise InputError(f"{path}: the file is damaged or not in the Parquet format ({_first_line(error)})") from None
    if table.num_rows == 0 or table.num_columns == 0:
        raise InputError(f"{path}: expected rows of data, got none")
    index = {name for name in (table.schema.pandas_metadata or {}).get("index_columns", []) if isinstance(name, str)}
    kept = [i for i, name in enumerate(table.column_names) if name not in index]  # the pandas index is not data
    if not kept:
        raise InputError(f"{path}: expected columns of data, got only an index")
    return Table(str(path), [table.column_names[i] for i in kept], _arrays(map(table.column, kept), pyarrow))


def _arrays(columns: Iterable[Any], pyarrow: Any) -> list[Any]:
    """Return columns as contiguous arrays. Categories become their texts."""
    arrays = [column.combine_chunks() for column in columns]
    return [array.dictionary_decode() if pyarrow.types.is_dictionary(array.type) else array for array in arrays]


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
