"""A last row that is a sum or a mean of the rows above it."""

from __future__ import annotations

from dataclasses import replace

from ...core.options import option
from ..table import Table, is_total, shown

__all__ = ["with_warning"]

FEWEST_ROWS = 4  # of a table that may end with a total


def with_warning(table: Table) -> Table:
    """Return the table with a warning if its first column of texts has a word such as Total in the last row only."""
    position = next((i for i, column in enumerate(table.columns) if column.cells.dtype.kind == "O"), None)
    if position is None or len(table) < FEWEST_ROWS:
        return table
    cells = table.columns[position].cells
    last = cells[-1]
    if not is_total(last) or any(cell == last for cell in cells[:-1]):
        return table
    mend = "take it out" if table.typed else f"{option('skip_footer', 1)} leaves it out"
    note = f"warning: the last row has {shown(last)} in {table.column_name(position)}; {mend}"
    return replace(table, notes=[*table.notes, note])
