"""Columns of dates: days since 1970, month, weekday and hour."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.errors import InputError
from ...core.options import option
from ..cells import dates
from ..table import Table, as_missing, shown
from . import number
from .missing import missing_texts
from .number import NumberColumn
from .options import ColumnOptions
from .plan import ColumnPlan
from .refused import refuse_by

__all__ = ["PARTS", "DateColumn", "dated", "fit", "planned", "read"]

PARTS = ("days", "month", "weekday", "hour")


@dataclass(frozen=True)
class DateColumn:
    """Column of dates. parts: the numbers of `PARTS`, with the hour if a training date has a time of day.

    pattern: that of `datetime.strptime`, or None for ISO 8601.
    """

    position: int
    name: str
    pattern: str | None
    parts: tuple[NumberColumn, ...]
    gaps: bool

    kind = "date"

    @property
    def names(self) -> list[str]:
        """Names of the features: the parts that vary, and the indicator of missing values."""
        return [part.name for part in self.parts if part.varies] + [f"{self.name} missing"] * self.indicator

    @property
    def indicators(self) -> list[bool]:
        """Which features are indicators."""
        return [False] * (len(self.names) - self.indicator) + [True] * self.indicator

    @property
    def indicator(self) -> bool:
        """Whether the network gets an indicator of missing values. One that is always 1 is left out."""
        return self.gaps and self.parts[0].median is not None

    def transform(
        self, moments: NDArray[np.datetime64], clip: bool | None
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
        """Return the features (N, C) of dates, which are missing (N,), and which are far from those of training."""
        values, _, _, far = number.transform(self.parts, _parts(moments)[:, : len(self.parts)], clip)
        absent = np.isnat(moments)
        x = values[:, [part.varies for part in self.parts]]
        return np.column_stack([x, absent]) if self.indicator else x, absent, far

    def to_dict(self) -> dict[str, Any]:
        """Return the column as a dictionary for JSON."""
        return {**asdict(self), "parts": [part.to_dict() for part in self.parts]}

    @classmethod
    def from_dict(cls, *, parts: list[dict[str, Any]], **values: Any) -> DateColumn:
        """Return the column of the entries of `to_dict`."""
        return cls(parts=tuple(NumberColumn(**part) for part in parts), **values)


def read(table: Table, position: int, pattern: str | None, options: ColumnOptions) -> NDArray[np.datetime64]:
    """Return a column as datetime64[s] (N,), NaT for missing values. InputError names a cell that is no date."""
    cells = table.columns[position].cells
    if cells.dtype.kind == "M":
        return cells.astype("datetime64[s]", copy=False)
    texts = table.texts(position)
    moments = dates(texts, pattern)
    unread = np.isnat(moments)
    if unread.any():
        strays = unread & ~missing_texts(texts, options)
        if strays.any():
            row = int(np.argmax(strays))
            expected = f"a date like {pattern}" if pattern else "an ISO date such as 2013-02-11"
            raise InputError(
                f"{table.source}: expected {expected} at row {table.lines[row]}, {table.column_name(position)}, got "
                f"{shown(texts[row])}",
                as_missing(texts[row]),
            )
    return moments


def planned(table: Table, plan: ColumnPlan, options: ColumnOptions) -> ColumnPlan:
    """Return the plan of a column of dates."""
    try:
        moments = read(table, plan.position, plan.pattern, options)
    except InputError as error:
        return refuse_by(error, table, plan, f"{option('dates')} gives another pattern, and {error.remedy}")
    return dated(plan, moments)


def dated(plan: ColumnPlan, moments: NDArray[np.datetime64]) -> ColumnPlan:
    """Return the plan of dates."""
    present = moments[~np.isnat(moments)]
    plan = replace(plan, kind="date", missing=len(moments) - len(present))
    if not len(present):
        return replace(plan, kind="constant", reason="all cells are missing")
    plan = replace(plan, low=_date_text(present.min()), high=_date_text(present.max()))
    constant = plan.low == plan.high and not plan.missing
    return replace(plan, kind="constant", reason=f"always {plan.low}") if constant else plan


def _date_text(moment: np.datetime64) -> str:
    """Return a date in ISO 8601, without its time at midnight."""
    return str(moment).removesuffix("T00:00:00")


def fit(moments: NDArray[np.datetime64], name: str, position: int, pattern: str | None) -> DateColumn:
    """Return what is learnt of training dates."""
    values = _parts(moments)
    timed = (moments[~np.isnat(moments)].astype("datetime64[D]") != moments[~np.isnat(moments)]).any()
    values = values[:, : len(PARTS) - (not timed)]
    names = [f"{name}: {part}" for part in PARTS[: values.shape[1]]]
    parts = tuple(number.fit(values, names, [position] * values.shape[1]))
    return DateColumn(position, name, pattern, parts, bool(np.isnat(moments).any()))


def _parts(moments: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """Return the numbers of dates (N, 4), NaN for missing ones."""
    days = moments.astype("datetime64[D]")
    months = days.astype("datetime64[M]").astype(np.int64) % 12 + 1
    weekdays = (days.astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday
    hours = (moments - days).astype("timedelta64[h]").astype(np.int64)
    parts = np.column_stack([days.astype(np.int64), months, weekdays, hours]).astype(np.float64)
    parts[np.isnat(moments)] = np.nan
    return parts
