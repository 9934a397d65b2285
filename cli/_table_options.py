"""The options of commands that read a table: how its text is split, and what its columns are."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import click

from .types import NAMED

Option = Callable[[Any], Any]


def _reading(of_training: bool = False) -> list[Option]:
    """Return the options of reading text. For a model's data their defaults are those of its training."""

    def option(flag: str, text: str, default: Any, meant: str = "", **more: Any) -> Option:
        known = "those of training" if of_training else meant or str(default)
        return click.option(flag, default=None if of_training else default, help=f"{text}  [default: {known}]", **more)

    return [
        option("--header/--no-header", "Whether the first row has the names of the columns.", None, "guess"),
        option("--delimiter", "Delimiter of the cells: a character, tab or blank.", None, "guess"),
        option("--decimal", "Mark of decimals.", "."),
        option("--thousands", "Mark of thousands, or '' for none.", None, "guess"),
        option("--comment", "Leave out lines that begin with this.", None, "none"),
        option("--skip", "Leave out this many lines at the start.", 0, type=click.IntRange(0)),
        option("--skip-footer", "Leave out this many rows at the end.", 0, type=click.IntRange(0)),
        option("--encoding", "Encoding of the text, such as latin-1.", None, "UTF-8, or by its mark"),
        option(
            "--missing",
            "Another text of a missing value (-999), or '' for empty cells only.",
            None,
            "empty, NA, NaN, ?, null, ...",
            multiple=True,
            metavar="TEXT",
        ),
    ]


def _new_rows(of_training: bool = False) -> list[Option]:
    """Return the options of rows that the model did not learn from."""
    unknown = "Categories that training did not have: zeros and a count, or an error."
    clip = "Bound numbers of later rows by the range of the training rows, or never."
    return [
        click.option(
            "--unknown",
            type=click.Choice(["zeros", "refuse"]),
            default=None if of_training else "zeros",
            help=f"{unknown}  [default: {'that of training' if of_training else 'zeros'}]",
        ),
        click.option(
            "--clip/--no-clip",
            default=None,
            help=f"{clip}  [default: {'that of training' if of_training else 'those far outside'}]",
        ),
    ]


COLUMNS = {
    "drop": click.option(
        "--drop", multiple=True, metavar="COLUMN", help="Leave out a column. Repeat it for others.  [default: none]"
    ),
    "use": click.option(
        "--use", multiple=True, metavar="COLUMN", help="Use a column that counts the rows.  [default: left out]"
    ),
    "categorical": click.option(
        "--categorical",
        multiple=True,
        metavar="COLUMN",
        help="Read a column of numbers or texts as categories.  [default: guess]",
    ),
    "numeric": click.option(
        "--numeric", multiple=True, metavar="COLUMN", help="Read a column as numbers.  [default: guess]"
    ),
    "id": click.option(
        "--id",
        "ids",
        multiple=True,
        metavar="COLUMN",
        help="Carry a column into predictions, and do not learn from it.  [default: none]",
    ),
    "weights": click.option("--weights", metavar="COLUMN", help="Column with the rows' weights.  [default: none]"),
    "date": click.option(
        "--date",
        "dates",
        type=NAMED,
        multiple=True,
        metavar="COLUMN=FORMAT",
        help="Format of dates: day=%d-%m-%Y.  [default: ISO 8601]",
    ),
    "min-count": click.option(
        "--min-count",
        type=click.IntRange(1),
        help="Categories in fewer training rows share one column.  [default: 2, or 1 below 20 rows]",
    ),
    "columns": click.option(
        "--columns",
        metavar="FILE",
        help="Kinds of the columns, as `ndrop columns --json FILE` wrote.  [default: guess]",
    ),
}
LISTS = ("drop", "use", "categorical", "numeric", "ids")  # options that name several columns
OF_FILE = (*LISTS, "dates", "weights", "target")  # parameters that a file --columns determines
BY_POSITION = click.option(
    "--by-position",
    is_flag=True,
    help="Match columns by position if the table has other names, or none.  [default: by name]",
)
TASK = click.option(
    "--task",
    type=click.Choice(["auto", "classes", "values"]),
    default="auto",
    show_default=True,
    help="Whether the target has classes or values. auto: texts, and few different whole numbers, are classes.",
)


def with_new_rows_options(command: Any) -> Any:
    """Add the options of tables that a model reads."""
    return _added(command, [*_reading(of_training=True), *_new_rows(of_training=True), BY_POSITION])


def with_reading_options(command: Any) -> Any:
    """Add the options of a table's text and columns."""
    return _added(command, [TASK, *_reading(), *COLUMNS.values()])


def with_table_options(command: Any) -> Any:
    """Add all options of tables."""
    return _added(command, [TASK, *_reading(), *COLUMNS.values(), *_new_rows()])


def _added(command: Any, options: Sequence[Option]) -> Any:
    for option in reversed(options):
        command = option(command)
    return command


def table_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a command with those that its file --columns means. Others on the command line win."""
    result = dict(options)
    path = result.pop("columns", None)
    result["dates"] = dict(result.get("dates") or ())
    if path is None:
        return result
    chosen = {*(str(name) for option in LISTS for name in result[option]), *result["dates"], str(result["weights"])}
    target = str(result["target"])
    for name, given in _columns_of(path, chosen, {target, *target.split(",")}).items():
        if name in ("target", "weights"):
            result[name] = result[name] or given
        elif name == "dates":
            result[name] = {**given, **result[name]}
        else:
            result[name] = [*result[name], *given]
    return result


def _columns_of(path: str, chosen: Collection[str], targets: Collection[str]) -> dict[str, Any]:
    """Return the options that a file of `ndrop columns --json` means, but for columns that have been chosen already.

    chosen: their names. targets: names, or numbers from 1, or negative from the end.
    """
    try:
        with open(path, encoding="utf-8") as file:
            columns = json.load(file)["columns"]
        kinds = [(column["name"], column["kind"], column.get("pattern")) for column in columns]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise click.UsageError(f"--columns: {path} is not a file that `ndrop columns --json` wrote.") from None
    keys = [{str(column[0]), str(i + 1), str(i - len(kinds))} for i, column in enumerate(kinds)]
    others = [i for i, column in enumerate(kinds) if str(column[0]) not in chosen and not keys[i] & set(targets)]
    return _as_options(path, [kinds[i] for i in others])


def _as_options(path: str, kinds: Sequence[tuple[Any, Any, Any]]) -> dict[str, Any]:
    """Return the options that names, kinds and patterns of columns mean."""
    result: dict[str, Any] = {"dates": {}, **{name: [] for name in LISTS}}
    lists = {"category": "categorical", "number": "numeric", "id": "ids", "dropped": "drop", "index": "drop"}
    for name, kind, pattern in kinds:
        if kind in lists:
            result[lists[kind]].append(name)
        elif kind in ("target", "weights"):
            result[kind] = name if kind not in result else f"{result[kind]},{name}"
        elif kind == "date":
            result["use"].append(name)
            result["dates"][name] = pattern or "iso"
        elif kind == "refused":
            raise click.UsageError(
                f"--columns: {path}: {name} was refused as it is; change its kind to category, number, date (with a "
                "pattern), id or dropped."
            )
        elif kind != "constant":
            raise click.UsageError(
                f"--columns: {path}: expected number, category, date, id, dropped, weights or target as the kind of "
                f"{name}, got {kind!r}."
            )
    return result
