"""The header of a table, the names of its columns, and a first column that only counts or names the rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.errors import InputError
from ...core.options import option
from .. import cells
from ..table import one_line
from .read_options import ReadOptions

__all__ = ["column_names", "guess_header", "is_value", "names_below", "row_index", "unquoted"]

YEARS = range(1800, 2101)
PANDAS_UNNAMED = re.compile(r"Unnamed: \d+(_level_\d+)?")
FEWEST_ROWS = 3  # that a named column may be said to count


def guess_header(
    first: list[str], rows_below: Callable[[], list[list[str]]], options: ReadOptions, shorter: bool = False
) -> tuple[bool, list[str]]:
    """Return whether the first row of a text table is a header, and notes on it.

    `rows_below` returns the cells of some of the rows below it. A header has a text above numbers, counts 0..n-1 or
    1..n, has years, or has only texts that do not occur below. What is not certain becomes a note.
    `shorter`: whether the first row has one cell less than the others, which begin with the names of the rows.
    """
    if options.header is not None or shorter:
        return options.header or shorter, []
    first = [unquoted(cell) for cell in first]
    numeric = [_is_number(cell, options) for cell in first]
    texts = [i for i, cell in enumerate(first) if cell and not numeric[i]]
    shown = _shown(first)
    may_be_names = texts or _counts(first) or _are_years(first, None)
    if not may_be_names:
        return False, []
    below = [[cell.strip() for cell in row] for row in rows_below()]
    header = [f"header: the first row {shown}; {option('header', False)} reads it as data"]
    data = [f"header: none, the first row {shown} is data; {option('header', True)} reads it as names"]
    if not below:
        return bool(texts) and not any(numeric), header if texts and any(numeric) else []
    if not texts:
        if _counts(first):
            permuted = sorted(first) == sorted(below[0])
            return (False, data) if permuted or _is_narrow_data(first, below) else (True, header)
        return (True, header) if _are_years(first, below) else (False, [])
    words = cells.missing_words(options.missing)
    names = [i for i in texts if not cells.is_missing(first[i], words)]
    if not names:
        return False, []
    if any(_is_above_numbers(first[i], [row[i] for row in below], words, options) for i in names):
        return True, header if any(numeric) else []
    if any(first[i] == unquoted(row[i]) for row in below for i in names):
        return False, [] if any(numeric) else data
    if not any(numeric):
        return True, header
    numbers = [cell for cell, number in zip(first, numeric, strict=True) if number]
    if (len(numbers) > 2 and _counts(numbers)) or _are_years(numbers, None):
        return True, header
    return False, data


def is_value(cell: str, options: ReadOptions) -> bool:
    """Return whether a cell is a number, with a point or a comma as its decimal sign, or a missing value."""
    return _is_number(unquoted(cell), options) or cells.is_missing(unquoted(cell), cells.missing_words(options.missing))


def unquoted(cell: str) -> str:
    """Return a cell without surrounding blanks and single quotes."""
    cell = cell.strip()
    return cell[1:-1].strip() if len(cell) > 1 and cell[0] == cell[-1] == "'" else cell


def column_names(
    source: str, first: list[str], guessed: bool = False, other: str = ""
) -> tuple[list[str], list[int], list[str]]:
    """Return the names of columns from the cells of a header, the positions of those without a name, and notes.

    A column without a name is called by its number, such as "column 3". Raises InputError that tells all names that
    more than one column has. `guessed`: whether the header was a guess. `other`: what `names_below` returns.
    """
    names = [unquoted(cell) for cell in first]
    unnamed = [i for i, name in enumerate(names) if not name]
    for i in unnamed:
        names[i] = f"column {i + 1}"
    if len(set(names)) < len(names):
        places: dict[str, list[int]] = {}
        for i, name in enumerate(names, 1):
            places.setdefault(name, []).append(i)
        again = [f"{name!r} (columns {', '.join(map(str, at))})" for name, at in places.items() if len(at) > 1]
        mend = f", or read the first row as data with {option('header', False)}" if guessed else ""
        raise InputError(f"{source}: more than one column is called {_joined(again)}; rename them{mend}{other}")
    notes = [f"column {i + 1} has no name; it is called 'column {i + 1}'" for i in unnamed if i]
    return names, unnamed, notes if len(notes) <= 3 else [f"{len(notes)} columns have no names; they are numbered"]


def names_below(cells_below: list[str], line: int, options: ReadOptions) -> str:
    """Return the remedy that reads the names from the row below a header, or '' unless that has different texts."""
    names = [unquoted(cell) for cell in cells_below]
    if len(set(names)) < len(names) or any(is_value(name, options) for name in names):
        return ""
    return f", or {option('skip', line - 1)} reads the names from row {line}"


def row_index(names: list[str] | None, unnamed: Sequence[int], first: NDArray[Any], width: int) -> int | None:
    """Return the position 0 if the first column counts or names the rows, else None.

    An unnamed first column of a table with names does, and a column of exactly 0..n-1 or 1..n in a table with two
    others. `first` are its cells.
    """
    if names and (0 in unnamed or PANDAS_UNNAMED.fullmatch(names[0])) and width > 1 and len(unnamed) < width:
        return 0
    return 0 if width > 2 and len(first) >= FEWEST_ROWS and _is_range(first) else None


def _is_range(values: NDArray[Any]) -> bool:
    """Return whether values are exactly 0..n-1 or 1..n."""
    if values.dtype.kind not in "iuf" or not len(values) or values[0] not in (0, 1):
        return False
    return bool((values == np.arange(len(values)) + int(values[0])).all())


def _is_number(cell: str, options: ReadOptions) -> bool:
    return cells.is_number(cell, options.decimal, options.thousands) or cells.is_number(cell, ",")


def _is_above_numbers(name: str, column: list[str], words: frozenset[str], options: ReadOptions) -> bool:
    """Return whether a text is above numbers, which may have missing values and a few other texts among them."""
    present = [cell for cell in map(unquoted, column) if not cells.is_missing(cell, words)]
    numbers = sum(_is_number(cell, options) for cell in present)
    return bool(present) and (numbers == len(present) or (2 * numbers > len(present) and name not in present))


def _integers(first: list[str]) -> list[int] | None:
    """Return the cells as integers, or None if one is written otherwise."""
    return list(map(int, first)) if all(re.fullmatch("0|[1-9][0-9]{0,8}", cell) for cell in first) else None


def _counts(first: list[str]) -> bool:
    """Return whether cells are 0..n-1 or 1..n, perhaps after an empty one."""
    integers = _integers(first if first[0] or len(first) < 3 else first[1:])
    if integers is None or len(integers) < 2 or integers[0] not in (0, 1):
        return False
    return integers == list(range(integers[0], integers[0] + len(integers)))


def _is_narrow_data(first: list[str], below: list[list[str]]) -> bool:
    """Return whether a row that counts is like the rows below it: two whole numbers, or three that count on."""
    if len(first) > 3 or not all(re.fullmatch("[+-]?[0-9]+", cell) for row in below for cell in row):
        return False
    return len(first) == 2 or all((np.diff(list(map(int, row))) == 1).all() for row in below)


def _are_years(first: list[str], below: list[list[str]] | None) -> bool:
    """Return whether cells are years in ascending or descending order, with other values below them."""
    columns = range(0 if first[0] or len(first) < 3 else 1, len(first))
    years = _integers([first[i] for i in columns])
    if not years or len(years) < 2 or not all(year in YEARS for year in years):
        return False
    steps = np.diff(years)
    if not ((steps > 0).all() or (steps < 0).all()):
        return False
    if below is None:
        return True
    return any((_integers([row[i]]) or [0])[0] not in YEARS for row in below for i in columns)


def _shown(first: list[str]) -> str:
    """Return the first cells of a row for a note."""
    cut = [one_line(cell if len(cell) <= 20 else cell[:17] + "...") for cell in first[:3]]
    return f"({', '.join(cut)}{', ...' if len(first) > 3 else ''})"


def _joined(parts: list[str]) -> str:
    return ", ".join(parts[:-1]) + (" and " if len(parts) > 1 else "") + parts[-1]
