"""Tables of columns as they were read: typed values, or the texts of cells."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import InputError
from ..core.options import option

__all__ = [
    "Column",
    "Table",
    "Texts",
    "as_missing",
    "from_matrix",
    "is_total",
    "listing",
    "one_line",
    "position",
    "shown",
    "without_last_rows",
]


FOOTER = 3  # rows at the end that may be a footer, of a table with at least ten times as many
TOTAL = re.compile(
    r"(grand |sub-?)?totals?|sum|average|mean|(gesamt)?summe|insgesamt|gesamt|durchschnitt|mittelwert|"
    r"somme|moyenne|suma|promedio",
    re.IGNORECASE,
)
Texts = Callable[..., Sequence[str | None]]  # of a column, or with a row's number of one cell


@dataclass(frozen=True, eq=False)
class Column:
    """One column: its name, or None, and its cells (N,).

    The dtype of the cells is float64 (NaN is missing), int64, uint64, bool, datetime64[s] (NaT is missing), or object
    for texts: str without surrounding blanks, and None for a missing value of a typed source. Where the cells do not
    say how they were written, `original` returns the texts of all rows of the source, and `picked` are the positions
    of this column's rows in them, or None for all.

    Examples
    --------
    >>> column = nd.data.read({"size": np.array([1.5, 2.0])}).columns[0]
    >>> column.name, column.cells.tolist(), column.texts()
    ('size', [1.5, 2.0], ['1.5', '2.0'])
    """

    name: str | None
    cells: NDArray[Any]
    original: Texts | None = None
    picked: NDArray[np.int64] | None = None

    def texts(self) -> list[str | None]:
        """Return the cells as texts, as they were written, and None for a missing value of a typed source."""
        if self.original is not None:
            texts = self.original()
            return list(texts) if self.picked is None else [texts[i] for i in self.picked.tolist()]
        if self.cells.dtype.kind == "M":
            return [None if text == "NaT" else text for text in np.datetime_as_string(self.cells).tolist()]
        if self.cells.dtype.kind == "f":
            return [None if value != value else repr(value) for value in self.cells.tolist()]
        return [None if cell is None else str(cell) for cell in self.cells.tolist()]

    def text(self, row: int) -> str | None:
        """Return the text of one cell, as it was written."""
        if self.original is None:
            return self.rows(np.array([row])).texts()[0]
        return self.original(row if self.picked is None else int(self.picked[row]))[0]

    def rows(self, index: NDArray[np.int64]) -> Column:
        """Return the column of the rows at the positions `index`."""
        return replace(self, cells=self.cells[index], picked=self._pick(index))

    def with_cells(self, cells: NDArray[Any], index: NDArray[np.int64]) -> Column:
        """Return the column of the rows at the positions `index`, whose cells are given."""
        return replace(self, cells=cells, picked=self._pick(index))

    def _pick(self, index: NDArray[np.int64]) -> NDArray[np.int64] | None:
        if self.original is None:
            return None
        return np.asarray(index) if self.picked is None else self.picked[index]


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of a source, all of the same length.

    names: the header, or None. lines: the number of each row in the file for messages, from 1 (a header counts).
    index: the position of a first column that only counts the rows or names them, or None. notes: what was guessed in
    reading, one line each, with the option that changes it. matrix: the cells (N, C) of a wholly numeric table, whose
    columns are views of it, or None. typed: whether the source has types, so that its texts are no numbers.

    Examples
    --------
    >>> table = nd.data.read({"size": [1.5, 2.0, 4.0], "kind": ["cat", "dog", "cat"]})
    >>> len(table), table.names, table.position("kind"), table.texts(1)
    (3, ['size', 'kind'], 1, ['cat', 'dog', 'cat'])
    >>> table.rows(np.array([0, 2])).columns[0].cells.tolist()
    [1.5, 4.0]
    """

    source: str
    columns: list[Column]
    names: list[str] | None
    lines: Sequence[int]
    index: int | None = None
    notes: list[str] = field(default_factory=list)
    matrix: NDArray[np.float64] | None = None
    typed: bool = False

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.columns)

    def position(self, target: str | int | None) -> int:
        """Return the position of a column given by name, or by number from 1 (from the end if negative)."""
        return position(self.source, target, self.width, self.names)

    def column_name(self, column: int) -> str:
        """Return the name of a column for messages."""
        return f"column {column + 1}" + (f" ({self.names[column]!r})" if self.names else "")

    def key(self, column: int) -> str | int:
        """Return the name of a column, or without names its number from 1, as options take it."""
        return self.names[column] if self.names else column + 1

    def texts(self, column: int) -> list[str | None]:
        """Return the cells of a column as texts, as they were written."""
        return self.columns[column].texts()

    def rows(self, index: NDArray[np.int64]) -> Table:
        """Return the table of the rows at the positions `index`."""
        index = np.asarray(index, np.int64)
        lines = np.asarray(self.lines)[index].tolist()
        if self.matrix is None:
            return replace(self, columns=[column.rows(index) for column in self.columns], lines=lines)
        matrix = self.matrix[index]
        columns = [column.with_cells(matrix[:, i], index) for i, column in enumerate(self.columns)]
        return replace(self, columns=columns, lines=lines, matrix=matrix)

    def select(self, columns: Sequence[int]) -> Table:
        """Return the table of the columns at the positions `columns`, in this order."""
        columns = list(columns)
        index = columns.index(self.index) if self.index in columns else None
        matrix = None
        if self.matrix is not None and columns:
            first, after = columns[0], columns[0] + len(columns)
            run = columns == list(range(first, after))
            matrix = self.matrix[:, first:after] if run else self.matrix[:, columns]
        return replace(
            self,
            columns=[self.columns[i] for i in columns],
            names=[self.names[i] for i in columns] if self.names else None,
            index=index,
            matrix=matrix,
        )


