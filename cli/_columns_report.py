"""The output of `ndrop columns`: a row for each column, and a file that `--columns` takes."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import click

from numba_dropout.core.errors import InputError
from numba_dropout.data import Table, read
from numba_dropout.data.columns.encoder import ColumnEncoder
from numba_dropout.data.columns.kinds import kinds
from numba_dropout.data.columns.missing import count
from numba_dropout.data.columns.plan import FEATURES, ColumnPlan
from numba_dropout.data.columns.refused import no_features, refusal
from numba_dropout.data.table import one_line
from numba_dropout.data.table_options import TableOptions
from numba_dropout.data.target import with_target
from numba_dropout.data.target_reading import read_target
from numba_dropout.storage import files

from ._notes import show_notes

TITLES = ("column", "kind", "levels", "missing", "range", "becomes")
NAME, NARROW = 12, 12  # columns for names, and for what a column becomes, at least
FEWEST = 9  # columns for what a column becomes where wide ranges leave fewer
WHOLE = 1e15  # whole numbers below are written in full
DAY = 10  # letters of a date without its time


def inspect(source: str, options: Mapping[str, Any], json_file: str | None) -> None:
    """Read a table, and print and write the kinds of its columns. Raise InputError if training would refuse it."""
    given = TableOptions.of(**options)
    table = read(source, **vars(given.reading))
    targets = given.target_columns(table)
    table, left_out = with_target(table, targets, given.columns)
    plans = kinds(table, given.columns, targets, refuse=False)
    encoder = ColumnEncoder(given.columns).fit(table, plans)
    show(table, plans, encoder)
    show_notes([*table.notes, *left_out, *(plan.note for plan in plans if plan.note is not None)])
    if json_file:
        write(json_file, table, plans)
    refused = [plan for plan in plans if plan.kind == "refused"]
    if refused:
        raise InputError(refusal(table, refused))
    show_notes(read_target(table, targets, given.task, given.columns).notes)
    if not encoder.names:
        raise InputError(no_features(table, plans))


def show(table: Table, plans: Sequence[ColumnPlan], encoder: ColumnEncoder) -> None:
    """Print a row for each column: its name, kind, levels, missing cells, range, and what becomes of it."""
    click.echo(f"{table.source}: {count(len(table), 'row')}, {count(table.width, 'column')}\n")
    features = {column.position: len(column.names) for column in encoder.columns}
    rows = [TITLES, *(_row(plan, features.get(plan.position, 0)) for plan in plans)]
    widths = [max(len(row[k]) for row in rows) for k in range(len(TITLES) - 1)]
    space = shutil.get_terminal_size().columns
    rest = sum(widths[1:]) + 2 * len(widths)
    widths[0] = min(widths[0], max(NAME, space - rest - NARROW))
    for row in rows:
        cells = [one_line(row[0], widths[0]), *row[1:-1]]
        line = "".join(
            (cell.rjust(width) if k in (2, 3) else cell.ljust(width)) + "  "
            for k, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        last = textwrap.wrap(row[-1], max(FEWEST, space - len(line)), break_long_words=False, break_on_hyphens=False)
        click.echo(f"\n{'':{len(line)}}".join([line + (last[0] if last else ""), *last[1:]]).rstrip())
    click.echo()


def write(path: str, table: Table, plans: Sequence[ColumnPlan]) -> None:
    """Write the kinds as JSON. A column of a table without names has its number, from 1."""
    columns = [plan.to_dict() | ({} if table.names else {"name": plan.position + 1}) for plan in plans]
    files.write_json(path, {"columns": columns})
    click.echo(f"json   {path}")


def _row(plan: ColumnPlan, features: int) -> tuple[str, ...]:
    """Return the cells of the row of a column that becomes a number of features."""
    levels = "" if plan.levels is None else str(plan.levels)
    span = "" if plan.low is None else f"{_end(plan.low)} to {_end(plan.high)}"
    return plan.name, plan.kind, levels, str(plan.missing or ""), span, _fate(plan, features)


def _fate(plan: ColumnPlan, features: int) -> str:
    """Return what becomes of a column."""
    if plan.kind in FEATURES:
        becomes = count(features, "feature")
        return f"{becomes} ({plan.reason})" if plan.reason else becomes
    if plan.kind in ("constant", "index", "dropped"):
        return f"left out: {plan.reason}; {plan.remedy}" if plan.remedy else f"left out: {plan.reason}"
    return {"id": "carried into predictions", "weights": "weights of the rows"}.get(plan.kind, plan.kind)


def _end(value: float | str | None) -> str:
    """Return an end of a range: a number, whole ones in full, or a day."""
    if isinstance(value, str):
        return value[:DAY]
    return f"{value:.0f}" if value is not None and value == round(value) and abs(value) < WHOLE else f"{value:g}"
