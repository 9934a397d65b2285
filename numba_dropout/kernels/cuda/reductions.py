"""The sum of an array's squares, in float64, by so many blocks, and in a fixed order."""

import numpy as np
from numba import cuda, float64

from ...core.jit import device_function, device_kernel
from ..scalar.activations import SUMS
from ._launch import THREADS, launch_blocks, size_of_grid
from .sums import tree_sum

__all__ = ["blocks_for", "launch_squares", "sum_of_blocks"]


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
