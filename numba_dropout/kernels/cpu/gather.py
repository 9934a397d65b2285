"""Batches: gathered rows of the data, standardized for the network."""

import numpy as np

from ...core.jit import kernel, serial_loop
from ..simd import parallel

CHUNK = 1 << 14  # elements of a thread's chunk, approximately: complete rows
SERIAL = 1 << 13  # elements up to which one thread is used


@parallel
@serial_loop
def _gather_chunks(chunk, size, out, data, rows, offset, scale):
    for i in range(chunk * size, min((chunk + 1) * size, rows.size)):
        row = rows[i]
        for j in range(data.shape[1]):
            out[i, j] = (np.float64(data[row, j]) - offset[j]) * scale[j]


@kernel
def gather_rows(out, data, rows, offset, scale):
    """Write (data[rows] - offset) * scale, computed in float64 and rounded once.

    out (B, C), data (N, C), rows (B,) int64, offset (C,) float64, scale (C,) float64
    """
    size = max(rows.size if out.size <= SERIAL else CHUNK // out.shape[1], 1)
    _gather_chunks((rows.size + size - 1) // size, (size, out, data, rows, offset, scale))


@parallel
@serial_loop
def _gather_sparse_chunks(chunk, size, out, values, columns, starts, rows, offset, scale):
    for i in range(chunk * size, min((chunk + 1) * size, rows.size)):
        for j in range(out.shape[1]):
            out[i, j] = (np.float64(0) - offset[j]) * scale[j]
        for index in range(starts[rows[i]], starts[rows[i] + 1]):
            j = columns[index]
            out[i, j] = (np.float64(values[index]) - offset[j]) * scale[j]


@kernel
def gather_sparse_rows(out, values, columns, starts, rows, offset, scale):
    """Write (data[rows] - offset) * scale for sparse rows (CSR), computed in float64 and rounded once.

    Row r has values[starts[r] : starts[r + 1]], and zeros elsewhere. The column indices are columns[starts[r] :
    starts[r + 1]], without duplicates.

    out (B, C), values (V,), columns (V,) and starts (N + 1,) integers, rows (B,) int64, offset (C,) and scale (C,)
    float64
    """
    size = max(rows.size if out.size <= SERIAL else CHUNK // out.shape[1], 1)
    chunks = (rows.size + size - 1) // size
    _gather_sparse_chunks(chunks, (size, out, values, columns, starts, rows, offset, scale))


@kernel
def gather(out, values, rows):
    """Write values[rows].

    out (B,), values (N,), rows (B,) int64
    """
    for i in range(rows.size):
        out[i] = values[rows[i]]


@kernel
def scale_rows(rows, factors):
    """Multiply each row by its factor.

    rows (B, K), factors (B,)
    """
    for i in range(rows.shape[0]):
        for j in range(rows.shape[1]):
            rows[i, j] *= factors[i]
