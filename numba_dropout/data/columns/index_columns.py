"""Columns that count or name the rows of a table: left out, or kept with a note."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...core.options import option
from ..table import Table
from . import number
from .options import ColumnOptions
from .plan import ColumnPlan

__all__ = ["counting_rows", "naming_rows"]

FEWEST_ROWS = 10  # from which a column that counts the rows is an index


def naming_rows(table: Table, plan: ColumnPlan, options: ColumnOptions) -> ColumnPlan:
    """Return the plan of a first column that counts or names the rows."""
    values, strays = number.read(table, plan.position, options)
    counts = strays is None and bool((np.diff(values) == 1).all())
    return _left_out(table, plan, "counts the rows" if counts else "names the rows")


def counting_rows(table: Table, plan: ColumnPlan) -> ColumnPlan:
    """Return the plan of an index for a column of exactly 0..n-1 or 1..n. Others that count get a note.

    A column with a target and row names only beside it is what there is to learn from.
    """
    rows, cells, low = len(table), table.columns[plan.position].cells, plan.low
    others = table.width - (table.index is not None)
    if others < 3 or plan.kind != "number" or plan.missing or rows < FEWEST_ROWS or cells.dtype.kind not in "iuf":
        return plan
    if isinstance(low, str) or isinstance(plan.high, str) or low is None or plan.high != rows - 1 + low:
        return plan
    steps = np.diff(cells.astype(np.float64))
    if steps[0] not in (-1, 1) or (steps != steps[0]).any():
        return plan
    if steps[0] == 1 and low in (0, 1):
        return _left_out(table, plan, "counts the rows")
    drop, use = (option(name, [table.key(plan.position)]) for name in ("drop", "use"))
    return replace(
        plan, note=f"{table.column_name(plan.position)} counts the rows; {drop} leaves it out, {use} keeps it"
    )


def _left_out(table: Table, plan: ColumnPlan, reason: str) -> ColumnPlan:
    """Return the plan of an index, with a note."""
    use = f"{option('use', [table.key(plan.position)])} keeps it"
    note = f"{table.column_name(plan.position)} {reason}: left out; {use}"
    return replace(plan, kind="index", reason=reason, remedy=use, note=note)
