"""What each column of a table is: its kind, the reason for it, and what its cells are like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from ...core.errors import InputError

__all__ = ["FEATURES", "KINDS", "ColumnPlan"]

FEATURES = ("number", "category", "date")  # the kinds that the network learns from
KINDS = (*FEATURES, "constant", "id", "index", "dropped", "target", "weights", "refused")


@dataclass(frozen=True)
class ColumnPlan:
    """What a column is and why.

    Parameters
    ----------
    position : int
        Position in the table, from 0.
    name : str
        Name, or "column 3" for the third of a table without names.
    kind : str
        One of `KINDS`.
    reason : str
        Why it is of this kind, or what is wrong with it.
    remedy : str
        What changes that.
    readings : tuple of dict
        Options of which each reads a refused column.
    levels : int, optional
        Number of different texts of a category or of a refused column.
    missing : int
        Number of missing cells.
    low, high : float or str, optional
        Range of the numbers or the dates.
    pattern : str, optional
        Pattern of the dates, None for ISO 8601.
    note : str, optional
        A guess that was made, with the option that changes it.
    """

    position: int
    name: str
    kind: str
    reason: str = ""
    remedy: str = ""
    readings: tuple[dict[str, Any], ...] = ()
    levels: int | None = None
    missing: int = 0
    low: float | str | None = None
    high: float | str | None = None
    pattern: str | None = None
    note: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "readings", tuple(self.readings))
        if self.kind not in KINDS:
            raise InputError(f"columns: expected a kind of {', '.join(KINDS)} for {self.name!r}, got {self.kind!r}")

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as a dictionary for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plan: Mapping[str, Any]) -> ColumnPlan:
        """Return the plan of a dictionary from `to_dict`. Unknown entries are ignored."""
        known = {option.name for option in fields(cls)}
        return cls(**{name: value for name, value in plan.items() if name in known})
