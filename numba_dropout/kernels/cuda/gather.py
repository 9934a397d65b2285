"""Batches: gathered and standardized rows of the data."""

import numpy as np
from numba import cuda

from ...core.jit import device_kernel
from ._launch import ROW_THREADS, launch, launch_rows


@device_kernel
def _gather(out, data, rows, offset, scale):
    """Gather one row with one thread block."""
    i = cuda.blockIdx.x
    row = rows[i]
    for j in range(cuda.threadIdx.x, data.shape[1], ROW_THREADS):
        out[i, j] = (np.float64(data[row, j]) - offset[j]) * scale[j]


def gather_rows(out, data, rows, offset, scale):
    """Write (data[rows] - offset) * scale, computed in float64 and rounded once.

    out (B, C), data (N, C), rows (B,) int64, offset (C,) float64, scale (C,) float64
    """
    launch_rows(_gather, rows.size, out, data, rows, offset, scale)


@device_kernel
def _gather_sparse(out, values, columns, starts, rows, offset, scale):
    """Gather one sparse row with one thread block: first its zeros, then its values."""
    i, thread = cuda.blockIdx.x, cuda.threadIdx.x
    for j in range(thread, out.shape[1], ROW_THREADS):
        out[i, j] = (np.float64(0) - offset[j]) * scale[j]
    cuda.syncthreads()
    for entry in range(starts[rows[i]] + thread, starts[rows[i] + 1], ROW_THREADS):
        j = columns[entry]
        out[i, j] = (np.float64(values[entry]) - offset[j]) * scale[j]


def gather_sparse_rows(out, values, columns, starts, rows, offset, scale):
    """Write (data[rows] - offset) * scale for sparse rows (CSR), computed in float64 and rounded once.

    Row r has values[starts[r] : starts[r + 1]], and zeros elsewhere. The column indices are columns[starts[r] :
    starts[r + 1]], without duplicates.

    out (B, C), values (V,), columns (V,) and starts (N + 1,) integers, rows (B,) int64, offset (C,) and scale (C,)
    float64
    """
    launch_rows(_gather_sparse, rows.size, out, values, columns, starts, rows, offset, scale)


@device_kernel
def _gather_values(out, values, rows):
    """Gather one value per thread."""
    i = cuda.grid(1)
    if i < rows.size:
        out[i] = values[rows[i]]


def gather(out, values, rows):
    """Write values[rows].

    out (B,), values (N,), rows (B,) int64
    """
    launch(_gather_values, rows.size, out, values, rows)


@device_kernel
def _scale(rows, factors):
    """Scale one row with one thread block."""
    i = cuda.blockIdx.x
    for j in range(cuda.threadIdx.x, rows.shape[1], ROW_THREADS):
        rows[i, j] *= factors[i]


def scale_rows(rows, factors):
    """Multiply each row by its own factor.

    rows (B, K), factors (B,)
    """
    launch_rows(_scale, rows.shape[0], rows, factors)
