"""Columns of records of text: one matrix of numbers, or a column of numbers or texts each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..table import Column, Texts
from .records import Splitter

__all__ = ["Records", "loaded_matrix", "split_columns", "typed_column"]

BLOCK_CELLS = 1 << 19  # that are split at once
KEPT_CELLS = 1 << 20  # of a table whose texts are all kept when one column's are asked for


class Records:
    """Records of text, which are split again when the texts of their cells are asked for."""

    def __init__(self, records: list[str], splitter: Splitter, width: int) -> None:
        self.records, self.splitter, self.width = records, splitter, width
        self._kept: list[Sequence[str]] | None = None
        self._rows: dict[int, list[str]] = {}  # of which single cells were asked for

    def texts(self, column: int) -> Texts:
        """Return a function that returns the texts of a column, or with a row's number that of one cell in a list."""
        return partial(self._texts, column)

    def _texts(self, column: int, row: int | None = None) -> Sequence[str]:
        if row is not None:
            return [self._cells(row)[column].strip()]
        if self._kept is None and len(self.records) * self.width <= KEPT_CELLS:
            rows = (map(str.strip, self.splitter.cells(record)) for record in self.records)
            self._kept = list(zip(*rows, strict=True))
        if self._kept is not None:
            return self._kept[column]
        return [self.splitter.cells(record)[column].strip() for record in self.records]

    def _cells(self, row: int) -> list[str]:
        """Return the cells of a record. Those of the first few are kept, because many columns ask for the same ones."""
        if row not in self._rows:
            cells = self.splitter.cells(self.records[row])
            if (len(self._rows) + 1) * self.width > KEPT_CELLS:
                return cells
            self._rows[row] = cells
        return self._rows[row]


def loaded_matrix(records: Records, marked: bool) -> NDArray[np.float64] | None:
    """Return the cells (N, C) if all are finite plain numbers, else None. `marked`: whether a point is not decimal."""
    lines = records.records
    if plain_numbers(records.splitter.cells(lines[0])) is None:
        return None
    if marked and any("." in line for line in lines):
        return None
    try:
        matrix = np.loadtxt(lines, delimiter=records.splitter.delimiter, comments=None, quotechar='"', ndmin=2)
    except ValueError:
        return None
    return matrix if matrix.shape == (len(lines), records.width) and np.isfinite(matrix).all() else None


def split_columns(records: Records) -> list[NDArray[Any]]:
    """Return each column's cells (N,): float64 if all are finite plain numbers, else objects, without blanks."""
    lines, width, splitter = records.records, records.width, records.splitter
    block = max(8, BLOCK_CELLS // width)
    numbers: list[list[NDArray[np.float64]] | None] = [[] for _ in range(width)]
    texts: list[list[str]] = [[] for _ in range(width)]
    starts = [0] * width  # the rows of a column whose numbers have to be texts
    known: list[dict[str, str]] = [{} for _ in range(width)]
    for start in range(0, len(lines), block):
        rows = [splitter.cells(line) for line in lines[start : start + block]]
        for i, column in enumerate(zip(*rows, strict=True)):
            pieces = numbers[i]
            if pieces is not None:
                values = plain_numbers(column)
                if values is not None:
                    pieces.append(values)
                    continue
                numbers[i], starts[i] = None, start
            same = known[i].setdefault
            texts[i] += [same(cell, cell) for cell in map(str.strip, column)]
    _restore(records, texts, starts)
    return [
        _objects(cells) if pieces is None else np.concatenate(pieces)
        for pieces, cells in zip(numbers, texts, strict=True)
    ]


def typed_column(name: str | None, cells: NDArray[Any], records: Records, position: int, marked: bool) -> Column:
    """Return a column of cells from `split_columns`. Single quotes around all of its texts are left out."""
    if cells.dtype == object:
        bare = _without_quotes(cells)
        if bare is None:
            return Column(name, cells)
        texts = bare.tolist()
        values = plain_numbers(texts)
        if values is None or (marked and any("." in text for text in texts)):
            return Column(name, bare)
        return Column(name, values, lambda row=None: texts if row is None else [texts[row]])
    texts = records.texts(position)
    if marked:
        written = [str(text) for text in texts()]
        if any("." in text for text in written):
            return Column(name, _objects(written))
    return Column(name, cells, texts)


def plain_numbers(column: Sequence[str]) -> NDArray[np.float64] | None:
    """Return cells as float64 (N,) if all are finite plain numbers, else None."""
    try:
        values = np.array(list(map(float, column)), np.float64)
    except ValueError:
        return None
    joined = "".join(column)  # float() also reads underscores and the digits of other scripts
    return values if joined.isascii() and "_" not in joined and np.isfinite(values).all() else None


def _restore(records: Records, texts: list[list[str]], starts: list[int]) -> None:
    """Put the texts of the first rows before those of columns that began as numbers, in one pass."""
    late = [i for i, start in enumerate(starts) if start]
    if not late:
        return
    before: list[list[str]] = [[] for _ in late]
    last = max(starts)
    for row, record in enumerate(records.records[:last]):
        cells = records.splitter.cells(record)
        for cells_before, i in zip(before, late, strict=True):
            if row < starts[i]:
                cells_before.append(cells[i].strip())
    for cells_before, i in zip(before, late, strict=True):
        texts[i] = cells_before + texts[i]


def _without_quotes(cells: NDArray[Any]) -> NDArray[Any] | None:
    """Return texts without single quotes if these enclose every one that is not empty, else None."""
    present = (cell for cell in cells.tolist() if cell)
    if not all(len(cell) > 1 and cell[0] == cell[-1] == "'" for cell in present) or not any(cells):
        return None
    return _objects([cell[1:-1].strip() for cell in cells.tolist()])


def _objects(texts: Sequence[str]) -> NDArray[Any]:
    cells = np.empty(len(texts), object)
    cells[:] = texts
    return cells
