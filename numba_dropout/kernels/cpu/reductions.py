"""Sums in float64, in an order that depends on the length alone."""

import numpy as np

from ...core.jit import kernel, reordered_loop, scalar
from ..scalar.constants import SUMS
from ..simd import parallel
from .mask import SERIAL

__all__ = ["batch_sums", "sum_chunk_size", "sum_of_squares"]

CHUNK = 1 << 11  # elements of a chunk of a sum, at least


@scalar
def sum_chunk_size(n):
    """Return the number of elements of a chunk of a sum of n elements."""
    return max((n + SUMS - 1) // SUMS, CHUNK) if n > SERIAL else max(n, 1)


@parallel
@reordered_loop
def _square_chunks(chunk, size, sums, values):
    total = np.float64(0)
    for i in range(chunk * size, min((chunk + 1) * size, values.size)):
        total += np.float64(values[i]) * np.float64(values[i])
    sums[chunk] = total


@scalar
def sum_of_squares(sums, values):
    """Return the sum of squares of the values. sums (SUMS,) is scratch memory."""
    size = sum_chunk_size(values.size)
    chunks = (values.size + size - 1) // size
    _square_chunks(chunks, (size, sums, values))
    total = np.float64(0)
    for chunk in range(chunks):
        total += sums[chunk]
    return total


@kernel
def batch_sums(out, losses, correct):
    """Write the sums of the rows' losses and correct predictions.

    out (2,) float64, losses (B,), correct (B,)
    """
    loss_sum, correct_sum = np.float64(0), np.float64(0)
    for i in range(losses.size):
        loss_sum += losses[i]
        correct_sum += correct[i]
    out[0] = loss_sum
    out[1] = correct_sum
