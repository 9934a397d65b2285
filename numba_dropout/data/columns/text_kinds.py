"""The kind of a column of texts: dates, a category, or refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ...core.options import option
from ..cells import Nested, dates, is_infinite, is_number
from ..table import Table, as_missing, shown
from . import category, date, number
from .date_patterns import are_times, date_patterns, most
from .missing import missing_texts
from .options import ColumnOptions
from .plan import ColumnPlan
from .refused import DATES, NUMBERS, TEXT, drop_option, numbers_in_another_form, refuse, refuse_by
from .units import numbers_with_signs

__all__ = ["in_one_note", "of_texts", "typed_texts"]

MANY = 40  # levels from which texts that are different in more than half of the rows are no category
ALL_DIFFERENT = 10  # rows from which texts that are all different are no category
FEW = 20  # levels up to which numbers with some texts are a category, if they are at most a tenth of the rows


def of_texts(table: Table, plan: ColumnPlan, options: ColumnOptions, strays: NDArray[np.bool_]) -> ColumnPlan:
    """Return the plan of a column with texts that are no numbers: dates, a category, or refused."""
    texts = table.columns[plan.position].cells
    row = int(np.argmax(strays))
    first = texts[row]
    if isinstance(first, Nested):
        what = f"{table.column_name(plan.position)} holds lists or other nested values, such as {shown(str(first))}"
        return refuse(plan, what, f"leave it out with {drop_option(table, plan)}")
    if not np.isnat(dates([first])[0]):
        moments = dates(texts.tolist())
        if not (np.isnat(moments) & ~missing_texts(texts, options)).any():
            return date.dated(plan, moments)
    result = category.planned(table, plan, options)
    if result.kind == "constant":
        return result
    levels, rows = result.levels or 0, len(texts) - result.missing
    strange = list(dict.fromkeys(texts[strays].tolist()))
    numeric = rows - int(strays.sum())
    if numeric and all(map(is_infinite, strange)):
        return refuse_by(number.stray(table, plan.position, row), table, result)
    other = _other_form(table, result, options, strange)
    if other is not None:
        return other
    signs = numbers_with_signs(list(dict.fromkeys(texts[~missing_texts(texts, options)].tolist())), strange)
    if signs is not None:
        return _with_signs(table, result, *signs)
    few = levels <= FEW and 10 * levels <= rows
    if 2 * numeric > rows and (len(strange) == 1 or 10 * len(strange) <= rows) and not few:
        error = number.stray(table, plan.position, row)
        change = f"{option('categorical', [table.key(plan.position)])} makes the column a category"
        return refuse_by(error, table, result, f"{error.remedy}, and {change}")
    if _nearly_all_different(result, len(texts)):
        return refuse(result, TEXT)
    if are_times(strange):
        note = f"{table.column_name(plan.position)} has times of day, so it is a category"
        return replace(result, note=f"{note}; {drop_option(table, plan)} leaves it out")
    if numeric and result.kind == "category":
        change = f"{as_missing(first)}, {drop_option(table, plan)} leaves the column out"
        result = replace(
            result, note=f"{table.column_name(plan.position)} is a category because of {shown(first)}; {change}"
        )
    elif result.kind == "category" and (twins := category.twins(strange)):
        what = f"{', '.join(twins[:4])} differ by capital letters only"
        note = f"warning: {table.column_name(plan.position)}: {what}; correct the file"
        result = replace(result, note=note)
    return result


def _other_form(table: Table, plan: ColumnPlan, options: ColumnOptions, strange: list[str]) -> ColumnPlan | None:
    """Return the plan of texts, of which `strange` are no numbers, if they are dates or numbers in another form."""
    cells = table.columns[plan.position].cells
    present = list(dict.fromkeys(cells[~missing_texts(cells, options)].tolist()))
    form = numbers_in_another_form(present, strange, options.decimal, options.thousands)
    if form is not None:
        return replace(refuse(plan, form[0]), readings=(form[1],))
    other = "." if options.decimal == "," else ","
    if all(is_number(text, other) for text in strange):
        text = next(text for text in present if text not in strange)
        mixed = f"mixes the decimal signs of {shown(text)} and {shown(strange[0])}"
        mend = f"write all of its numbers with one, or leave it out with {drop_option(table, plan)}"
        return refuse(plan, f"{table.column_name(plan.position)}: {mixed}", mend)
    patterns = date_patterns(present)
    if patterns:
        readings = tuple({"dates": {str(table.key(plan.position)): pattern}} for pattern in patterns)
        return replace(refuse(plan, DATES), pattern=patterns[0], readings=readings)
    if most(len(present) - int(np.isnat(dates(present)).sum()), len(present)):
        return date.planned(table, plan, options)
    return None


def _with_signs(table: Table, plan: ColumnPlan, what: str, mend: str) -> ColumnPlan:
    """Return the plan of numbers with units: a category with a note if it has few levels, else refused."""
    name, levels = table.column_name(plan.position), plan.levels or 0
    if levels <= FEW and not _nearly_all_different(plan, len(table)):
        note = f"{name} has {what}, so it is a category; {mend} for a column of numbers"
        return replace(plan, note=note)
    out = f"leave it out with {drop_option(table, plan)}"
    if levels < len(table) - plan.missing:
        return refuse(
            plan,
            f"{name}: {what}",
            f"{mend}, {out}, or keep it with {option('categorical', [table.key(plan.position)])}",
        )
    return refuse(plan, f"{name}: {what}", f"{mend}, or {out}")


def typed_texts(table: Table, plan: ColumnPlan, options: ColumnOptions) -> ColumnPlan:
    """Return the plan of texts that are all numbers, in a source that has numbers too: a category, or refused."""
    result = category.planned(table, plan, options)
    if _nearly_all_different(result, len(table)):
        return refuse(result, NUMBERS)
    return result if result.kind == "constant" else replace(result, note=NUMBERS)


def in_one_note(table: Table, plans: Sequence[ColumnPlan]) -> list[ColumnPlan]:
    """Return the plans with one note on all categories whose texts are numbers."""
    positions = [plan.position for plan in plans if plan.note == NUMBERS]
    names = ", ".join(map(table.column_name, positions))
    numeric = option("numeric", list(map(table.key, positions)))
    note = f"{names}: texts or categories of the source that are all numbers are categories; {numeric} reads numbers"
    notes = dict.fromkeys(positions, None) | dict.fromkeys(positions[:1], note)
    return [replace(plan, note=notes.get(plan.position, plan.note)) for plan in plans]


def _nearly_all_different(plan: ColumnPlan, rows: int) -> bool:
    """Return whether a category has too many levels to be one."""
    levels = plan.levels or 0
    return 2 * levels > rows and (levels > MANY or (levels > ALL_DIFFERENT and levels == rows - plan.missing))
