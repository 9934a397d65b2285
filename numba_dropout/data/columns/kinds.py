"""The kind of each column of a table: number, category, date, id and so on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ...core.errors import InputError
from ...core.options import option
from ..table import Table
from . import category, date, number, second_header
from .far_codes import with_far_notes
from .index_columns import counting_rows, naming_rows
from .number_kinds import bounded, coded, of_numbers, with_reading
from .options import ColumnOptions
from .plan import ColumnPlan
from .refused import refusal, refuse_by
from .text_kinds import in_one_note, of_texts, typed_texts

__all__ = ["kinds"]

TASK_OF = {"number": "values", "category": "classes"}  # of a target, where a feature is given a kind


def kinds(
    table: Table, options: ColumnOptions | None = None, targets: Sequence[int] = (), *, refuse: bool = True
) -> list[ColumnPlan]:
    """Return the kind of each column of a whole table.

    `targets` are the positions of target columns. Raises InputError for a column that is neither: text that differs
    in nearly all rows, numbers with some texts, or numbers with two readings. All such columns are in one message.
    Without `refuse` they are of the kind "refused". Rows of texts between header and numbers are always refused.
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
            plan = naming_rows(table, plan, options)
        if plan.kind in ("number", "category"):
            plan = _kind(table, plan, options, forced=chosen.get(i, ("", ""))[0], bounds=ranges.get(i))
            if i not in chosen and i not in used and plan.kind == "number":
                plan = coded(table, plan, options)
                plan = counting_rows(table, plan)
        plans.append(plan)
    refused = [plan for plan in plans if plan.kind == "refused"]
    if refused and refuse:
        raise InputError(refusal(table, refused))
    return with_far_notes(table, in_one_note(table, plans), options)


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
        return category.planned(table, plan, options)
    if plan.pattern is not None or cells.dtype.kind == "M":
        return date.planned(table, plan, options)
    if bounds is not None and not options.missing_numbers:
        return bounded(table, with_reading(table, plan, options), 0, *bounds)
    values, strays = number.read(table, plan.position, options)
    if strays is None:
        if table.typed and cells.dtype.kind == "O" and forced != "number" and not np.isnan(values).all():
            return typed_texts(table, plan, options)
        if cells.dtype.kind in "Of":
            plan = with_reading(table, plan, options)
        return of_numbers(table, plan, values)
    if forced == "number":
        return refuse_by(number.stray(table, plan.position, int(np.argmax(strays))), table, plan)
    return of_texts(table, plan, options, strays)


def _name(table: Table, position: int) -> str:
    return table.names[position] if table.names else f"column {position + 1}"


def _ranges(table: Table) -> dict[int, tuple[float, float]]:
    """Return the range of each column of a table of finite numbers, else nothing."""
    if table.matrix is None or not len(table):
        return {}
    low, high = table.matrix.min(0).tolist(), table.matrix.max(0).tolist()
    if not np.isfinite(low + high).all():
        return {}
    return {i: (low[i], high[i]) for i in range(len(low))}
