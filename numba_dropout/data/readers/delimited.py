"""Delimited text as a table: records, widths, the header, and typed columns."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from ...core.errors import InputError
from ...core.options import option
from ..columns.missing import count
from ..table import Column, Table, without_last_rows
from .count_header import CountHeader, count_header
from .delimiters import detect, excel_delimiter
from .header import column_names, guess_header, is_value, names_below, row_index
from .read_options import ReadOptions
from .records import Splitter, split_records
from .text_columns import Records, loaded_matrix, split_columns, typed_column

__all__ = ["read"]

MOST_BELOW = 5  # rows below a table that are no part of it
RULE = re.compile(r"[+|]?[-=]{2}[-=+| ]*")
OTHER_FORMATS = {
    "JSON": re.compile(r'\{$|\{\s*"[^"]*"\s*:|\[$|\[\s*\{'),
    "HTML or XML": re.compile(r"<(!doctype|html|head|table|\?xml)\b", re.IGNORECASE),
}
SAMPLE_ROWS, SAMPLE_CELLS = 1000, 200_000  # that the header is compared with


def read(source: str, lines: list[str], options: ReadOptions) -> Table:
    """Return the table of the lines of a text, which begin after `options.skip` lines of the file `source`.

    Raises InputError if it is empty or ragged, for a quote that does not end, and for names that occur twice.
    """
    _check_format(source, lines)
    given, begin = excel_delimiter(lines), options.skip + 1
    if given is not None:
        lines, begin = lines[1:], begin + 1
    delimiter = options.delimiter or given
    notes = (
        [] if given is None else [f"delimiter: {given!r}, as the first line says; {option('delimiter')} gives another"]
    )
    if delimiter is None:
        delimiter, notes = detect(lines, options)
    splitter = Splitter(None if delimiter == " " else delimiter)
    records, numbers = split_records(source, lines, splitter, options.comment, begin)
    kept, footer = options.without_footer(len(records))
    records, numbers = records[:kept], numbers[:kept]
    notes += footer
    if not records:
        raise InputError(f"{source}: {_nothing(bool(footer), options)}")
    widths = list(map(splitter.count, records))
    counts = _count_header(records, widths, splitter, options)
    if counts is not None:
        records, numbers, widths = records[1:], numbers[1:], widths[1:]
    records, widths, cut = _without_last_delimiters(records, widths, splitter)
    named_rows = options.header is not False and _is_shorter(widths, splitter)
    _check_widths(source, records[named_rows:], widths[named_rows:], numbers[named_rows:], splitter)
    if named_rows:
        _check_row_names(source, records, widths, numbers, splitter, options)
    width = widths[-1]
    if 0 < cut < len(records) - 1:
        notes.append(f"{cut} {'row has' if cut == 1 else 'rows have'} empty cells after the last column: left out")
    first = splitter.cells(records[0])
    names: list[str] | None = None
    unnamed: list[int] = []
    if counts is not None:
        names = counts.names(width)
        notes.append(counts.note)
    else:
        below = records[1 : 1 + min(SAMPLE_ROWS, max(5, SAMPLE_CELLS // width))]
        is_header, found = guess_header(first, lambda: list(map(splitter.cells, below)), options, named_rows)
        notes += found
        if is_header:
            other = names_below(splitter.cells(records[1]), numbers[1], options) if len(records) > 1 else ""
            names, unnamed, found = column_names(source, [""] * named_rows + first, bool(found), other)
            notes += found
            records, numbers = records[1:], numbers[1:]
    if not records:
        raise InputError(f"{source}: expected rows of data, got only a header")
    table = _typed(source, Records(records, splitter, width), numbers, names, options)
    if counts is not None:
        table.columns[-1] = _class_names(table.columns[-1], counts)
        table = Table(source, table.columns, names, numbers)
    index = row_index(names, unnamed, table.columns[0].cells, width)
    return Table(source, table.columns, names, numbers, index, notes, table.matrix)


def _nothing(footer: bool, options: ReadOptions) -> str:
    """Return what is wrong with a file without records."""
    if footer:
        return "expected rows above the footer"
    if options.skip:
        return f"expected rows below line {options.skip}, got none; give a smaller {option('skip')}"
    return "the file is empty"


def _typed(
    source: str, records: Records, numbers: Sequence[int], names: list[str] | None, options: ReadOptions
) -> Table:
    """Return the table of records, as one matrix if all of its cells are numbers."""
    marked = options.decimal == "," or options.thousands == "."  # then a point is not Python's
    titles: Sequence[str | None] = names or [None] * records.width
    matrix = loaded_matrix(records, marked)
    if matrix is None:
        cells = split_columns(records)
        columns = [typed_column(titles[i], each, records, i, marked) for i, each in enumerate(cells)]
    else:
        columns = [Column(titles[i], matrix[:, i], records.texts(i)) for i in range(records.width)]
    return Table(source, columns, names, numbers, matrix=matrix)


def _count_header(
    records: list[str], widths: list[int], splitter: Splitter, options: ReadOptions
) -> CountHeader | None:
    """Return scikit-learn's header if the first record is one."""
    if options.header is not None or len(records) < 2 or not 4 <= widths[0] < 1000:
        return None
    first = splitter.cells(records[0])
    if first[:2] != [str(len(records) - 1), str(widths[1] - 1)]:
        return None
    return count_header(first, len(records) - 1, widths[1], [splitter.cells(record)[-1] for record in records[1:]])


