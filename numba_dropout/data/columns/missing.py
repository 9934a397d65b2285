"""Missing cells of a column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..cells import is_missing
from .options import ColumnOptions

__all__ = ["count", "missing_texts", "without_missing_numbers"]


def missing_texts(texts: Sequence[str | None] | NDArray[Any], options: ColumnOptions) -> NDArray[np.bool_]:
    """Return which texts (N,) are missing values."""
    words = {text for text in set(texts) if is_missing(text, options.words)}
    if not words:
        return np.zeros(len(texts), bool)
    return np.fromiter((text in words for text in texts), bool, len(texts))


def without_missing_numbers(values: NDArray[np.float64], options: ColumnOptions) -> NDArray[np.float64]:
    """Return numbers with NaN in place of those that stand for a missing value. Copies only where there are any."""
    for number in options.missing_numbers:
        values = np.where(values == number, np.nan, values)
    return values


def count(number: int, noun: str) -> str:
    """Return a number and its noun, such as "1 value" or "2 values"."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
