"""The options of reading a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from ...core.errors import InputError
from ...core.options import option

__all__ = ["ReadOptions"]

DELIMITER_NAMES = {"tab": "\t", "\\t": "\t", "blank": " ", "blanks": " ", "space": " ", "comma": ",", "semicolon": ";"}


@dataclass(frozen=True)
class ReadOptions:
    """How a table is read. The options of text do not change the reading of typed files, such as Parquet.

    header: whether the first row has the names of the columns, or None to guess. delimiter: one character, a blank for
    runs of blanks, or None to guess. decimal, thousands: the marks in numbers, as in `cells.is_number`. comment: what
    lines to leave out begin with. skip: the number of lines to leave out at the start. encoding: that of the text, or
    None for UTF-8, UTF-16 or UTF-32 by the mark at its start. missing: texts of missing values. skip_footer: the number
    of rows to leave out at the end.

    Examples
    --------
    >>> options = nd.data.ReadOptions(delimiter="tab", decimal=",")
    >>> nd.data.ReadOptions.from_dict(options.to_dict()) == options
    True
    """

    header: bool | None = None
    delimiter: str | None = None
    decimal: str = "."
    thousands: str | None = None
    comment: str | None = None
    skip: int = 0
    encoding: str | None = None
    missing: tuple[str, ...] = ()
    skip_footer: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "missing", tuple(self.missing))
        if self.delimiter is not None:
            object.__setattr__(self, "delimiter", DELIMITER_NAMES.get(self.delimiter, self.delimiter))
            if len(self.delimiter) != 1 or self.delimiter.isalnum() or self.delimiter in '"\r\n.-+':
                raise InputError(
                    f"delimiter: expected one character, such as a comma, or tab or blank, got {self.delimiter!r}"
                )
        if self.decimal not in (".", ","):
            raise InputError(f"decimal: expected a point or a comma, got {self.decimal!r}")
        if self.thousands is not None and (len(self.thousands) > 1 or self.thousands.isalnum()):
            raise InputError(f"thousands: expected one character, such as a comma, or '', got {self.thousands!r}")
        if self.thousands == self.decimal:
            raise InputError(f"thousands: expected another mark than that of decimals, got {self.thousands!r} for both")
        if self.comment is not None and not self.comment.strip():
            raise InputError(f"comment: expected the start of comment lines, such as #, got {self.comment!r}")
        if self.skip < 0:
            raise InputError(f"skip: expected a number of lines, at least 0, got {self.skip}")
        if self.skip_footer < 0:
            raise InputError(f"skip_footer: expected a number of rows, at least 0, got {self.skip_footer}")

    def without_footer(self, rows: int) -> tuple[int, list[str]]:
        """Return the number of rows above the footer of a file with `rows` rows, and a note on what is left out."""
        if not self.skip_footer:
            return rows, []
        what = "row" if self.skip_footer == 1 else f"{self.skip_footer} rows"
        note = f"the last {what}: left out; {option('skip_footer', 0)} keeps every row"
        return max(rows - self.skip_footer, 0), [note]

    def to_dict(self) -> dict[str, Any]:
        """Return the options as values for JSON."""
        return asdict(self) | {"missing": list(self.missing)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ReadOptions:
        """Return the options of values from `to_dict`. Options that are not there have their defaults."""
        known = {each.name for each in fields(cls)}
        return cls(**{name: value for name, value in values.items() if name in known})
