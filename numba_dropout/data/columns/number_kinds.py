"""The kind of a column of numbers: numbers, a category of codes, constant, or refused."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ...core.errors import InputError
from ...core.options import option
from ..table import Table
from . import category, number
from .options import ColumnOptions
from .plan import ColumnPlan
from .refused import drop_option, refuse_by

__all__ = ["bounded", "coded", "of_numbers", "with_reading"]

LEADING_ZEROS = re.compile("0[0-9]+")


def of_numbers(table: Table, plan: ColumnPlan, values: NDArray[np.float64]) -> ColumnPlan:
    """Return the plan of a column of numbers."""
    if plan.kind == "refused":
        return plan
    infinite = np.isinf(values)
    if infinite.any():
        return refuse_by(number.infinity(table, plan.position, int(np.argmax(infinite))), table, plan)
    absent = int(np.isnan(values).sum())
    if absent == len(values):
        return replace(plan, kind="constant", reason="all cells are missing", missing=absent)
    return bounded(table, plan, absent, float(np.nanmin(values)), float(np.nanmax(values)))


def bounded(table: Table, plan: ColumnPlan, absent: int, low: float, high: float) -> ColumnPlan:
    """Return the plan of numbers with a range."""
    if plan.kind == "refused":
        return plan
    error = number.too_large(table, plan.position, low, high, f"leave it out with {drop_option(table, plan)}")
    if error is not None:
        return refuse_by(error, table, plan)
    plan = replace(plan, missing=absent, low=low, high=high)
    return replace(plan, kind="constant", reason=f"always {low:g}") if low == high and not absent else plan


def with_reading(table: Table, plan: ColumnPlan, options: ColumnOptions) -> ColumnPlan:
    """Return the plan with a note on how its numbers are read, or refused if they have two readings."""
    try:
        return replace(plan, note=number.reading_note(table, plan.position, options))
    except InputError as error:
        return refuse_by(error, table, plan)


def coded(table: Table, plan: ColumnPlan, options: ColumnOptions) -> ColumnPlan:
    """Return the plan of a category for numbers that are written with leading zeros, such as a code."""
    column = table.columns[plan.position]
    if column.cells.dtype.kind == "O":
        zeros = any(LEADING_ZEROS.fullmatch(text) for text in column.cells if text)
    elif column.cells.dtype.kind == "f" and column.original is not None:
        row = number.row_of_smallest(column.cells)
        zeros = row is not None and LEADING_ZEROS.fullmatch(column.text(row) or "") is not None
    else:
        return plan
    if not zeros:
        return plan
    note = f"{table.column_name(plan.position)} has numbers with leading zeros, so it is a category"
    change = f"{option('numeric', [table.key(plan.position)])} reads numbers"
    return replace(category.planned(table, plan, options), note=f"{note}; {change}")
