"""The options on the columns of a table: what they are, and how their cells are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from typing import Any

from ...core.errors import InputError
from ..cells import is_number, missing_words, numbers

__all__ = ["ColumnOptions"]

UNKNOWN = ("zeros", "refuse")


@dataclass(frozen=True)
class ColumnOptions:
    """Options on columns, which are given by name or by number from 1. Each field is an option of `ndrop train`.

    Parameters
    ----------
    drop, use, categorical, numeric, ids : sequence of str or int
        Columns that are left out; that are kept although they count the rows; that are categories; that are numbers;
        that name the rows.
    weights : str or int, optional
        The column of the rows' weights.
    dates : mapping of column to str
        Patterns of dates for `datetime.strptime`, such as {"day": "%d-%m-%Y"}.
    missing : sequence of str
        More words for a missing value. '' stands for an empty cell, and leaves out the words that count by default.
    decimal : {".", ","}, default="."
    thousands : str, optional
        The separator of thousands, '' for none. By default it is detected.
    min_count : int, optional
        A level with fewer rows shares a column with the other rare ones. The default is 2 in tables of at least 20
        rows, and 1 in smaller ones.
    unknown : {"zeros", "refuse"}, default="zeros"
        What becomes of a level that training did not have.
    clip : bool, optional
        Whether later numbers are bounded by the range of the training rows. By default only numbers are bounded
        that are further outside than the range is long, at this distance.

    Raises
    ------
    InputError
        A value is out of its range.

    Examples
    --------
    >>> options = nd.data.ColumnOptions(drop=["name"], missing=["-999"])
    >>> nd.data.ColumnOptions.from_dict(options.to_dict()) == options
    True
    """

    drop: Sequence[str | int] = ()
    use: Sequence[str | int] = ()
    categorical: Sequence[str | int] = ()
    numeric: Sequence[str | int] = ()
    ids: Sequence[str | int] = ()
    weights: str | int | None = None
    dates: Mapping[str, str] = field(default_factory=dict)
    missing: Sequence[str] = ()
    decimal: str = "."
    thousands: str | None = None
    min_count: int | None = None
    unknown: str = "zeros"
    clip: bool | None = None

    def __post_init__(self) -> None:
        for name in ("drop", "use", "categorical", "numeric", "ids", "missing"):
            value = getattr(self, name)
            object.__setattr__(self, name, (value,) if isinstance(value, str | int) else tuple(value))
        if self.decimal not in (".", ","):
            raise InputError(f"decimal: expected . or a comma, got {self.decimal!r}")
        if self.thousands is not None and (len(self.thousands) > 1 or self.thousands == self.decimal):
            raise InputError(
                f"thousands: expected one character other than the decimal {self.decimal!r}, got {self.thousands!r}"
            )
        if self.min_count is not None and self.min_count < 1:
            raise InputError(f"min_count: expected at least 1, got {self.min_count}")
        if self.unknown not in UNKNOWN:
            raise InputError(f"unknown: expected zeros or refuse, got {self.unknown!r}")

    @cached_property
    def words(self) -> frozenset[str]:
        """The words for a missing value, in lower case."""
        return missing_words(self.missing)

    @cached_property
    def missing_numbers(self) -> list[float]:
        """The numbers that stand for a missing value."""
        return numbers([word for word in self.missing if is_number(word, self.decimal)], self.decimal).tolist()

    def to_dict(self) -> dict[str, Any]:
        """Return the options as a dictionary for JSON."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, options: Mapping[str, Any]) -> ColumnOptions:
        """Return the options of a dictionary from `to_dict`. Unknown names are ignored."""
        known = {option.name for option in fields(cls)}
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in options.items() if name in known
        }
        return cls(**values)
