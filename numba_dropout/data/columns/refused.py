"""Columns that are neither numbers, categories nor dates: their plans and messages."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from ...core.errors import InputError
from ...core.options import option, options
from ..cells import is_number
from ..table import Table
from .date_patterns import most
from .plan import ColumnPlan

__all__ = [
    "CONTENTS",
    "DATES",
    "NUMBERS",
    "TEXT",
    "drop_option",
    "no_features",
    "numbers_in_another_form",
    "refusal",
    "refuse",
    "refuse_by",
]

TEXT = "a different text in nearly all rows, an id or free text"
NUMBERS = "texts that are all numbers, and different in nearly all rows"
DATES = "dates in another form than ISO 8601"
DECIMAL = "numbers with another decimal sign"
THOUSANDS = "numbers with a separator of thousands"
CONTENTS = (TEXT, NUMBERS, DATES, DECIMAL, THOUSANDS)  # reasons that several columns may share


def refusal(table: Table, refused: Sequence[ColumnPlan]) -> str:
    """Return one message for all refused columns."""
    messages = []
    for content in CONTENTS:
        plans = [plan for plan in refused if plan.reason == content]
        if plans:
            names = ", ".join(table.column_name(plan.position) for plan in plans)
            messages.append(f"{names}: {content}; {_mend(content, table, plans)}")
    others = [f"{plan.reason}; {plan.remedy}" for plan in refused if plan.reason not in CONTENTS]
    return f"{table.source}: " + "; ".join(messages + others)


def no_features(table: Table, plans: Sequence[ColumnPlan]) -> str:
    """Return the message for a table none of whose columns becomes a feature."""
    remedy = "check the delimiter"
    for plan in plans:
        if plan.kind == "index":
            remedy = f"{option('use', [table.key(plan.position)])} keeps the column that counts the rows"
    return f"{table.source}: expected at least one feature that varies, got none; {remedy}"


def _mend(content: str, table: Table, plans: Sequence[ColumnPlan]) -> str:
    """Return the options that read columns of the same content, or leave them out."""
    if content not in (TEXT, NUMBERS):
        return _readings(plans)
    keys = [table.key(plan.position) for plan in plans]
    levels = [plan for plan in plans if (plan.levels or 0) < len(table) - plan.missing]
    kept = f"leave out with {option('drop', keys)}, or keep with {option('ids')}"
    if levels:  # texts of one row each are no levels
        some = None if len(levels) == len(plans) else [table.key(plan.position) for plan in levels]
        kept += f" or {option('categorical', some)}"
    return kept if content == TEXT else f"read numbers with {option('numeric', keys)}, {kept}"


def _readings(plans: Sequence[ColumnPlan]) -> str:
    """Return the options that read all columns together: the first reading of each, or the second."""
    choices = []
    for number in range(max(len(plan.readings) for plan in plans)):
        together: dict[str, Any] = {}
        for plan in plans:
            for name, value in plan.readings[min(number, len(plan.readings) - 1)].items():
                together[name] = {**together.get(name, {}), **value} if isinstance(value, dict) else value
        choices.append(options(together))
    return f"give {' or '.join(choices)}"


def numbers_in_another_form(
    texts: Collection[str], strays: Collection[str], decimal: str, thousands: str | None
) -> tuple[str, dict[str, Any]] | None:
    """Return what the texts of a column are, and the options that make them numbers, or None if none do.

    `strays` are those of the texts that `decimal` and `thousands` make no numbers. Nearly all have to be numbers.
    """
    other = "." if decimal == "," else ","
    kept = None if thousands == other else thousands
    for point, separator in (
        (other, kept),
        (other, None),
        *((mark, sign) for mark in (decimal, other) for sign in ("'", " ", other if mark == decimal else decimal)),
    ):
        if all(most(sum(is_number(text, point, separator) for text in each), len(each)) for each in (strays, texts)):
            reading: dict[str, Any] = {"decimal": point} if point != decimal else {}
            if separator != thousands:
                reading["thousands"] = separator or ""
            return DECIMAL if point != decimal else THOUSANDS, reading
    return None


def drop_option(table: Table, plan: ColumnPlan) -> str:
    """Return the option that leaves a column out."""
    return option("drop", [table.key(plan.position)])


def refuse(plan: ColumnPlan, reason: str, remedy: str = "") -> ColumnPlan:
    """Return the plan of a column that is refused, with what is wrong and what mends it."""
    return replace(plan, kind="refused", reason=reason, remedy=remedy)


def refuse_by(error: InputError, table: Table, plan: ColumnPlan, remedy: str = "") -> ColumnPlan:
    """Return the plan of a column that an error refuses, with the error's remedy or another one."""
    return refuse(plan, error.problem.removeprefix(f"{table.source}: "), remedy or error.remedy)
