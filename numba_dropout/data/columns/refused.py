"""Messages for columns that are neither numbers, categories nor dates."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Sequence

from ..cells import is_number
from ..table import Table
from .date_patterns import date_patterns, most
from .plan import ColumnPlan

__all__ = [
    "NUMBERS",
    "TEXT",
    "argument",
    "dates_in_another_form",
    "no_features",
    "numbers_in_another_form",
    "refusal",
]

TEXT = "a different text in nearly all rows, an id or free text"
NUMBERS = "texts that are all numbers, and different in nearly all rows"
DATES = "dates in another form than ISO 8601"
DECIMAL = "numbers with another decimal sign"
THOUSANDS = "numbers with a separator of thousands"
GIVE = "; give "


def refusal(table: Table, refused: Sequence[ColumnPlan], decimal: str) -> str:
    """Return one message for all refused columns. `decimal` is the decimal sign of the numbers that were read."""
    groups: dict[str, list[ColumnPlan]] = {TEXT: [], NUMBERS: [], DATES: [], DECIMAL: [], THOUSANDS: []}
    others = []
    for plan in refused:
        what = plan.reason.partition(GIVE)[0]
        if what in groups:
            groups[what].append(plan)
        else:
            others.append(plan.reason.removeprefix(f"{table.source}: "))
    messages = []
    for what, plans in groups.items():
        if plans:
            if what == TEXT:
                drop = " ".join(f"--drop {argument(table, plan.position)}" for plan in plans)
                mend = f"leave out with {drop}, or keep with --id or --categorical"
            elif what == NUMBERS:
                numeric, drop = (
                    " ".join(f"{option} {argument(table, plan.position)}" for plan in plans)
                    for option in ("--numeric", "--drop")
                )
                mend = f"read numbers with {numeric}, leave out with {drop}, or keep with --id or --categorical"
            else:
                mends = dict.fromkeys(plan.reason.partition(GIVE)[2] for plan in plans)
                mend = "give " + (", " if any(" or " in each for each in mends) else " ").join(mends)
            names = ", ".join(table.column_name(plan.position) for plan in plans)
            messages.append(f"{names}: {what}; {mend}")
    return f"{table.source}: " + "; ".join(messages + others)


def no_features(table: Table, plans: Sequence[ColumnPlan]) -> str:
    """Return the message for a table none of whose columns becomes a feature."""
    remedy = "check the delimiter"
    for plan in plans:
        if plan.kind == "index":
            remedy = f"--use {argument(table, plan.position)} keeps the column that counts the rows"
    return f"{table.source}: expected at least one feature that varies, got none; {remedy}"


def argument(table: Table, position: int) -> str:
    """Return a column as an argument of an option."""
    return shlex.quote(table.names[position]) if table.names else str(position + 1)


def dates_in_another_form(table: Table, position: int, texts: Sequence[str]) -> tuple[str | None, str]:
    """Return the pattern of the different texts of a column, if nearly all are dates, or None, and the reason."""
    patterns = date_patterns(texts)
    if not patterns:
        return None, ""
    name = table.names[position] if table.names else str(position + 1)
    options = [f"--date {shlex.quote(f'{name}={pattern}')}" for pattern in patterns]
    return patterns[0], DATES + GIVE + " or ".join(options)


def numbers_in_another_form(
    texts: Collection[str], strays: Collection[str], decimal: str, thousands: str | None
) -> str | None:
    """Return the reason to refuse the texts of a column that other signs make numbers, or None if none do.

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
            options = [f"--decimal {point}"] if point != decimal else []
            if separator != thousands:
                options.append("--thousands " + (f'"{separator}"' if separator in ("'", " ") else separator or "''"))
            return (DECIMAL if point != decimal else THOUSANDS) + GIVE + " ".join(options)
    return None
