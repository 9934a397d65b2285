"""Sums in float64, in an order that depends on the length alone."""

import numpy as np

from ...core.jit import kernel, reordered_loop, scalar
from ..scalar.constants import SUMS
from ..simd import parallel
from .mask import SERIAL

__all__ = ["batch_totals", "sum_of_squares", "sum_part"]

PART = 1 << 11  # elements of a part of a sum, at least


@scalar
def sum_part(n):
    """Return how many of n elements are one part of a sum."""
    return max((n + SUMS - 1) // SUMS, PART) if n > SERIAL else max(n, 1)


@parallel
@reordered_loop
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


@kernel
def batch_totals(out, losses, correct):
    """Write the sums of the rows' losses and correct predictions.

    out (2,) float64, losses (B,), correct (B,)
    """
    loss, hit = np.float64(0), np.float64(0)
    for i in range(losses.size):
        loss += losses[i]
        hit += correct[i]
    out[0] = loss
    out[1] = hit
