"""The kind of each column of a table: number, category, date, id and so on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.errors import InputError
from ...core.options import option
from ..cells import Nested, dates, is_infinite, is_number
from ..table import Table, as_missing, shown
from . import category, date, number, second_header
from .date_patterns import are_times, date_patterns, most
from .far_codes import with_far_notes
from .missing import missing_texts
from .options import ColumnOptions
from .plan import ColumnPlan
from .refused import DATES, NUMBERS, TEXT, numbers_in_another_form, refusal
from .units import numbers_with_signs

__all__ = ["kinds"]

MANY = 40  # levels from which texts that are different in more than half of the rows are no category
ALL_DIFFERENT = 10  # rows from which texts that are all different are no category
FEWEST_ROWS = 10  # from which a column that counts the rows is an index
TASK_OF = {"number": "values", "category": "classes"}  # of a target, where a feature is given a kind
LEADING_ZEROS = re.compile("0[0-9]+")
FEW = 20  # levels up to which numbers with some texts are a category, if they are at most a tenth of the rows


def kinds(
    table: Table, options: ColumnOptions | None = None, targets: Sequence[int] = (), *, refuse: bool = True
) -> list[ColumnPlan]:
    """Return the kind of each column of a whole table.

    `targets` are the positions of target columns. Raises InputError for a column that is neither: text that differs
    in nearly all rows, numbers with some texts, or numbers with two readings. All such columns are in one message.
    Rows of texts between the header and the numbers are refused too.
    Without `refuse` they are of the kind "refused".
    """
    options = options or ColumnOptions()
    chosen = _chosen(table, options, targets)
    patterns = {table.position(name): pattern for name, pattern in options.dates.items()}
    ranges = _ranges(table)
    used = {table.position(name) for name in options.use}
    ignored = {i for i, (kind, _) in chosen.items() if kind in ("category", "dropped", "id")} | set(patterns)
    second_header.check(table, options, [i for i in range(table.width) if i not in ignored])
    plans = []
    for i in range(len(table.columns)):
        plan = ColumnPlan(i, _name(table, i), "number", pattern=patterns.get(i))
        if i in chosen:
            kind, reason = chosen[i]
            plan = replace(plan, kind=kind, reason=reason if kind == "target" else option(reason))
        elif i == table.index and i not in used:
            plan = _index(table, plan, options)
        if plan.kind in ("number", "category"):
            plan = _kind(table, plan, options, forced=chosen.get(i, ("", ""))[0], bounds=ranges.get(i))
            if i not in chosen and i not in used and plan.kind == "number":
                plan = _coded(table, plan, options)
                plan = _counting(table, plan)
        plans.append(plan)
    refused = [plan for plan in plans if plan.kind == "refused"]
    if refused and refuse:
        raise InputError(refusal(table, refused))
    return with_far_notes(table, _in_one_note(table, plans), options)


def _chosen(table: Table, options: ColumnOptions, targets: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Return the kinds that are given, with their reasons. A target comes before the rest.

    Raises InputError for a column of which two kinds are given, and for a target that is given another kind.
    """
    chosen: dict[int, tuple[str, str]] = {}
    for name, kind in (("numeric", "number"), ("categorical", "category"), ("drop", "dropped"), ("ids", "id")):
        for position in map(table.position, getattr(options, name)):
            other = chosen.setdefault(position, (kind, name))[1]
            if other != name:
                twice = " and ".join(option(each, [table.key(position)]) for each in (other, name))
                raise InputError(
                    f"{table.source}: {table.column_name(position)} is given twice, as {twice}", "leave one of them out"
                )
    if options.weights is not None:
        chosen[table.position(options.weights)] = ("weights", "weights")
    given = {table.position(name): ("date", "dates") for name in options.dates} | chosen
    for position in targets:
        if position in given:
            raise _target_given(table, position, *given[position], options)
    return chosen | dict.fromkeys(targets, ("target", "target"))


