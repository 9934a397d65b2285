"""Probabilities as kernels take them, in arrays too; and smaller arrays that are broadcast, as rows of larger ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays.convert import on_host
from ..core.errors import InputError

__all__ = ["Layout", "Rates", "broadcast", "rates_of", "rows_of"]

PIECE = 1 << 14  # probabilities that are looked at in one go: they stay in the caches
SHORT = 1024  # columns: rows that are shorter are joined where they can be

Shape = tuple[int, ...]


class Rates(NamedTuple):
    """Probabilities of dropping, in an array of any shape, as thresholds and scales."""

    thresholds: NDArray[np.uint64]
    scales: NDArray[Any]


def rates_of(p: Any, dtype: Any, name: str = "p") -> Rates:
    """Return an array of probabilities of [0, 1] as thresholds, and scales for arrays of a dtype."""
    try:
        array = on_host(p)
    except ValueError:  # lists of several lengths
        raise TypeError(f"{name}: expected a number or an array of numbers, got {p!r}") from None
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name}: expected a number or an array of numbers, got {array.dtype}")
    flat = array.reshape(-1)
    thresholds = np.empty(flat.size, np.int64)  # to which NumPy converts faster
    scales = np.empty(flat.size, np.float64 if dtype == np.float64 else np.float32)
    for start in range(0, flat.size, PIECE):
        p = flat[start : start + PIECE].astype(np.float64)
        if not (p.min() >= 0.0 and p.max() <= 1.0):
            first = start + int(np.argmin((p >= 0.0) & (p <= 1.0)))
            place = [int(i) for i in np.unravel_index(first, array.shape)]
            value = float(flat[first])
            raise InputError(f"{name}: dropout probability has to be between 0 and 1, but got {value} at {place}")
        p *= 2.0**32
        np.rint(p, out=p)
        thresholds[start : start + PIECE] = p
        np.subtract(2.0**32, p, out=p)
        with np.errstate(divide="ignore"):
            np.divide(2.0**32, p, out=p)
        p[p == np.inf] = 0.0
        scales[start : start + PIECE] = p
    return Rates(thresholds.view(np.uint64).reshape(array.shape), scales.reshape(array.shape))


def broadcast(shape: Sequence[int], smaller: Sequence[int], name: str) -> Shape:
    """Return a smaller shape with as many dimensions as a larger one, after making sure that it broadcasts to it."""
    there = (1,) * (len(shape) - len(smaller)) + tuple(smaller)
    if len(there) != len(shape) or any(own not in (1, n) for own, n in zip(there, shape, strict=True)):
        raise InputError(f"{name}: expected a shape that broadcasts to {tuple(shape)}, got {tuple(smaller)}")
    return there


class Layout(NamedTuple):
    """An array as rows, and where each begins in smaller arrays: `masked` in the kernels says how."""

    columns: int
    starts: list[NDArray[np.int64]]
    steps: list[int]


def rows_of(shape: Shape, *smaller: Shape) -> Layout:
    """Cut an array in rows as long as can be, in each of which a smaller array has one element, or one for each.

    The smaller shapes have as many dimensions, and broadcast.
    """
    first, steps = len(shape), [-1] * len(smaller)
    for axis in reversed(range(len(shape))):
        if shape[axis] != 1:
            here = [int(own[axis] != 1) for own in smaller]
            if any(step not in (-1, now) for step, now in zip(steps, here, strict=True)):
                break
            steps = here
        first = axis
    columns = math.prod(shape[first:])
    starts = []
    for own, step in zip(smaller, steps, strict=True):
        length = math.prod(own[first:]) if step == 1 else 1
        numbers = np.arange(math.prod(own[:first]), dtype=np.int64).reshape(own[:first]) * length
        starts.append(np.array(np.broadcast_to(numbers, shape[:first]), order="C").reshape(-1))
    return Layout(max(columns, 1), starts, [max(step, 0) for step in steps])


def joined(size: int, layout: Layout, *values: NDArray[Any]) -> tuple[Layout, list[NDArray[Any]]]:
    """Let short rows that all have the same elements become fewer longer ones, of flat arrays of one smaller shape."""
    columns, (starts,), (step,) = layout
    times = -(-SHORT // columns)
    if size <= columns or times == 1 or starts.any():
        return layout, list(values)
    columns *= times
    starts = np.zeros(-(-size // columns), np.int64)
    return Layout(columns, [starts], [step]), [np.tile(own, times) if step else own for own in values]
