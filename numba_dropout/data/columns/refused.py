"""Messages for columns that are neither numbers, categories nor dates."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from ...core.options import option, options
from ..cells import is_number
from ..table import Table
from .date_patterns import most
from .plan import ColumnPlan

__all__ = ["CONTENTS", "DATES", "TEXT", "numbers_in_another_form", "refusal"]

TEXT = "a different text in nearly all rows, an id or free text"
DATES = "dates in another form than ISO 8601"
DECIMAL = "numbers with another decimal sign"
THOUSANDS = "numbers with a separator of thousands"
CONTENTS = (TEXT, DATES, DECIMAL, THOUSANDS)  # reasons that several columns may share


def refusal(table: Table, refused: Sequence[ColumnPlan]) -> str:
    """Return one message for all refused columns."""
    messages = []
    for content in CONTENTS:
        plans = [plan for plan in refused if plan.reason == content]
        if plans:
            names = ", ".join(table.column_name(plan.position) for plan in plans)
            messages.append(f"{names}: {content}; {_without(table, plans) if content == TEXT else _readings(plans)}")
    others = [f"{plan.reason}; {plan.remedy}" for plan in refused if plan.reason not in CONTENTS]
    return f"{table.source}: " + "; ".join(messages + others)


def _without(table: Table, plans: Sequence[ColumnPlan]) -> str:
    """Return how to leave columns of texts out, or to keep them."""
    drop = option("drop", [table.key(plan.position) for plan in plans])
    return f"leave out with {drop}, or keep with {option('ids')} or {option('categorical')}"


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