def _target_given(table: Table, position: int, kind: str, name: str, options: ColumnOptions) -> InputError:
    """Return the error for a target that an option gives a kind."""
    key = table.key(position)
    value: Any = key if name == "weights" else [key]
    if name == "dates":
        value = {str(key): pattern for each, pattern in options.dates.items() if table.position(each) == position}
    why = ", but a target cannot be a date" if kind == "date" else ""
    use = f"use {option('task', TASK_OF[kind])} instead" if kind in TASK_OF else "leave the option out"
    return InputError(
        f"{table.source}: {table.column_name(position)} is the target and is given as {option(name, value)}{why}",
        f"choose another target with {option('target')}, or {use}",
    )


def _kind(
    table: Table, plan: ColumnPlan, options: ColumnOptions, forced: str, bounds: tuple[float, float] | None
) -> ColumnPlan:
    """Return the plan of a column that the network may learn from. `forced` is a kind that is given, or ''."""
    cells = table.columns[plan.position].cells
    if forced == "category" or (cells.dtype.kind == "b" and forced != "number"):
        return _category(table, plan, options)
    if plan.pattern is not None or cells.dtype.kind == "M":
        return _date(table, plan, options)
    if bounds is not None and not options.missing_numbers:
        return _bounded(table, _with_reading(table, plan, options), 0, *bounds)
    values, strays = number.read(table, plan.position, options)
    if strays is None:
        if table.typed and cells.dtype.kind == "O" and forced != "number" and not np.isnan(values).all():
            return _typed_texts(table, plan, options)
        if cells.dtype.kind in "Of":
            plan = _with_reading(table, plan, options)
        return _number(table, plan, values)
    if forced == "number":
        return _refused_by(number.stray(table, plan.position, int(np.argmax(strays))), table, plan)
    return _text(table, plan, options, strays)


def _number(table: Table, plan: ColumnPlan, values: NDArray[np.float64]) -> ColumnPlan:
    """Return the plan of a column of numbers."""
    if plan.kind == "refused":
        return plan
    infinite = np.isinf(values)
    if infinite.any():
        return _refused_by(number.infinity(table, plan.position, int(np.argmax(infinite))), table, plan)
    absent = int(np.isnan(values).sum())
    if absent == len(values):
        return replace(plan, kind="constant", reason="all cells are missing", missing=absent)
    return _bounded(table, plan, absent, float(np.nanmin(values)), float(np.nanmax(values)))


def _bounded(table: Table, plan: ColumnPlan, absent: int, low: float, high: float) -> ColumnPlan:
    """Return the plan of numbers with a range."""
    if plan.kind == "refused":
        return plan
    error = number.too_large(table, plan.position, low, high, f"leave it out with {_drop(table, plan)}")
    if error is not None:
        return _refused_by(error, table, plan)
    plan = replace(plan, missing=absent, low=low, high=high)
    return replace(plan, kind="constant", reason=f"always {low:g}") if low == high and not absent else plan


def _coded(table: Table, plan: ColumnPlan, options: ColumnOptions) -> ColumnPlan:
    """Return the plan of a category for numbers that are written with leading zeros, such as a code."""
    column = table.columns[plan.position]
    if column.cells.dtype.kind == "O":
        coded = any(LEADING_ZEROS.fullmatch(text) for text in column.cells if text)
    elif column.cells.dtype.kind == "f" and column.original is not None:
        row = number.row_of_short(column.cells)
        coded = row is not None and LEADING_ZEROS.fullmatch(column.text(row) or "") is not None
    else:
        return plan
    if not coded:
        return plan
    note = f"{table.column_name(plan.position)} has numbers with leading zeros, so it is a category"
    change = f"{option('numeric', [table.key(plan.position)])} reads numbers"
    return replace(_category(table, plan, options), note=f"{note}; {change}")


def _index(table: Table, plan: ColumnPlan, options: ColumnOptions) -> ColumnPlan:
    """Return the plan of a first column that counts or names the rows."""
    values, strays = number.read(table, plan.position, options)
    counts = strays is None and bool((np.diff(values) == 1).all())
    return _left_out(table, plan, "counts the rows" if counts else "names the rows")


