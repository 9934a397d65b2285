"""The sum of an array's squares, in float64, in the same parts whatever the threads."""

import numpy as np

from ...core.jit import reordered_span, scalar
from ..scalar.activations import SUMS
from ..simd import parallel
from .mask import SERIAL

__all__ = ["sum_of_squares", "sum_part"]

PART = 1 << 11  # elements of a part of a sum, at least


@scalar
def sum_part(n):
    """Return how many of n elements are one part of a sum."""
    return max((n + SUMS - 1) // SUMS, PART) if n > SERIAL else max(n, 1)


@parallel
@reordered_span
def _square_parts(part, size, sums, values):
    total = np.float64(0)
    for i in range(part * size, min((part + 1) * size, values.size)):
        total += np.float64(values[i]) * np.float64(values[i])
    sums[part] = total


@scalar
def sum_of_squares(sums, values):
    """Return the sum; sums (SUMS,) is to work in."""
    size = sum_part(values.size)
    parts = (values.size + size - 1) // size
    _square_parts(parts, (size, sums, values))
    total = np.float64(0)
    for part in range(parts):
        total += sums[part]
    return total
