"""Delimited text: detection of the delimiter and the header, numbers, and errors with the position of the cell."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import InputError

__all__ = ["Table", "is_number", "listing", "position", "read"]

DELIMITERS = "\t;|,"  # in order of preference. Without any of them, runs of blanks separate the cells
MISSING = {"", "?", "na", "n/a", "nan", "null", "none", "-"}
SAMPLE = 20  # lines that are used to detect the delimiter


@dataclass(frozen=True)
class Table:
    """Lines of delimited text. `numbers` holds their line numbers in the file, from 1."""

    path: str
    lines: list[str]
    numbers: list[int]
    delimiter: str | None
    header: list[str] | None
    width: int

    def column_name(self, column: int) -> str:
        """Return the name of a column for messages."""
        return f"column {column + 1}" + (f" ({self.header[column]!r})" if self.header else "")

    @property
    def names(self) -> list[str] | None:
        """The header if its names are unique, else None. Columns are then selected by position."""
        return self.header if self.header and len(set(self.header)) == self.width else None

    def position(self, target: str | int | None) -> int:
        """Return the position of a column given by name or number, like the function `position`."""
        return position(self.path, target, self.width, self.header)

    def values(self, columns: list[int]) -> NDArray[np.float64]:
        """Return columns as finite numbers (N, C). InputError names a missing, infinite or non-numeric cell."""
        try:
            values = np.loadtxt(
                self.lines, delimiter=self.delimiter, usecols=columns, comments=None, quotechar='"', ndmin=2
            )
        except ValueError:
            values = None
        if values is None or values.shape[0] != len(self.lines) or not np.isfinite(values).all():
            self._raise_for_cell(columns)
            raise InputError(f"{self.path}: the numbers cannot be read; check the delimiters and the quotes")
        return values

    def texts(self, column: int) -> list[str]:
        """Return the cells of a column without surrounding blanks. InputError names a missing cell."""
        cells = [row[column].strip() for row in self.rows()]
        for number, cell in zip(self.numbers, cells, strict=True):
            if cell.lower() in MISSING:
                at = f"at row {number}, {self.column_name(column)}"
                raise InputError(f"{self.path}: {_missing(cell)} {at}; fill it in or leave the row out")
        return cells

    def rows(self) -> Iterator[list[str]]:
        """Iterate over the lines as lists of cells."""
        return (_cells(line, self.delimiter) for line in self.lines)

    def _raise_for_cell(self, columns: list[int]) -> None:
        """Raise InputError for the first cell that is not a finite number."""
        for number, row in zip(self.numbers, self.rows(), strict=True):
            for column in columns:
                at = f"at row {number}, {self.column_name(column)}"
                cell = row[column].strip()
                if cell.lower() in MISSING:
                    raise InputError(f"{self.path}: {_missing(cell)} {at}; fill it in or leave the row out")
                if not is_number(cell):
                    hint = "; write decimals with a point" if is_number(cell.replace(",", ".")) else ""
                    raise InputError(f"{self.path}: expected a number {at}, got text {cell!r}{hint}")
                if not np.isfinite(float(cell)):
                    raise InputError(f"{self.path}: expected a finite number {at}, got {cell}")


def read(path: Path) -> Table:
    """Read a file of delimited text, gzipped or not. Raise InputError if it is empty, ragged or not text."""
    lines, numbers = [], []
    try:
        with _open(path) as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    lines.append(line.rstrip("\r\n"))
                    numbers.append(number)
    except UnicodeDecodeError:
        raise InputError(f"{path}: expected delimited text in UTF-8, got another format or encoding") from None
    except (gzip.BadGzipFile, zlib.error, EOFError):
        raise InputError(f"{path}: a truncated or damaged gzip file; replace it with a complete copy") from None
    if not lines:
        raise InputError(f"{path}: the file is empty")
    delimiter = _delimiter(lines[:SAMPLE])
    width = 0
    for number, line in zip(numbers, lines, strict=True):
        try:
            cells = _count(line, delimiter)
        except csv.Error as error:
            raise InputError(f"{path}: row {number} cannot be split into columns ({error}); fix its quotes") from None
        width = width or cells
        if cells != width:
            raise InputError(f"{path}: expected {width} columns as in row {numbers[0]}, got {cells} in row {number}")
    header = _header(lines, delimiter)
    if header:
        lines, numbers = lines[1:], numbers[1:]
    if not lines:
        raise InputError(f"{path}: expected rows of data, got only a header")
    return Table(str(path), lines, numbers, delimiter, header, width)


def position(path: object, target: str | int | None, width: int, header: list[str] | None = None) -> int:
    """Return the position of a column given by name, or by number from 1 (from the end if negative)."""
    names = header or []
    if target is None:
        return width - 1
    if names.count(str(target)) == 1:
        return names.index(str(target))
    if names.count(str(target)) > 1:
        raise InputError(f"{path}: more than one column is called {target!r}; give its number instead")
    try:
        number = int(target)
    except ValueError:
        hint = f"the columns are {listing(names)}" if names else f"there is no header; give a number from 1 to {width}"
        raise InputError(f"{path}: there is no column {target!r}; {hint}") from None
    if not 1 <= abs(number) <= width:
        raise InputError(f"{path}: there is no column {number}; the columns are 1 to {width}")
    return number - 1 if number > 0 else width + number


def is_number(cell: str) -> bool:
    """Return whether a cell is a number. Python's underscores between digits are not accepted."""
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell


def listing(names: list[Any], most: int = 12) -> str:
    """Return names as a comma-separated list for messages."""
    return ", ".join(map(str, names[:most])) + (f", ... ({len(names)} in all)" if len(names) > most else "")


def _open(path: Path) -> io.TextIOBase:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline=None)
    return open(path, encoding="utf-8-sig")


def _cells(line: str, delimiter: str | None) -> list[str]:
    """Return the cells of a line. Raise csv.Error if its quotes do not match."""
    if delimiter is None or '"' not in line:
        return line.split(delimiter)
    return next(csv.reader([line], delimiter=delimiter, strict=True))


def _count(line: str, delimiter: str | None) -> int:
    """Return the number of cells of a line. A line without quotes need not be split."""
    return len(_cells(line, delimiter)) if delimiter is None or '"' in line else line.count(delimiter) + 1


def _delimiter(sample: list[str]) -> str | None:
    """Return the first delimiter that gives all lines equally many cells, or the one that splits most of the lines."""
    best, most = None, 0
    for delimiter in DELIMITERS:
        counts = [_count_or_one(line, delimiter) for line in sample]
        if min(counts) > 1 and len(set(counts)) == 1:
            return delimiter
        if sum(count > 1 for count in counts) > most:
            best, most = delimiter, sum(count > 1 for count in counts)
    return best if most * 2 > len(sample) else None


def _count_or_one(line: str, delimiter: str) -> int:
    """Return the number of cells of a line, or 1 if its quotes do not match with this delimiter."""
    try:
        return _count(line, delimiter)
    except csv.Error:
        return 1


def _header(lines: list[str], delimiter: str | None) -> list[str] | None:
    """Return the cells of the first line if it is a header: none is a number, and a cell of the next line is one."""
    first = [cell.strip() for cell in _cells(lines[0], delimiter)]
    if any(is_number(cell) for cell in first):
        return None
    if len(lines) == 1:
        return first
    return first if any(is_number(cell.replace(",", ".")) for cell in _cells(lines[1], delimiter)) else None


def _missing(cell: str) -> str:
    return f"a missing value ({cell!r})" if cell else "a missing value"
