"""Codes of missing values among numbers: -999 or 99, far from all other values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ...core.options import option
from ..table import Table, listing
from . import number
from .options import ColumnOptions
from .plan import ColumnPlan

__all__ = ["far_codes", "far_note", "with_far_notes"]

CODE = re.compile("-1|-?9+")
SHARE = 0.01  # of the rows, that have a code at least
FEWEST = 3  # rows with a code


def far_codes(values: NDArray[np.float64]) -> dict[int, int]:
    """Return the codes at the ends of the range of values (N,), and their rows. NaN is missing.

    A code is -1 or made of nines. It is further from all other values than these are from each other.
    """
    low, high = np.nanmin(values), np.nanmax(values)
    ends = [end for end in (low, high) if _is_code(end)]
    if not ends or low == high:
        return {}
    counts = {int(end): int((values == end).sum()) for end in ends}
    counts = {code: count for code, count in counts.items() if count >= max(FEWEST, SHARE * len(values))}
    others = values[~(np.isin(values, list(counts)) | np.isnan(values))]
    if not counts or not others.size:
        return {}
    least, most = others.min(), others.max()
    length = most - least
    return {code: count for code, count in counts.items() if 0 < length < max(least - code, code - most)}


def far_note(names: Sequence[str], code: int, counts: Sequence[int], rows: int, remedy: str) -> str:
    """Return the note on a code in columns of a table with so many rows. counts: the rows with the code of each."""
    span = f"{min(counts)} to {max(counts)}" if min(counts) < max(counts) else str(counts[0])
    return f"{listing(names)}: {code} in {span} of {rows} rows is far from all other values; {remedy}"


def with_far_notes(table: Table, plans: Sequence[ColumnPlan], options: ColumnOptions) -> list[ColumnPlan]:
    """Return the plans with one note for each code, at the first column that has it."""
    found: dict[int, dict[int, int]] = {}
    for plan in plans:
        if plan.kind == "number" and any(isinstance(end, float) and _is_code(end) for end in (plan.low, plan.high)):
            for code, count in far_codes(number.read(table, plan.position, options)[0]).items():
                found.setdefault(code, {})[plan.position] = count
    result = list(plans)
    for code, counts in found.items():
        names, first = list(map(table.column_name, counts)), next(iter(counts))
        remedy = f"{option('missing', [str(code)])} reads it as missing in every column"
        note = far_note(names, code, list(counts.values()), len(table), remedy)
        plan = result[first]
        result[first] = replace(plan, note=note if plan.note is None else f"{plan.note}; {note}")
    return result


def _is_code(value: float) -> bool:
    return bool(value == np.floor(value)) and abs(value) < 1e15 and CODE.fullmatch(str(int(value))) is not None