def _class_names(column: Column, counts: CountHeader) -> Column:
    """Return the last column of scikit-learn's table with the names of the classes."""
    cells = np.empty(len(column.cells), object)
    cells[:] = [counts.classes[int(number)] for number in column.cells]
    return Column("target", cells)


def _is_shorter(widths: list[int], splitter: Splitter) -> bool:
    """Return whether the first record has one cell less than all others, as in R's tables with row names."""
    if len(widths) < 2 or widths[0] + 1 != widths[1] or (widths[0] == 1 and splitter.delimiter is not None):
        return False
    return widths.count(widths[1]) == len(widths) - 1


def _check_row_names(
    source: str,
    records: list[str],
    widths: list[int],
    numbers: Sequence[int],
    splitter: Splitter,
    options: ReadOptions,
) -> None:
    """Raise InputError unless the rows below a shorter header begin with different texts or quotes, or count 1..n."""
    first = [splitter.cells(record)[0].strip() for record in records[1:]]
    if len(set(first)) == len(first):
        if all(record.lstrip().startswith('"') for record in records[1:]):
            return
        if not any(is_value(cell, options) for cell in first):
            return
        if len(first) > 1 and first == list(map(str, range(1, len(first) + 1))):
            return
    comma = option("decimal", ",")
    mend = f"if its numbers have decimal commas, write it with another delimiter and give {comma} or quote them"
    if splitter.delimiter != ",":
        mend = f"quote the cells that contain {'blanks' if splitter.delimiter is None else repr(splitter.delimiter)}"
    raise InputError(
        f"{source}: expected {count(widths[0], 'column')} as in the header, got {widths[1]} in row {numbers[1]} and "
        f"all below; {mend} (names of the rows are read if they are in quotes, and all different)"
    )


def _check_format(source: str, lines: list[str]) -> None:
    """Raise InputError for text in a format that is no delimited text."""
    start = next((line.strip() for line in lines if line.strip()), "")
    name = next((name for name, pattern in OTHER_FORMATS.items() if pattern.match(start)), None)
    if name is not None:
        raise InputError(f"{source}: expected delimited text, got {name}; write the table as .csv or .parquet")


def _check_rules(source: str, records: list[str], numbers: Sequence[int]) -> None:
    """Raise InputError if one of the first records is a rule, such as ----+---- below the header."""
    for record, number in list(zip(records, numbers, strict=True))[:3]:
        rule = record.strip()
        if RULE.fullmatch(rule):
            raise InputError(
                f"{source}: row {number} is a rule, {rule[:12]}...; {option('comment', rule[:2])} leaves out the lines "
                "that begin so"
            )


def _check_widths(
    source: str, records: list[str], widths: list[int], numbers: Sequence[int], splitter: Splitter
) -> None:
    """Raise InputError for the first record with another number of cells."""
    if widths.count(widths[0]) == len(widths):
        return
    usual, times = Counter(widths).most_common(1)[0]
    titles = next(i for i, width in enumerate(widths) if width == usual)
    if titles and times > 2 and times == len(widths) - titles:
        raise InputError(
            f"{source}: expected {count(usual, 'column')} as in row {numbers[titles]} and all below, got {widths[0]} "
            f"in row {numbers[0]}; leave out what is above the table with {option('skip', numbers[titles] - 1)}"
        )
    at = next(i for i, width in enumerate(widths) if width != widths[0])
    _check_rules(source, records, numbers)
    mend = f"give the delimiter with {option('delimiter')}, or quote the cells that contain it"
    if splitter.delimiter is None:
        mend = f"give the delimiter with {option('delimiter')}, or quote the cells that contain blanks"
    elif splitter.delimiter == ",":
        mend = f"quote the cells that contain commas, or give {option('decimal', ',')} or another {option('delimiter')}"
    below = len(widths) - at
    if at > MOST_BELOW >= below and widths[0] > max(widths[at:]):
        mend = f"{option('skip_footer', below)} leaves this and all below out, if the table ends above"
    else:
        mend += without_last_rows(below, len(widths))
    raise InputError(
        f"{source}: expected {count(widths[0], 'column')} as in row {numbers[0]}, got {widths[at]} in row "
        f"{numbers[at]}; {mend}"
    )


def _without_last_delimiters(
    records: list[str], widths: list[int], splitter: Splitter
) -> tuple[list[str], list[int], int]:
    """Return records without empty cells after the last column, their widths, and the number of those that had some.

    These are the cells after a delimiter at the end of every record, or beyond the width of the first record. Only
    the second are counted.
    """
    delimiter = splitter.delimiter
    if delimiter is None:
        return records, widths, 0
    blanks = " " if delimiter == "\t" else " \t"
    while widths[-1] > 1 and all(record.rstrip(blanks).endswith(delimiter) for record in reversed(records)):
        records = [record.rstrip(blanks)[:-1] for record in records]
        widths = [width - 1 for width in widths]
    if max(widths) == widths[0]:
        return records, widths, 0
    records, widths = list(records), list(widths)
    longer = [i for i, width in enumerate(widths) if width > widths[0]]
    if all(width > widths[0] for width in widths[1:]) and not all(
        _ends_empty(records[i], blanks, delimiter) for i in longer
    ):
        return records, widths, 0
    cut = 0
    for i in longer:
        record, width = records[i], widths[i]
        while width > widths[0] and _ends_empty(record, blanks, delimiter):
            record, width = record.rstrip(blanks)[:-1], width - 1
        if width == widths[0]:
            records[i], widths[i] = record, width
            cut += 1
    return records, widths, cut


def _ends_empty(record: str, blanks: str, delimiter: str) -> bool:
    return record.rstrip(blanks).endswith(delimiter)
