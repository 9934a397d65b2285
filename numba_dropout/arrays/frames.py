"""Data frames of pandas and polars: their names, and their columns as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import InputError

__all__ = ["is_frame", "names", "values"]

NUMBERS = ("int8", "int16", "int32", "int64", "int128", "uint", "float", "double", "bool", "decimal")  # types' names


def is_frame(x: Any) -> bool:
    """Return whether x is a table of named columns, as pandas and polars have them."""
    return type(x) is not np.ndarray and hasattr(x, "columns") and hasattr(x, "to_numpy") and hasattr(x, "dtypes")


def names(frame: Any) -> list[str]:
    """Return the columns' names."""
    return [str(name) for name in frame.columns]


def values(frame: Any, expected: Sequence[str] | None = None) -> NDArray[np.float64]:
    """Return the columns as float64 (rows, columns), missing values as NaN.

    InputError where the names are not those expected, in their order; TypeError where a column holds no numbers.
    """
    if expected is not None and names(frame) != list(expected):
        raise InputError(
            f"x: expected the columns that the network was trained on, {', '.join(expected)}, in their order, got "
            f"{', '.join(names(frame))}"
        )
    result = np.empty((len(frame), len(frame.columns)))
    for place, name in enumerate(frame.columns):
        column = frame[name]
        if getattr(column, "ndim", 1) != 1:
            raise InputError(f"x: more than one column is called {name!r}")
        try:
            if not str(column.dtype).lower().removeprefix("sparse[").startswith(NUMBERS):
                raise TypeError
            result[:, place] = _numbers(column)
        except (TypeError, ValueError):
            raise TypeError(f"x: expected numbers in column {name!r}, got {column.dtype}") from None
    return result


def _numbers(column: Any) -> Any:
    """Return a column's values, a missing one as NaN."""
    if hasattr(column, "cast"):  # polars
        return column.cast(float).to_numpy()
    return column.to_numpy(dtype=np.float64, na_value=np.nan)
