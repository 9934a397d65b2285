"""Losses of values that are a function of each output and its target, with one thread block per row."""

import numpy as np
from numba import cuda, float32

from ...core.jit import device_kernel
from ..scalar.constants import ZERO
from ._launch import ROW_THREADS, launch_rows
from .reductions import tree_sum

__all__ = ["forward_of", "write_gradient"]


def forward_of(loss):
    """Return the kernel over a batch for a `scalar` loss(z, target), which returns the loss and its derivative."""

    @device_kernel
    def forward(losses, correct, slopes, out, target):
        """Write the mean loss of a row, 0 as correct, and the derivatives of the outputs' losses."""
        i, thread = cuda.blockIdx.x, cuda.threadIdx.x
        columns = out.shape[1]
        values = cuda.shared.array(ROW_THREADS, float32)
        total = ZERO
        for k in range(thread, columns, ROW_THREADS):
            value, slope = loss(out[i, k], target[i, k])
            slopes[i, k] = slope
            total += value
        values[thread] = total
        total = tree_sum(values, thread)
        if thread == 0:
            losses[i] = total / np.float32(columns)
            correct[i] = 0

    return forward


@device_kernel
def _scale(dout, slopes, scale):
    """Write the gradient of a row."""
    i = cuda.blockIdx.x
    for k in range(cuda.threadIdx.x, dout.shape[1], ROW_THREADS):
        dout[i, k] = slopes[i, k] * scale


def write_gradient(dout, slopes, batch_rows, factor=1):
    """Write the gradient of the mean over all elements: factor * slopes / (B K). dout may be slopes."""
    rows, columns = dout.shape
    launch_rows(_scale, rows, dout, slopes, np.float32(factor / ((batch_rows or rows) * columns)))
