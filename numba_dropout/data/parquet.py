"""Parquet files, as the tables that delimited text gives."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import InputError
from .delimited import position

__all__ = ["Table", "read"]

MISSING = "a Parquet file needs pyarrow: pip install 'numba-dropout[parquet]'"


@dataclass(frozen=True)
class Table:
    """Columns of a Parquet file; a row's number is its place, from 1 on."""

    path: str
    header: list[str]
    columns: list[Any]  # pyarrow's

    @property
    def width(self) -> int:
        """How many columns there are."""
        return len(self.header)

    @property
    def numbers(self) -> list[int]:
        """The numbers of the rows."""
        return list(range(1, len(self.columns[0]) + 1))

    @property
    def names(self) -> list[str] | None:
        """The columns' names, where they tell the columns apart."""
        return self.header if len(set(self.header)) == self.width else None

    def column_name(self, column: int) -> str:
        """Return how a message names a column."""
        return f"column {column + 1} ({self.header[column]!r})"

    def position(self, target: str | int | None) -> int:
        """Return the position of a column given by name or number."""
        return position(self.path, target, self.width, self.header)

    def values(self, columns: list[int]) -> NDArray[np.float64]:
        """Return columns as finite numbers (N, C); a missing, infinite or textual cell is an error that names it."""
        result = np.empty((len(self.columns[0]), len(columns)))
        for place, column in enumerate(columns):
            self._refuse_missing(column)
            values = self.columns[column].to_numpy(zero_copy_only=False)
            if values.dtype.kind not in "biuf":
                kind = self.columns[column].type
                raise InputError(f"{self.path}: {self.column_name(column)} is of {kind}, where numbers belong")
            result[:, place] = values
            infinite = ~np.isfinite(result[:, place])
            if infinite.any():
                row = int(np.argmax(infinite))
                what = "a missing value" if np.isnan(values[row]) else f"an infinite value ({values[row]})"
                raise InputError(f"{self.path}: {what} at row {row + 1}, {self.column_name(column)}")
        return result

    def texts(self, column: int) -> list[str]:
        """Return the cells of a column as texts; a missing one is an error that names it."""
        self._refuse_missing(column)
        return [str(int(cell) if isinstance(cell, bool) else cell) for cell in self.columns[column].to_pylist()]

    def _refuse_missing(self, column: int) -> None:
        if self.columns[column].null_count:
            row = int(np.argmax(self.columns[column].is_null().to_numpy(zero_copy_only=False)))
            where = f"at row {row + 1}, {self.column_name(column)}"
            raise InputError(f"{self.path}: a missing value {where}; fill it in or leave the row out")


def read(path: Path) -> Table:
    """Read a Parquet file; InputError if it is none, has no rows, or pyarrow is missing."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise InputError(f"{path}: {MISSING}") from None
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            table = file.read()
    except (pyarrow.ArrowException, OSError) as error:
        raise InputError(f"{path}: a damaged file, or none of Parquet ({_first_line(error)})") from None
    if table.num_rows == 0 or table.num_columns == 0:
        raise InputError(f"{path}: there are no rows in it")
    index = {name for name in (table.schema.pandas_metadata or {}).get("index_columns", []) if isinstance(name, str)}
    kept = [place for place, name in enumerate(table.column_names) if name not in index]  # an index is no column
    if not kept:
        raise InputError(f"{path}: there are no columns in it, but an index")
    return Table(str(path), [table.column_names[place] for place in kept], _plain(map(table.column, kept), pyarrow))


def _plain(columns: Iterable[Any], pyarrow: Any) -> list[Any]:
    """Return columns in one piece each; categories become the texts that they stand for."""
    whole = [column.combine_chunks() for column in columns]
    return [each.dictionary_decode() if pyarrow.types.is_dictionary(each.type) else each for each in whole]


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
