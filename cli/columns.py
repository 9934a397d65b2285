"""`ndrop columns`."""

from __future__ import annotations

from typing import Any

import click

from ._options import with_options
from ._table_options import with_reading_options


@click.command()
@click.argument("source", metavar="TABLE")
@with_options("target")
@with_reading_options
@click.option("--json", "json_file", metavar="FILE", help="Write the kinds as JSON, for --columns.  [default: none]")
def columns(source: str, json_file: str | None, **options: Any) -> None:
    """Show what `ndrop train` makes of the columns of TABLE, without training.

    Each column has a kind: number, category, date, constant, id, index (counts the rows), dropped, weights or target.
    The last column says how many features of the network it becomes, or why it is none. Exit code 2: `ndrop train`
    would refuse TABLE. The file of --json can be edited and given to `ndrop train --columns`.

    \b
    ndrop columns table.csv --target price
    ndrop columns table.csv --categorical zip --json columns.json
    ndrop train table.csv --columns columns.json
    """
    from numba_dropout.storage import output_formats

    from ._columns_report import inspect
    from ._table_options import table_options
    from ._train_progress import check_outputs

    check_outputs([source, options["columns"]], json_file)
    if json_file:
        output_formats.check_format(json_file, output_formats.JSON, "kinds")
    inspect(source, table_options(options), json_file)
