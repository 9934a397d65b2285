"""Sums in float64, in a fixed order, without atomic operations."""

import numpy as np
from numba import cuda, float64

from ...core.jit import device_function, device_kernel
from ..scalar.constants import SUMS
from ._launch import ROW_THREADS, THREADS, grid_size, launch_grid, launch_rows

__all__ = ["batch_sums", "launch_squares", "partial_count", "sum_partials", "tree_sum"]


@device_function
def tree_sum(values, thread):
    """Return the sum of an array in shared memory to all threads of the thread block.

    The array's size is a power of two. Each thread has written its own element, and may write it again once all threads
    have returned.
    """
    half = values.size >> 1
    cuda.syncthreads()
    while half:
        if thread < half:
            values[thread] += values[thread + half]
        cuda.syncthreads()
        half >>= 1
    total = values[0]
    cuda.syncthreads()
    return total


@device_kernel
def _squares(sums, flat):
    """Write the sum of squares of one thread block."""
    thread = cuda.threadIdx.x
    values = cuda.shared.array(THREADS, float64)
    total = np.float64(0)
    for i in range(cuda.grid(1), flat.size, SUMS * THREADS):
        total += np.float64(flat[i]) * np.float64(flat[i])
    values[thread] = total
    total = tree_sum(values, thread)
    if thread == 0:
        sums[cuda.blockIdx.x] = total


@device_function
def sum_partials(sums, count, values, thread):
    """Return the sum of the first `count` partial sums to all threads of one thread block.

    values (THREADS,) is a workspace in shared memory.
    """
    total = np.float64(0)
    for i in range(thread, count, THREADS):
        total += sums[i]
    values[thread] = total
    return tree_sum(values, thread)


def partial_count(items):
    """Return the number of partial sums for a number of items. Below SUMS, a thread has at most one item."""
    return max(min(grid_size(items, THREADS), SUMS), 1)


def launch_squares(sums, flat):
    """Write partial sums of the squares of an array (n,), one per thread block, and return their number."""
    count = partial_count(flat.size)
    launch_grid(_squares, count, THREADS, sums, flat)
    return count


@device_kernel
def _batch_sums(out, losses, correct):
    """Write both sums with one thread block."""
    thread = cuda.threadIdx.x
    values = cuda.shared.array(ROW_THREADS, float64)
    loss, correct_count = np.float64(0), np.float64(0)
    for i in range(thread, losses.size, ROW_THREADS):
        loss += losses[i]
        correct_count += correct[i]
    values[thread] = loss
    loss = tree_sum(values, thread)
    values[thread] = correct_count
    correct_count = tree_sum(values, thread)
    if thread == 0:
        out[0] = loss
        out[1] = correct_count


def batch_sums(out, losses, correct):
    """Write the sums of the rows' losses and correct predictions.

    out (2,) float64, losses (B,), correct (B,)
    """
    launch_rows(_batch_sums, 1, out, losses, correct)