def from_matrix(source: str, matrix: NDArray[Any], lines: Sequence[int] | None = None) -> Table:
    """Return the table of an array of numbers (N, C), without names. InputError for another shape or dtype."""
    if matrix.ndim != 2 or 0 in matrix.shape:
        raise InputError(f"{source}: expected one array of shape (rows, columns), got shape {matrix.shape}")
    if matrix.dtype.kind not in "biuf":
        raise InputError(f"{source}: expected numbers in the table, got {matrix.dtype}")
    lines = range(1, len(matrix) + 1) if lines is None else lines
    if matrix.dtype.kind != "f":
        wide = (
            matrix if matrix.dtype.kind == "b" else matrix.astype(np.uint64 if matrix.dtype == np.uint64 else np.int64)
        )
        return Table(source, [Column(None, wide[:, i]) for i in range(matrix.shape[1])], None, lines)
    matrix = matrix.astype(np.float64, copy=False)
    return Table(source, [Column(None, matrix[:, i]) for i in range(matrix.shape[1])], None, lines, matrix=matrix)


def position(source: object, target: str | int | None, width: int, names: list[str] | None = None) -> int:
    """Return the position of a column given by name, or by number from 1 (from the end if negative). None: the last.

    Raises InputError if there is no such column.
    """
    if target is None:
        return width - 1
    if not isinstance(target, str | int | np.integer):
        raise TypeError(f"expected the name or the number of a column, got {type(target).__name__}: {one_line(target)}")
    if names and str(target) in names:
        return names.index(str(target))
    try:
        number = int(target)
    except ValueError:
        hint = f"the columns are {listing(names)}" if names else f"there is no header; give a number from 1 to {width}"
        raise InputError(f"{source}: there is no column {target!r}; {hint}") from None
    if not 1 <= abs(number) <= width:
        raise InputError(f"{source}: there is no column {number}; the columns are 1 to {width}")
    return number - 1 if number > 0 else width + number


def listing(names: Sequence[Any], most: int = 12) -> str:
    """Return names as a comma-separated list for messages."""
    return ", ".join(map(one_line, names[:most])) + (f", ... ({len(names)} in all)" if len(names) > most else "")


def one_line(name: Any, most: int = 60) -> str:
    """Return a name as a text for messages of one line, of a long one its first characters."""
    text = "".join(sign if sign.isprintable() else " " for sign in str(name)[: most + 1])
    return text if len(text) <= most else text[: most - 3] + "..."


def shown(cell: Any) -> str:
    """Return a cell for messages, a text in quotes and a long one cut."""
    return repr(one_line(cell)) if isinstance(cell, str) else repr(cell)


def without_last_rows(last: int, rows: int) -> str:
    """Return the remedy for a message about the first of the `last` rows of `rows`, or '' if these are no footer."""
    if last > FOOTER or rows < 10 * last:
        return ""
    return f", or {option('skip_footer', last)} leaves out the last {'row' if last == 1 else f'{last} rows'}"


def is_total(cell: Any) -> bool:
    """Return whether a cell is a word for a sum or a mean, such as Total, so that its row is no example."""
    return isinstance(cell, str) and TOTAL.fullmatch(cell.strip(" :")) is not None


def as_missing(cell: Any) -> str:
    """Return the remedy of a message for a cell: the option that makes it a missing value, where it is short."""
    text = str(cell)
    if is_total(cell):
        return "take its row out of the table"
    short = one_line(text) == text
    return f"{option('missing', [text])} reads it as missing" if short else "correct or empty the cell"
