"""Detection of the delimiter of a text from its first records."""

from __future__ import annotations

import re
from collections import Counter

from ...core.options import option
from .. import cells
from .read_options import ReadOptions
from .records import Splitter, complete_records

__all__ = ["detect", "excel_delimiter"]

DELIMITERS = ("\t", ";", "|", ",", None)  # in order of preference. None: runs of blanks
NAMES = {"\t": "tab", ";": "semicolon", "|": "|", ",": "comma", None: "blanks"}
SAMPLE = 200  # lines
CHARACTERS = 100_000  # of the sample, which has at least three lines
EXCEL_LINE = re.compile(r'"?sep=([^"A-Za-z0-9])"?', re.IGNORECASE)


def excel_delimiter(lines: list[str]) -> str | None:
    """Return the delimiter that a first line for Excel gives, such as `sep=;`, or None without one."""
    match = EXCEL_LINE.fullmatch(lines[0].strip("\ufeff ")) if lines else None
    return match[1] if match else None


def detect(lines: list[str], options: ReadOptions) -> tuple[str | None, list[str]]:
    """Return the delimiter of lines of text, None for runs of blanks, and notes.

    The delimiter gives all records of the sample equally many cells, more than one. Of several, it is the one with the
    largest share of numbers below the first row, blanks only where they are not within the cells of another. Without
    one it is the delimiter that cuts most of the records into equally many cells, if any does: they are refused as
    ragged rather than read as one column.
    """
    sample = _sample(lines)
    order = [each for each in DELIMITERS if each != options.decimal]
    if options.decimal in DELIMITERS:
        order.append(options.decimal)
    found: dict[str | None, list[list[str]]] = {}
    most, best = 0, None
    for delimiter in order:
        rows = _rows(sample, delimiter, options)
        counts = [len(row) for row in rows]
        if _is_regular(counts, delimiter):
            found[delimiter] = rows
        split = Counter(count for count in counts if count > 1).most_common(1)
        if split and split[0][1] > most:
            most, best = split[0][1], delimiter
    if not found:
        return best, []
    if any(_holds_blanks(delimiter, found, options) for delimiter in found):
        del found[None]
    first = next(iter(found))
    chosen = first if len(found) == 1 else max(found, key=lambda each: _share_of_numbers(found[each], options))
    notes = []
    if chosen != first:
        notes.append(
            f"delimiter: {NAMES[chosen]}, by the numbers between them; {option('delimiter', NAMES[first])} reads other "
            "columns"
        )
    return chosen, notes


def _sample(lines: list[str]) -> list[str]:
    """Return the first lines, fewer if they are long."""
    sample: list[str] = []
    characters = 0
    for line in lines:
        if len(sample) == SAMPLE or (len(sample) >= 3 and characters > CHARACTERS):
            break
        if line and not line.isspace():
            characters += len(line)
        sample.append(line)
    return sample


def _rows(sample: list[str], delimiter: str | None, options: ReadOptions) -> list[list[str]]:
    """Return the cells of the complete records of a sample."""
    splitter = Splitter(delimiter)
    records, _, _ = complete_records(sample, splitter, options.comment, 1)
    return [splitter.cells(record) for record in records]


def _is_regular(counts: list[int], delimiter: str | None) -> bool:
    """Return whether all records have equally many cells, or the first one less, as in R's tables with row names."""
    if not counts:
        return False
    below = set(counts[1:]) or {counts[0]}
    if len(below) > 1:
        return False
    width = below.pop()
    return width > 1 and (counts[0] == width or (counts[0] == width - 1 and (counts[0] > 1 or delimiter is None)))


def _holds_blanks(delimiter: str | None, found: dict[str | None, list[list[str]]], options: ReadOptions) -> bool:
    """Return whether blanks are within the cells of a delimiter that the header and all rows agree on."""
    if None not in found or delimiter is None or len(set(map(len, found[delimiter]))) > 1:
        return False
    header, below = found[None][0], found[None][1:]
    if below and len(header) < len(below[0]):
        return True
    if delimiter == "\t":
        return not any(_is_number(cell, options) for cell in header) and _share_of_numbers(found[None], options) < 1
    return not all(_is_number(cell, options) for row in found[None] for cell in row if delimiter in cell)


def _share_of_numbers(rows: list[list[str]], options: ReadOptions) -> float:
    """Return the share of numbers in the cells below the first row, with points or commas as decimal marks."""
    below = [cell.strip() for row in rows[1:] or rows for cell in row]
    return sum(_is_number(cell, options) for cell in below) / len(below)


def _is_number(cell: str, options: ReadOptions) -> bool:
    return cells.is_number(cell, options.decimal, options.thousands) or cells.is_number(cell, ",")
