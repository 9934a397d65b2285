"""Tables of columns, made from lists of cells, and what is read of them."""

import numpy as np

from numba_dropout.data.columns.kinds import kinds
from numba_dropout.data.columns.options import ColumnOptions
from numba_dropout.data.table import Column, Table
from numba_dropout.data.target_reading import read_target

__all__ = ["made", "of_matrix", "plan_of", "target_of"]


def made(**columns):
    """Return a table of columns. Lists are texts, and arrays stay as they are. The header is row 1."""
    cells = {name: np.array(cell, object) if isinstance(cell, list) else cell for name, cell in columns.items()}
    rows = len(next(iter(cells.values())))
    return Table("t.csv", [Column(*item) for item in cells.items()], list(cells), range(2, rows + 2))


def of_matrix(matrix):
    """Return a wholly numeric table with the columns x0, x1, ..., which are views of the matrix."""
    names = [f"x{j}" for j in range(matrix.shape[1])]
    columns = [Column(name, matrix[:, j]) for j, name in enumerate(names)]
    return Table("t.csv", columns, names, range(2, len(matrix) + 2), matrix=matrix)


def plan_of(cells, options=None, **columns):
    """Return the plan of one column, x, with others beside it."""
    return kinds(made(x=cells, **columns), options)[0]


def target_of(cells, task="auto", **options):
    """Return the target of a table of one column."""
    return read_target(made(y=cells), [0], task, ColumnOptions(**options))
