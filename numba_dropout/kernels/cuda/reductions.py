"""Sums in float64, in a fixed order, without atomic operations."""

import numpy as np
from numba import cuda, float64

from ...core.jit import device_function, device_kernel
from ..scalar.constants import SUMS
from ._launch import ROW, THREADS, launch_blocks, launch_rows, size_of_grid

__all__ = ["batch_totals", "blocks_for", "launch_squares", "sum_of_blocks", "tree_sum"]


@device_function
def tree_sum(values, thread):
    """Return the sum of an array in shared memory, whose size is a power of two, to all threads of the block.

    Each thread has written its own element, and the array may be written again once all have returned.
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
def sum_of_blocks(sums, blocks, values, thread):
    """Return the sum of what so many blocks have left, to all threads of one block; values are in shared memory."""
    total = np.float64(0)
    for i in range(thread, blocks, THREADS):
        total += sums[i]
    values[thread] = total
    return tree_sum(values, thread)


def blocks_for(items):
    """Return how many blocks sum so many items: with fewer than SUMS, each thread has one at most."""
    return max(min(size_of_grid(items, THREADS), SUMS), 1)


def launch_squares(sums, flat):
    """Let blocks leave the sums of squares of their parts of an array (n,), and return how many there are."""
    blocks = blocks_for(flat.size)
    launch_blocks(_squares, blocks, THREADS, sums, flat)
    return blocks


@device_kernel
def _totals(out, losses, correct):
    thread = cuda.threadIdx.x
    values = cuda.shared.array(ROW, float64)
    loss, hit = np.float64(0), np.float64(0)
    for i in range(thread, losses.size, ROW):
        loss += losses[i]
        hit += correct[i]
    values[thread] = loss
    loss = tree_sum(values, thread)
    values[thread] = hit
    hit = tree_sum(values, thread)
    if thread == 0:
        out[0] = loss
        out[1] = hit


def batch_totals(out, losses, correct):
    """Write the sums of the rows' losses and correct predictions.

    out (2,) float64, losses (B,), correct (B,)
    """
    launch_rows(_totals, 1, out, losses, correct)
