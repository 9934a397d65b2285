"""Records and cells of delimited text: delimiters, runs of blanks, and double quotes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ...core.errors import InputError

__all__ = ["Splitter", "complete_records", "split_records"]

BODY = r'[^"]*(?:""[^"]*)*'  # of a quoted cell, up to its last quote. It never needs to be tried again


class Splitter:
    """The rule that cuts a record into cells: one delimiter, or None for runs of blanks and tabs.

    A quote at the start of a cell, after blanks or not, encloses it, a doubled quote inside stands for one, and what
    follows the last quote belongs to the cell. Other quotes are characters.
    """

    def __init__(self, delimiter: str | None) -> None:
        self.delimiter = delimiter
        if delimiter is None:
            self._cell = re.compile(rf'(")({BODY})("?)([^ \t]*)|([^ \t]+)')
            self._rest = re.compile(rf'{BODY}("?)[^ \t]*')
        else:
            other = f"[^{re.escape(delimiter)}]*"
            blanks = "[ ]*" if delimiter == "\t" else r"[ \t]*"
            self._cell = re.compile(rf'{re.escape(delimiter)}{blanks}(?:(")({BODY})("?)({other})|({other}))')
            self._rest = re.compile(f'{BODY}("?){other}')

    def cells(self, record: str) -> list[str]:
        """Return the cells of a record, with their blanks."""
        if not self._needs_parts(record):
            return record.split(self.delimiter)
        return [
            plain or (body.replace('""', '"') if '"' in body else body) + rest
            for _, body, _, rest, plain in self._parts(record)
        ]

    def count(self, record: str) -> int:
        """Return the number of cells of a record."""
        if self._needs_parts(record):
            return len(self._parts(record))
        return len(record.split()) if self.delimiter is None else record.count(self.delimiter) + 1

    def is_open(self, line: str, inside: bool) -> bool:
        """Return whether a quoted cell goes on after a line. `inside`: whether one goes on before it."""
        if '"' not in line:
            return inside
        if inside:
            match = self._rest.match(line)
            if match is None or not match[1]:
                return True
            line = line[match.end() :]
            parts = self._cell.findall(line)
        else:
            parts = self._parts(line)
        return bool(parts) and bool(parts[-1][0]) and not parts[-1][2]

    def is_blank(self, line: str) -> bool:
        """Return whether a line has no cells."""
        return not line.strip(" " if self.delimiter == "\t" else " \t")

    def _needs_parts(self, record: str) -> bool:
        """Return whether a record has quotes, or may have other blanks, at which str.split would cut it."""
        if '"' in record or self.delimiter is not None:
            return '"' in record
        return not (record.isascii() and record.replace("\t", " ").isprintable())

    def _parts(self, record: str) -> list[tuple[str, ...]]:
        return self._cell.findall(record if self.delimiter is None else self.delimiter + record)


def split_records(
    source: str, lines: list[str], splitter: Splitter, comment: str | None, first: int
) -> tuple[list[str], Sequence[int]]:
    """Return the records of lines and the number of the line where each begins. `first`: the number of the first line.

    Blank lines and lines that begin with `comment` are left out. A record has several lines where a quoted cell has.
    Raises InputError for a quote that does not end.
    """
    records, numbers, unfinished = complete_records(lines, splitter, comment, first)
    if unfinished is not None:
        raise InputError(f"{source}: a quote that opens in row {unfinished} does not end; close it or double it")
    return records, numbers


def complete_records(
    lines: list[str], splitter: Splitter, comment: str | None, first: int
) -> tuple[list[str], Sequence[int], int | None]:
    """Return records and numbers as `split_records`, and the number of an unfinished last record, or None."""
    if comment is None and not any('"' in line for line in lines):
        records = [line for line in lines if not splitter.is_blank(line)]
        if len(records) == len(lines):
            return records, range(first, first + len(lines)), None
        return records, [number for number, line in enumerate(lines, first) if not splitter.is_blank(line)], None
    records, numbers = [], []
    pieces: list[str] = []
    begin = first
    for number, line in enumerate(lines, first):
        if not pieces:
            if splitter.is_blank(line) or (comment and line.lstrip().startswith(comment)):
                continue
            begin = number
        if splitter.is_open(line, bool(pieces)):
            pieces.append(line)
            continue
        records.append("\n".join([*pieces, line]) if pieces else line)
        numbers.append(begin)
        pieces = []
    return records, numbers, begin if pieces else None
