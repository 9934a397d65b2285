"""Batches: rows of the data, standardised on their way into the network."""

import numpy as np
from numba import prange

from ..._jit import kernel, span
from ..simd import threads

PART = 64  # rows of a thread's part
SERIAL = 1 << 13  # up to this many elements one thread does it


@span
def _gather_part(out, data, rows, shift, scale, start, stop):
    for i in range(start, stop):
        row = rows[i]
        for j in range(data.shape[1]):
            out[i, j] = (np.float64(data[row, j]) - shift[j]) * scale[j]


@kernel
def gather_rows(out, data, rows, shift, scale):
    """Write (data[rows] - shift) * scale, computed in float64 and rounded once."""
    # out (B, C), data (N, C), rows (B,) int64, shift (C,) float64, scale (C,) float64
    n = rows.size
    if n * data.shape[1] <= SERIAL or threads() == 1:
        _gather_part(out, data, rows, shift, scale, np.int64(0), n)
    else:
        for part in prange((n + PART - 1) // PART):
            start = np.int64(part) * PART
            _gather_part(out, data, rows, shift, scale, start, min(start + PART, n))


@kernel(parallel=False)
def gather_labels(out, labels, rows):
    """Write labels[rows]."""
    # out (B,) int64, labels (N,) int64, rows (B,) int64
    for i in range(rows.size):
        out[i] = labels[rows[i]]