def _left_out(table: Table, plan: ColumnPlan, reason: str) -> ColumnPlan:
    """Return the plan of an index, with a note."""
    use = f"{option('use', [table.key(plan.position)])} keeps it"
    note = f"{table.column_name(plan.position)} {reason}: left out; {use}"
    return replace(plan, kind="index", reason=reason, remedy=use, note=note)


def _counting(table: Table, plan: ColumnPlan) -> ColumnPlan:
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


def _with_reading(table: Table, plan: ColumnPlan, options: ColumnOptions) -> ColumnPlan:
    """Return the plan with a note on how its numbers are read, or refused if they have two readings."""
    try:
        return replace(plan, note=number.reading_note(table, plan.position, options))
    except InputError as error:
        return _refused_by(error, table, plan)


def _date(table: Table, plan: ColumnPlan, options: ColumnOptions) -> ColumnPlan:
    """Return the plan of a column of dates."""
    try:
        moments = date.read(table, plan.position, plan.pattern, options)
    except InputError as error:
        return _refused_by(error, table, plan, f"{option('dates')} gives another pattern, and {error.remedy}")
    return _dated(plan, moments)


def _dated(plan: ColumnPlan, moments: NDArray[np.datetime64]) -> ColumnPlan:
    """Return the plan of dates."""
    present = moments[~np.isnat(moments)]
    plan = replace(plan, kind="date", missing=len(moments) - len(present))
    if not len(present):
        return replace(plan, kind="constant", reason="all cells are missing")
    plan = replace(plan, low=_date_text(present.min()), high=_date_text(present.max()))
    constant = plan.low == plan.high and not plan.missing
    return replace(plan, kind="constant", reason=f"always {plan.low}") if constant else plan


def _category(table: Table, plan: ColumnPlan, options: ColumnOptions) -> ColumnPlan:
    """Return the plan of a category."""
    texts, absent = category.read(table, plan.position, options)
    counts = category.levels(texts, absent)
    plan = replace(plan, kind="category", levels=len(counts), missing=int(absent.sum()))
    if not counts:
        return replace(plan, kind="constant", reason="all cells are missing")
    constant = len(counts) == 1 and not plan.missing
    return replace(plan, kind="constant", reason=f"always {counts[0][0]!r}") if constant else plan


def _typed_texts(table: Table, plan: ColumnPlan, options: ColumnOptions) -> ColumnPlan:
    """Return the plan of texts that are all numbers, in a source that has numbers too: a category, or refused."""
    result = _category(table, plan, options)
    if _nearly_all_different(result, len(table)):
        return _refused(result, NUMBERS)
    return result if result.kind == "constant" else replace(result, note=NUMBERS)


def _in_one_note(table: Table, plans: Sequence[ColumnPlan]) -> list[ColumnPlan]:
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


def _text(table: Table, plan: ColumnPlan, options: ColumnOptions, strays: NDArray[np.bool_]) -> ColumnPlan:
    """Return the plan of a column with texts that are no numbers: dates, a category, or refused."""
    texts = table.columns[plan.position].cells
    row = int(np.argmax(strays))
    first = texts[row]
    if isinstance(first, Nested):
        what = f"{table.column_name(plan.position)} holds lists or other nested values, such as {shown(str(first))}"
        return _refused(plan, what, f"leave it out with {_drop(table, plan)}")
    if not np.isnat(dates([first])[0]):
        moments = dates(texts.tolist())
        if not (np.isnat(moments) & ~missing_texts(texts, options)).any():
            return _dated(plan, moments)
    result = _category(table, plan, options)
    if result.kind == "constant":
        return result
    levels, rows = result.levels or 0, len(texts) - result.missing
    strange = list(dict.fromkeys(texts[strays].tolist()))
    numeric = rows - int(strays.sum())
    if numeric and all(map(is_infinite, strange)):
        return _refused_by(number.stray(table, plan.position, row), table, result)
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
        return _refused_by(error, table, result, f"{error.remedy}, and {change}")
    if _nearly_all_different(result, len(texts)):
        return _refused(result, TEXT)
    if are_times(strange):
        note = f"{table.column_name(plan.position)} has times of day, so it is a category"
        return replace(result, note=f"{note}; {_drop(table, plan)} leaves it out")
    if numeric and result.kind == "category":
        change = f"{as_missing(first)}, {_drop(table, plan)} leaves the column out"
        result = replace(
            result, note=f"{table.column_name(plan.position)} is a category because of {shown(first)}; {change}"
        )
    elif result.kind == "category" and (twins := category.twins(strange)):
        what = f"{', '.join(twins[:4])} differ by capital letters only"
        note = f"warning: {table.column_name(plan.position)}: {what}; correct the file"
        result = replace(result, note=note)
    return result


