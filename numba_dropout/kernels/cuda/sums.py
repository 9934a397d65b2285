"""Sums over the threads of a block, in an order that depends on their number alone: no atomic operations."""

from numba import cuda

from ...core.jit import device_function

__all__ = ["tree_sum"]


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
