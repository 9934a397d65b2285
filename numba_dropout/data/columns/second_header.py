"""Rows of texts between the header and the numbers of a table: units, or the names below a title."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.errors import InputError
from ...core.options import options
from ..cells import is_infinite, is_number
from ..table import Table, listing
from .missing import missing_texts
from .options import ColumnOptions

__all__ = ["check"]

MOST_ROWS = 5  # above the numbers that are no data
FEWEST_BELOW = 3  # numbers that a column has below


def check(table: Table, column_options: ColumnOptions, positions: Sequence[int]) -> None:
    """Raise InputError if the first rows have texts in all columns that hold only numbers below, two or more of them.

    `positions` are the columns to look at.
    """
    if table.typed or table.matrix is not None or len(table) <= FEWEST_BELOW:
        return
    rows: set[int] = set()
    found: list[int] = []
    for position in positions:
        cells = table.columns[position].cells
        if cells.dtype.kind not in "Oiuf":
            continue
        row = _last_text(cells, column_options)
        if row is None:
            return
        if row >= 0:
            rows.add(row)
            found.append(position)
    if len(found) < 2 or len(rows) > 1:
        return
    _refuse(table, found, max(rows))


def _last_text(cells: NDArray[Any], column_options: ColumnOptions) -> int | None:
    """Return the row of the last text of a column of numbers below texts, -1 for a column that tells nothing.

    None: the first row has a number, and so it is data.
    """
    if cells.dtype.kind != "O":
        return -1 if np.isnan(cells[0]) else None
    decimal, thousands = column_options.decimal, column_options.thousands
    sample = cells[-MOST_ROWS:].tolist()
    if not any(text is not None and is_number(text, decimal, thousands) for text in sample):
        return -1
    absent = missing_texts(cells, column_options)
    known = {text: text is not None and is_number(text, decimal, thousands) for text in set(cells.tolist())}
    numbers = np.array([known[text] for text in cells.tolist()])
    texts = np.flatnonzero(~numbers & ~absent)
    if not texts.size or texts[-1] >= MOST_ROWS or numbers[: texts[-1]].any():
        return None if numbers[0] else -1
    last = int(texts[-1])
    if is_infinite(cells[last]) or numbers[last:].sum() < FEWEST_BELOW:
        return -1
    return last


def _refuse(table: Table, positions: Sequence[int], row: int) -> None:
    """Raise the InputError for a table whose rows up to `row` are above its numbers."""
    names = [table.texts(i)[row] or "" for i in range(table.width)]
    first, last = table.lines[0], table.lines[row]
    where = f"row {last} has" if row == 0 else f"rows {first} to {last} have"
    above = listing([names[i] for i in positions], 3)
    problem = f"{table.source}: {where} texts above columns of numbers ({above})"
    mends = []
    unnamed = sum(name == f"column {i + 1}" for i, name in enumerate(table.names or []))
    if row == 0 and table.names and 2 * unnamed < table.width:
        mends.append(f"take row {last} out of the file if it has units")
    if all(names) and len(set(names)) == len(names):
        skip = {"skip": last - 1} if last > 1 else {}
        given = options(skip if table.names else {"header": True, **skip})
        mends.append(f"{given} reads row {last} as the names")
    if not mends:
        mends.append(f"take {f'row {last}' if row == 0 else f'rows {first} to {last}'} out of the file")
    raise InputError(problem, ", or ".join(mends))