def _with_signs(table: Table, plan: ColumnPlan, what: str, mend: str) -> ColumnPlan:
    """Return the plan of numbers with units: a category with a note if it has few levels, else refused."""
    name, levels = table.column_name(plan.position), plan.levels or 0
    if levels <= FEW and not _nearly_all_different(plan, len(table)):
        note = f"{name} has {what}, so it is a category; {mend} for a column of numbers"
        return replace(plan, note=note)
    out = f"leave it out with {_drop(table, plan)}"
    if levels < len(table) - plan.missing:
        return _refused(
            plan,
            f"{name}: {what}",
            f"{mend}, {out}, or keep it with {option('categorical', [table.key(plan.position)])}",
        )
    return _refused(plan, f"{name}: {what}", f"{mend}, or {out}")


def _other_form(table: Table, plan: ColumnPlan, options: ColumnOptions, strange: list[str]) -> ColumnPlan | None:
    """Return the plan of texts, of which `strange` are no numbers, if they are dates or numbers in another form."""
    cells = table.columns[plan.position].cells
    present = list(dict.fromkeys(cells[~missing_texts(cells, options)].tolist()))
    form = numbers_in_another_form(present, strange, options.decimal, options.thousands)
    if form is not None:
        return replace(_refused(plan, form[0]), readings=(form[1],))
    other = "." if options.decimal == "," else ","
    if all(is_number(text, other) for text in strange):
        text = next(text for text in present if text not in strange)
        mixed = f"mixes the decimal signs of {shown(text)} and {shown(strange[0])}"
        mend = f"write all of its numbers with one, or leave it out with {_drop(table, plan)}"
        return _refused(plan, f"{table.column_name(plan.position)}: {mixed}", mend)
    patterns = date_patterns(present)
    if patterns:
        readings = tuple({"dates": {str(table.key(plan.position)): pattern}} for pattern in patterns)
        return replace(_refused(plan, DATES), pattern=patterns[0], readings=readings)
    if most(len(present) - int(np.isnat(dates(present)).sum()), len(present)):
        return _date(table, plan, options)
    return None


def _name(table: Table, position: int) -> str:
    return table.names[position] if table.names else f"column {position + 1}"


def _date_text(moment: np.datetime64) -> str:
    """Return a date in ISO 8601, without its time at midnight."""
    return str(moment).removesuffix("T00:00:00")


def _ranges(table: Table) -> dict[int, tuple[float, float]]:
    """Return the range of each column of a table of finite numbers, else nothing."""
    if table.matrix is None or not len(table):
        return {}
    low, high = table.matrix.min(0).tolist(), table.matrix.max(0).tolist()
    if not np.isfinite(low + high).all():
        return {}
    return {i: (low[i], high[i]) for i in range(len(low))}


def _drop(table: Table, plan: ColumnPlan) -> str:
    """Return the option that leaves a column out."""
    return option("drop", [table.key(plan.position)])


def _refused(plan: ColumnPlan, reason: str, remedy: str = "") -> ColumnPlan:
    return replace(plan, kind="refused", reason=reason, remedy=remedy)


def _refused_by(error: InputError, table: Table, plan: ColumnPlan, remedy: str = "") -> ColumnPlan:
    """Return the plan of a column that an error refuses, with the error's remedy or another one."""
    return _refused(plan, error.problem.removeprefix(f"{table.source}: "), remedy or error.remedy)
