"""Batches: rows of the data, standardised on their way into the network, a row a block."""

import numpy as np
from numba import cuda

from ..._jit import device_kernel
from .launch import ROW, launch, launch_rows


@device_kernel
def _gather(out, data, rows, shift, scale):
    i = cuda.blockIdx.x
    row = rows[i]
    for j in range(cuda.threadIdx.x, data.shape[1], ROW):
        out[i, j] = (np.float64(data[row, j]) - shift[j]) * scale[j]


def gather_rows(out, data, rows, shift, scale):
    """Write (data[rows] - shift) * scale, computed in float64 and rounded once."""
    # out (B, C), data (N, C), rows (B,) int64, shift (C,) float64, scale (C,) float64
    launch_rows(_gather, rows.size, out, data, rows, shift, scale)


@device_kernel
def _gather_labels(out, labels, rows):
    i = cuda.grid(1)
    if i < rows.size:
        out[i] = labels[rows[i]]


def gather_labels(out, labels, rows):
    """Write labels[rows]."""
    # out (B,) int64, labels (N,) int64, rows (B,) int64
    launch(_gather_labels, rows.size, out, labels, rows)
