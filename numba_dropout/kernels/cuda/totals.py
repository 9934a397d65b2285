"""Sums over a batch, in a fixed order and in float64, by one block."""

import numpy as np
from numba import cuda, float64

from ...core.jit import device_kernel
from ._launch import ROW, launch_rows
from .sums import tree_sum


@device_kernel
def _totals(out, losses, hits):
    thread = cuda.threadIdx.x
    values = cuda.shared.array(ROW, float64)
    loss, hit = np.float64(0), np.float64(0)
    for i in range(thread, losses.size, ROW):
        loss += losses[i]
        hit += hits[i]
    values[thread] = loss
    loss = tree_sum(values, thread)
    values[thread] = hit
    hit = tree_sum(values, thread)
    if thread == 0:
        out[0] = loss
        out[1] = hit


def batch_totals(out, losses, hits):
    """Write the sums of the rows' losses and hits.

    out (2,) float64, losses (B,), hits (B,)
    """
    launch_rows(_totals, 1, out, losses, hits)
