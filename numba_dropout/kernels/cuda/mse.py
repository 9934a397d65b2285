"""Mean squared error: over the outputs of a row, then over the rows, with one thread block per row."""

import numpy as np
from numba import cuda, float32

from ...core.jit import device_kernel
from ..scalar.constants import ZERO
from ._launch import ROW_THREADS, launch_rows
from .reductions import tree_sum


@device_kernel
def _forward(losses, correct, residuals, out, target):
    """Write the mean squared error and the residuals of a row."""
    i, thread = cuda.blockIdx.x, cuda.threadIdx.x
    columns = out.shape[1]
    values = cuda.shared.array(ROW_THREADS, float32)
    total = ZERO
    for k in range(thread, columns, ROW_THREADS):
        residual = out[i, k] - target[i, k]
        residuals[i, k] = residual
        total += residual * residual
    values[thread] = total
    total = tree_sum(values, thread)
    if thread == 0:
        losses[i] = total / np.float32(columns)
        correct[i] = 0


def mse_forward(losses, correct, residuals, out, target):
    """Write each row's mean squared error, 0 as correct (a regression has no accuracy), and out - target.

    losses (B,), correct (B,), residuals (B, K), out (B, K), target (B, K). residuals may be out.
    """
    launch_rows(_forward, out.shape[0], losses, correct, residuals, out, target)


@device_kernel
def _backward(dout, residuals, scale):
    """Write the gradient of a row."""
    i = cuda.blockIdx.x
    for k in range(cuda.threadIdx.x, dout.shape[1], ROW_THREADS):
        dout[i, k] = residuals[i, k] * scale


def mse_backward(dout, residuals, target, batch_rows=0):
    """Write the gradient of the mean over all elements: 2 (out - target) / (B K). dout may be residuals.

    dout (B, K), residuals (B, K), target (B, K)

    batch_rows replaces B, for a chunk of a batch.
    """
    launch_rows(
        _backward, dout.shape[0], dout, residuals, np.float32(2 / ((batch_rows or dout.shape[0]) * dout.shape[1]))
    )
