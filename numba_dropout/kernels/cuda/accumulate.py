"""Sums of gradients over the chunks of a batch."""

from numba import cuda

from ...core.jit import device_kernel
from ._launch import launch


@device_kernel
def _accumulate(total, values):
    """Add one value per thread."""
    i = cuda.grid(1)
    if i < total.size:
        total[i] += values[i]


def accumulate(total, values):
    """Add values to a total, in place.

    total (n,), values (n,)
    """
    launch(_accumulate, total.size, total, values)
