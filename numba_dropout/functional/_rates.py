"""Dropout rates: thresholds and scales of one or more probabilities, and row layouts for arrays that broadcast."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays.convert import on_host
from ..core.errors import InputError

__all__ = ["Layout", "Rates", "broadcast", "is_number", "rates_of", "row_layout"]

CHUNK = 1 << 14  # probabilities that are converted at once: they fit into the caches
SHORT = 1024  # columns: shorter rows are merged if possible

Shape = tuple[int, ...]


class Rates(NamedTuple):
    """Thresholds and scales of an array of dropout probabilities, of any shape."""

    thresholds: NDArray[np.uint64]
    scales: NDArray[Any]


def is_number(p: Any) -> bool:
    """Return whether p is one number, so that it needs no conversion to an array."""
    if isinstance(p, float | int | str):
        return True
    only_dlpack = hasattr(p, "__dlpack__") and not hasattr(p, "__array__")
    return not only_dlpack and not isinstance(p, Sequence) and np.ndim(p) == 0


def rates_of(p: Any, dtype: Any, name: str = "p") -> Rates:
    """Return thresholds of an array of probabilities in [0, 1], and scales for arrays of a dtype."""
    try:
        array = on_host(p)
    except ValueError:  # lists of different lengths
        raise TypeError(f"{name}: expected a number or an array of numbers, got {p!r}") from None
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name}: expected a number or an array of numbers, got {array.dtype}")
    flat = array.reshape(-1)
    thresholds = np.empty(flat.size, np.int64)  # NumPy converts to int64 faster than to uint64
    scales = np.empty(flat.size, np.float64 if dtype == np.float64 else np.float32)
    for start in range(0, flat.size, CHUNK):
        p = flat[start : start + CHUNK].astype(np.float64)
        if not (p.min() >= 0.0 and p.max() <= 1.0):
            first = start + int(np.argmin((p >= 0.0) & (p <= 1.0)))
            index = [int(i) for i in np.unravel_index(first, array.shape)]
            value = float(flat[first])
            raise InputError(f"{name}: dropout probability has to be between 0 and 1, but got {value} at {index}")
        p *= 2.0**32
        np.rint(p, out=p)
        thresholds[start : start + CHUNK] = p
        np.subtract(2.0**32, p, out=p)
        with np.errstate(divide="ignore"):
            np.divide(2.0**32, p, out=p)
        p[p == np.inf] = 0.0
        scales[start : start + CHUNK] = p
    return Rates(thresholds.view(np.uint64).reshape(array.shape), scales.reshape(array.shape))


def broadcast(shape: Sequence[int], smaller: Sequence[int], name: str) -> Shape:
    """Return `smaller` with leading 1s up to the dimensions of `shape`. Raise InputError if it does not broadcast."""
    padded = (1,) * (len(shape) - len(smaller)) + tuple(smaller)
    if len(padded) != len(shape) or any(m not in (1, n) for m, n in zip(padded, shape, strict=True)):
        raise InputError(f"{name}: expected a shape that broadcasts to {tuple(shape)}, got {tuple(smaller)}")
    return padded


class Layout(NamedTuple):
    """An array as rows of equal length, and the start and stride of each row in arrays that broadcast to it."""

    columns: int
    starts: list[NDArray[np.int64]]
    strides: list[int]  # 1, or 0 for one element per row


def row_layout(shape: Shape, *shapes: Shape) -> Layout:
    """Return the longest rows in which each broadcast array has one element, or one for each element of the row.

    All shapes have the same number of dimensions.
    """
    first, strides = len(shape), [-1] * len(shapes)
    for axis in reversed(range(len(shape))):
        if shape[axis] != 1:
            candidates = [int(other[axis] != 1) for other in shapes]
            if any(stride not in (-1, new) for stride, new in zip(strides, candidates, strict=True)):
                break
            strides = candidates
        first = axis
    columns = math.prod(shape[first:])
    starts = []
    for other, stride in zip(shapes, strides, strict=True):
        length = math.prod(other[first:]) if stride == 1 else 1
        indices = np.arange(math.prod(other[:first]), dtype=np.int64).reshape(other[:first]) * length
        starts.append(np.array(np.broadcast_to(indices, shape[:first]), order="C").reshape(-1))
    return Layout(max(columns, 1), starts, [max(stride, 0) for stride in strides])


def merge_short_rows(size: int, layout: Layout, *values: NDArray[Any]) -> tuple[Layout, list[NDArray[Any]]]:
    """Merge short rows into longer ones, if all rows use the same elements of the flat arrays `values`."""
    columns, (starts,), (stride,) = layout
    repeats = -(-SHORT // columns)
    if size <= columns or repeats == 1 or starts.any():
        return layout, list(values)
    columns *= repeats
    starts = np.zeros(-(-size // columns), np.int64)
    return Layout(columns, [starts], [stride]), [np.tile(array, repeats) if stride else array for array in values]
