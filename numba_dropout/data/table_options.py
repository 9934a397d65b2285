"""The options with which a table is read, and its columns are understood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from ..core import checks
from ..core.errors import InputError
from .columns.options import ColumnOptions
from .readers.read_options import ReadOptions
from .table import Table
from .target import TASKS

__all__ = ["TableOptions"]

READING = tuple(item.name for item in fields(ReadOptions))
COLUMNS = tuple(item.name for item in fields(ColumnOptions))


@dataclass(frozen=True)
class TableOptions:
    """The target of a table, its task, and the options of `ReadOptions` and `ColumnOptions`."""

    target: str | int | tuple[str | int, ...] | None = None
    task: str = "auto"
    reading: ReadOptions = field(default_factory=ReadOptions)
    columns: ColumnOptions = field(default_factory=ColumnOptions)

    @classmethod
    def of(cls, target: Any = None, task: str = "auto", **options: Any) -> TableOptions:
        """Return the options of keyword arguments, without those that are None. Unknown ones raise TypeError."""
        checks.choice(task, "task", TASKS)
        given = {name: _frozen(value) for name, value in options.items() if value is not None}
        unknown = [name for name in given if name not in (*READING, *COLUMNS)]
        if unknown:
            raise TypeError(f"{unknown[0]}: expected an option of a table, one of {', '.join((*READING, *COLUMNS))}")
        reading = ReadOptions(**{name: value for name, value in given.items() if name in READING})
        columns = ColumnOptions(**{name: value for name, value in given.items() if name in COLUMNS})
        return cls(_frozen(target), task, reading, columns)

    def to_dict(self) -> dict[str, Any]:
        """Return the options for JSON."""
        reading, columns = self.reading.to_dict(), self.columns.to_dict()
        return {"target": self.target, "task": self.task, "reading": reading, "columns": columns}

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> TableOptions:
        """Return the options of `to_dict`, read from JSON. Those that are not there have their defaults."""
        reading = ReadOptions.from_dict(record.get("reading", {}))
        columns = ColumnOptions.from_dict(record.get("columns", {}))
        return cls(_frozen(record.get("target")), record.get("task", "auto"), reading, columns)

    def target_columns(self, table: Table) -> list[int]:
        """Return the positions of the targets: a column by name or number, or several separated by commas."""
        if isinstance(self.target, tuple):
            positions = [table.position(target) for target in self.target]
        elif isinstance(self.target, str) and "," in self.target and self.target not in (table.names or ()):
            positions = [table.position(target.strip()) for target in self.target.split(",")]
        else:
            positions = [table.position(self.target)]
        if len(set(positions)) < len(positions):
            raise InputError(f"{table.source}: a target is given twice in {self.target}")
        return positions


def _frozen(value: Any) -> Any:
    """Return a list as a tuple."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(value)
    return value
