"""Batches: rows of the data, standardised on their way into the network."""

import numpy as np

from ..._jit import kernel, span
from ..simd import parallel

PART = 1 << 14  # elements of a thread's part, about: whole rows
SERIAL = 1 << 13  # up to this many elements one thread does it


@parallel
@span
def _gather_parts(part, size, out, data, rows, shift, scale):
    for i in range(part * size, min((part + 1) * size, rows.size)):
        row = rows[i]
        for j in range(data.shape[1]):
            out[i, j] = (np.float64(data[row, j]) - shift[j]) * scale[j]


@kernel
def gather_rows(out, data, rows, shift, scale):
    """Write (data[rows] - shift) * scale, computed in float64 and rounded once."""
    # out (B, C), data (N, C), rows (B,) int64, shift (C,) float64, scale (C,) float64
    size = max(rows.size if out.size <= SERIAL else PART // out.shape[1], 1)
    _gather_parts((rows.size + size - 1) // size, (size, out, data, rows, shift, scale))


@kernel
def gather_labels(out, labels, rows):
    """Write labels[rows]."""
    # out (B,) int64, labels (N,) int64, rows (B,) int64
    for i in range(rows.size):
        out[i] = labels[rows[i]]
