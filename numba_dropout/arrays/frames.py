"""Data frames of pandas and polars: their column names, and their values as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import InputError

__all__ = ["is_frame", "names", "values"]

# Prefixes of dtype names.
NUMBERS = ("int8", "int16", "int32", "int64", "int128", "uint", "float", "double", "bool", "decimal")


def is_frame(x: Any) -> bool:
    """Return whether x is a data frame of pandas or polars."""
    return type(x) is not np.ndarray and hasattr(x, "columns") and hasattr(x, "to_numpy") and hasattr(x, "dtypes")


def names(frame: Any) -> list[str]:
    """Return the column names."""
    return [str(name) for name in frame.columns]


def values(frame: Any, expected: Sequence[str] | None = None) -> NDArray[np.float64]:
    """Return the columns as float64 (rows, columns), missing values as NaN.

    Raises InputError if the names or their order differ from `expected`, TypeError if a column is not numeric.
    """
    if expected is not None and names(frame) != list(expected):
        raise InputError(
            f"x: expected the columns of the training data, {', '.join(expected)}, in this order, got "
            f"{', '.join(names(frame))}"
        )
    result = np.empty((len(frame), len(frame.columns)))
    for j, name in enumerate(frame.columns):
        column = frame[name]
        if getattr(column, "ndim", 1) != 1:
            raise InputError(f"x: more than one column is called {name!r}")
        try:
            if not str(column.dtype).lower().removeprefix("sparse[").startswith(NUMBERS):
                raise TypeError
            result[:, j] = _numbers(column)
        except (TypeError, ValueError):
            raise TypeError(f"x: expected numbers in column {name!r}, got {column.dtype}") from None
    return result


def _numbers(column: Any) -> Any:
    """Return a column's values, missing ones as NaN."""
    if hasattr(column, "cast"):  # polars
        return column.cast(float).to_numpy()
    return column.to_numpy(dtype=np.float64, na_value=np.nan)
