"""The headers of scikit-learn's own tables, which count the rows and the features and name the classes."""

from __future__ import annotations

from dataclasses import dataclass

from ...core.options import option
from ..table import one_line

__all__ = ["CountHeader", "count_header"]


@dataclass(frozen=True)
class CountHeader:
    """The names of the classes, which the last column numbers from 0, and a note."""

    classes: list[str]
    note: str

    def names(self, width: int) -> list[str]:
        """Return the names of the columns."""
        return [*(f"feature {i}" for i in range(1, width)), "target"]


def count_header(first: list[str], rows: int, width: int, last: list[str]) -> CountHeader | None:
    """Return the header if the first record is one of scikit-learn's: `150,4,setosa,versicolor,virginica`.

    `rows` and `width` are those of the records below it, `last` the cells of their last column. Both counts must
    match, and the numbers in the last column must be the names' positions.
    """
    first = [cell.strip() for cell in first]
    classes = first[2:]
    if first[:2] != [str(rows), str(width - 1)] or not 2 <= len(classes) <= rows or not all(classes):
        return None
    numbers = {str(i) for i in range(len(classes))}
    if len(set(classes)) < len(classes) or not {cell.strip() for cell in last} <= numbers:
        return None
    shown = ", ".join(map(one_line, classes[:3])) + (", ..." if len(classes) > 3 else "")
    return CountHeader(
        classes,
        f"header: counts of {rows} rows and {width - 1} features, and the names of {len(classes)} classes ({shown}); "
        f"{option('header', False)} reads it as data",
    )
