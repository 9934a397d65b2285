"""The encoder of tables: columns of every kind as numbers for a network, learnt from the training rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.errors import InputError
from ...core.options import option
from ..table import Table, listing, shown
from . import category, date, number
from .category import CategoryColumn
from .date import DateColumn
from .encoded import Encoded, Fitted, describe
from .number import NumberColumn
from .options import ColumnOptions
from .plan import FEATURES, ColumnPlan

__all__ = ["ColumnEncoder"]


class ColumnEncoder:
    """Encoder of the columns of a table as numbers.

    Numbers stay as they are. A category of two levels has one feature, of more levels one for each, by frequency and
    then by text. Levels with fewer than `min_count` rows and those beyond 40 share one. A date has days since 1970,
    month, weekday (Monday is 0), and hour where training had times. Missing numbers and dates take the median of
    training. A column with missing values in training has an indicator of them. What is constant in training has no
    feature. Nothing is scaled.

    Parameters
    ----------
    options : ColumnOptions, optional
        How cells are read, and what becomes of rare and unseen levels.

    Attributes
    ----------
    columns : list
        What was learnt of each column, `NumberColumn`, `CategoryColumn` or `DateColumn`, in the table's order.
    names : list of str
        Names of the C features, such as "x", "x missing", "League=N" and "day: month".
    kinds : dict of str to str
        Kind of each column that was learnt: "number", "category" or "date".
    indicators : array (C,) of bool
        Which features are indicators of levels or of missing values.
    plans : list of ColumnPlan
        What each column of the training table is.
    named, width : bool, int
        Whether the training table had names, and the number of its columns.

    Examples
    --------
    >>> from numba_dropout.data.columns.kinds import kinds
    >>> table = nd.data.read({"size": [1.0, 2.0, None, 4.0], "kind": ["a", "b", "b", "c"]})
    >>> encoder = nd.data.ColumnEncoder().fit(table, kinds(table))
    >>> encoder.names
    ['size', 'size missing', 'kind=b', 'kind=a', 'kind=c']
    >>> encoder.transform(table).x[2].tolist()
    [2.0, 1.0, 1.0, 0.0, 0.0]
    """

    def __init__(self, options: ColumnOptions | None = None):
        self.options = options or ColumnOptions()
        self.columns: list[Fitted] = []
        self.plans: list[ColumnPlan] = []
        self.named = False
        self.width = 0

    def fit(self, table: Table, columns: Sequence[ColumnPlan]) -> ColumnEncoder:
        """Learn from the training rows `table`. `columns` are the plans that `kinds` returned for the whole table.

        Raises InputError with the row and the column of a cell that cannot be read.
        """
        self.plans, self.named, self.width = list(columns), table.names is not None, len(table.columns)
        learnt = [plan for plan in columns if plan.kind in FEATURES]
        plans = [plan for plan in learnt if plan.kind == "number"]
        positions = [plan.position for plan in plans]
        values = number.read_all(table, positions, self.options)
        fitted: list[Fitted] = [*number.fit(values, [plan.name for plan in plans], positions)]
        for plan in learnt:
            i, name = plan.position, plan.name
            if plan.kind == "category":
                fitted.append(category.fit(*category.read(table, i, self.options), name, i, self.options))
            elif plan.kind == "date":
                fitted.append(date.fit(date.read(table, i, plan.pattern, self.options), name, i, plan.pattern))
        self.columns = sorted(fitted, key=lambda column: column.position)
        return self

    def transform(self, table: Table, positions: Sequence[int] | None = None) -> Encoded:
        """Return the features of a table.

        The columns are found by name, or in a table without names by position: that of training, or their order in a
        table that has only these. `positions` of the columns in the table may be given instead.

        Raises InputError for a column that is not there, a cell that cannot be read, and with `unknown="refuse"` for a
        level that training did not have.
        """
        places = self._found(table) if positions is None else list(positions)
        where = dict(zip([column.position for column in self.columns], places, strict=True))
        spans = self._spans()
        result = Encoded(np.empty((len(table), len(self.names))))
        far = self._numbers(table, where, spans, result)
        for column in self.columns:
            at = spans[column.position]
            if isinstance(column, CategoryColumn):
                texts, absent = category.read(table, where[column.position], self.options)
                result.x[:, at], unseen = column.transform(texts, absent)
                if unseen.any():
                    self._unseen(table, where[column.position], column, texts, unseen, result)
            elif isinstance(column, DateColumn):
                moments = date.read(table, where[column.position], column.pattern, self.options)
                result.x[:, at], absent, outside = column.transform(moments, self.options.clip)
                result.outside |= {column.name: int(outside.sum())} if outside.any() else {}
                far |= outside
            else:
                continue
            result.filled |= {column.name: int(absent.sum())} if absent.any() else {}
        result.rows_outside = int(far.sum())
        describe(result, self.columns, self.options)
        return result

    @property
    def names(self) -> list[str]:
        """Names of the features."""
        return [name for column in self.columns for name in column.names]

    @property
    def kinds(self) -> dict[str, str]:
        """Kind of each column that was learnt."""
        return {column.name: column.kind for column in self.columns}

    @property
    def indicators(self) -> NDArray[np.bool_]:
        """Which features are indicators."""
        return np.array([flag for column in self.columns for flag in column.indicators], bool)

    @property
    def targets(self) -> list[int]:
        """Positions of the targets in the training table."""
        return [plan.position for plan in self.plans if plan.kind == "target"]

    def summary(self) -> list[str]:
        """Return a line for each kind of column, and one for missing values."""
        lines = []
        members: dict[str, list[str]] = {}
        constant = {column.name for column in self.columns if not column.names}
        for column in self.columns:
            if column.name not in constant:
                levels = len(column.levels) + len(column.rare) if isinstance(column, CategoryColumn) else 0
                members.setdefault(column.kind, []).append(column.name + (f" ({levels} levels)" if levels else ""))
        for kind, noun in (("number", "numbers"), ("category", "categories"), ("date", "dates")):
            if kind in members:
                lines.append(f"{noun}: {len(members[kind])} ({listing(members[kind])})")
        gaps = [column.name for column in self.columns if column.gaps and column.name not in constant]
        if gaps:
            lines.append(f"missing values, with an indicator: {len(gaps)} ({listing(gaps)})")
        left = [p.name for p in self.plans if p.kind == "constant" or p.name in constant]
        if left:
            lines.append(f"constant, left out: {len(left)} ({listing(left)})")
        for kind, noun in (("id", "ids"), ("index", "index, left out"), ("dropped", "dropped")):
            named = [plan.name for plan in self.plans if plan.kind == kind]
            if named:
                lines.append(f"{noun}: {len(named)} ({listing(named)})")
        return lines

    def to_dict(self) -> dict[str, Any]:
        """Return the encoder as a dictionary for JSON."""
        return {
            "options": self.options.to_dict(),
            "columns": [{"kind": column.kind, **column.to_dict()} for column in self.columns],
            "plans": [plan.to_dict() for plan in self.plans],
            "named": self.named,
            "width": self.width,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ColumnEncoder:
        """Return the encoder of a dictionary from `to_dict`."""
        encoder = cls(ColumnOptions.from_dict(values["options"]))
        encoder.columns = [_column(column) for column in values["columns"]]
        encoder.plans = [ColumnPlan.from_dict(plan) for plan in values["plans"]]
        encoder.named, encoder.width = values["named"], values["width"]
        return encoder

    def _found(self, table: Table) -> list[int]:
        """Return the positions of the learnt columns in a table."""
        if self.named and table.names is not None:
            at = {name: i for i, name in enumerate(table.names)}
            absent = [column.name for column in self.columns if column.name not in at]
            if absent:
                raise InputError(
                    f"{table.source}: there is no column {', '.join(map(repr, absent))}, which the model learnt from; "
                    f"the columns are {listing(table.names)}"
                )
            return [at[column.name] for column in self.columns]
        if len(table.columns) == self.width:
            return [column.position for column in self.columns]
        if len(table.columns) == len(self.columns):
            return list(range(len(self.columns)))
        raise InputError(
            f"{table.source}: expected the {self.width} columns of the training table, or only the "
            f"{len(self.columns)} that the model learnt from, got {len(table.columns)}"
        )

    def _spans(self) -> dict[int, slice]:
        """Return where the features of each column are."""
        spans, start = {}, 0
        for column in self.columns:
            spans[column.position] = slice(start, start := start + len(column.names))
        return spans

    def _numbers(
        self, table: Table, where: Mapping[int, int], spans: Mapping[int, slice], result: Encoded
    ) -> NDArray[np.bool_]:
        """Set the features of all columns of numbers at once, and return the rows far outside their ranges."""
        columns = [column for column in self.columns if isinstance(column, NumberColumn)]
        values = number.read_all(table, [where[column.position] for column in columns], self.options)
        values, absent, outside, far = number.transform(columns, values, self.options.clip)
        varies = [column.varies for column in columns]
        if all(varies) and values.shape == result.x.shape:
            result.x = values
        elif sum(varies) == result.x.shape[1]:
            result.x = np.compress(varies, values, axis=1)
        else:
            result.x[:, [spans[c.position].start for c in columns if c.varies]] = values[:, varies]
        for j, column in enumerate(columns):
            if column.indicator:
                result.x[:, spans[column.position].stop - 1] = 0 if absent is None else absent[:, j]
        if absent is not None:
            result.filled |= _counts(columns, absent.sum(0))
        result.outside |= _counts(columns, outside)
        return far

    def _unseen(
        self,
        table: Table,
        position: int,
        column: CategoryColumn,
        texts: Sequence[str],
        unseen: NDArray[np.bool_],
        result: Encoded,
    ) -> None:
        """Count the cells with unseen levels, or refuse them."""
        row = int(np.argmax(unseen))
        if self.options.unknown == "refuse":
            where = f"row {table.lines[row]}, {table.column_name(position)}"
            raise InputError(
                f"{table.source}: {shown(texts[row])} at {where}, is not one of the training "
                f"levels {listing([*column.levels, *column.rare])}",
                f"{option('unknown', 'zeros')} accepts it",
            )
        result.unseen[column.name] = int(unseen.sum())


def _counts(columns: Sequence[Fitted], numbers: NDArray[np.integer[Any]]) -> dict[str, int]:
    """Return the counts above 0 by the names of the columns."""
    return {column.name: total for column, total in zip(columns, numbers.tolist(), strict=True) if total}


def _column(values: Mapping[str, Any]) -> Fitted:
    """Return the column of a dictionary."""
    builders: dict[str, Callable[..., Fitted]] = {
        "number": NumberColumn,
        "category": CategoryColumn.from_dict,
        "date": DateColumn.from_dict,
    }
    return builders[values["kind"]](**{name: value for name, value in values.items() if name != "kind"})
