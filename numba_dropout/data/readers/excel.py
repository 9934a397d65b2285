"""Sheets of Excel files (.xlsx, .xlsm, .xls) as tables, by python-calamine or openpyxl."""

from __future__ import annotations

import datetime
import io
from typing import Any

from ...core.errors import InputError, missing
from ..table import Table
from .header import column_names, guess_header, row_index
from .read_options import ReadOptions
from .typed_columns import value_column

__all__ = ["read"]

SAMPLE_ROWS = 1000  # that the header is compared with


def read(source: str, content: bytes, options: ReadOptions) -> Table:
    """Return the table in the first sheet of an Excel file.

    Rows and columns without any value are left out. Raises InputError if the file is damaged or empty, for names that
    occur twice, or if neither python-calamine nor openpyxl is there.
    """
    rows, sheets = _rows(source, content)
    lines = [i for i, row in enumerate(rows, 1) if i > options.skip and any(value is not None for value in row)]
    if options.comment:
        lines = [i for i in lines if not str(next(v for v in rows[i - 1] if v is not None)).startswith(options.comment)]
    kept, footer = options.without_footer(len(lines))
    lines = lines[:kept]
    if not lines:
        raise InputError(
            f"{source}: the first sheet is empty" if not footer else f"{source}: expected rows above the footer"
        )
    width = max(len(rows[i - 1]) for i in lines)
    cells = [[*rows[i - 1], *[None] * (width - len(rows[i - 1]))] for i in lines]
    used = [j for j in range(width) if any(row[j] is not None for row in cells)]
    cells = [[row[j] for j in used] for row in cells]
    notes = (
        [] if len(sheets) == 1 else [f"sheet: {sheets[0]!r}, the first of {len(sheets)}; save another as its own file"]
    )
    texts = [[_text(value) for value in row] for row in cells[: SAMPLE_ROWS + 1]]
    is_header, found = guess_header(texts[0], lambda: texts[1:], options)
    notes += footer + found
    names: list[str] | None = None
    unnamed: list[int] = []
    if is_header:
        names, unnamed, more = column_names(source, texts[0], bool(found))
        notes += more
        cells, lines = cells[1:], lines[1:]
    if not cells:
        raise InputError(f"{source}: expected rows of data, got only a header")
    columns = [value_column(names[j] if names else None, [row[j] for row in cells]) for j in range(len(used))]
    index = row_index(names, unnamed, columns[0].cells, len(columns))
    return Table(source, columns, names, lines, index, notes)


def _rows(source: str, content: bytes) -> tuple[list[list[Any]], list[str]]:
    """Return the rows of the first sheet, with None for empty cells, and the names of the sheets."""
    try:
        import python_calamine
    except ImportError:
        return _rows_of_openpyxl(source, content)
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        rows = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except Exception as error:  # its own errors, of several kinds
        raise InputError(f"{source}: the file is damaged or not in Excel's format ({_line(error)})") from None
    return [[_value(value) for value in row] for row in rows], book.sheet_names


def _rows_of_openpyxl(source: str, content: bytes) -> tuple[list[list[Any]], list[str]]:
    try:
        import openpyxl
    except ImportError:
        need = f"{source}: an Excel file requires python-calamine or openpyxl"
        raise InputError(missing(need, "python-calamine", "excel")) from None
    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        rows = [[_value(value) for value in row] for row in book.worksheets[0].iter_rows(values_only=True)]
    except Exception as error:  # errors of zip archives and of XML, and its own
        raise InputError(f"{source}: the file is damaged or not in Excel's format ({_line(error)})") from None
    return rows, book.sheetnames


def _value(value: Any) -> Any:
    """Return the value of a cell: None if it is empty, an integer where Excel shows one, a text without blanks."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    return value


def _text(value: Any) -> str:
    return "" if value is None else value.isoformat() if isinstance(value, datetime.date) else str(value)


def _line(error: Exception) -> str:
    return str(error).partition("\n")[0]
