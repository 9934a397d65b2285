"""Scaled ("inverted") dropout: y = x * scale where kept, else +0."""

import numpy as np
from numba import prange

from ..._jit import kernel, span
from ..pointwise import ZERO
from ..simd import scratch, threads
from .mask import CHUNK, PART, SERIAL, fill_mask


@span
def _dropout_span(out, inp, threshold, scale, k0, k1, stream, step, offset, start, stop):
    mask = scratch(CHUNK, np.bool_)
    for first in range(start, stop, CHUNK):
        size = min(CHUNK, stop - first)
        fill_mask(mask[:size], threshold, k0, k1, stream, step, offset + np.uint64(first))
        for j in range(size):
            # a selection, never a product with 0: a dropped NaN must become 0
            out[first + j] = inp[first + j] * scale if mask[j] else ZERO


@kernel
def dropout_forward(out, inp, threshold, scale, k0, k1, stream, step, offset):
    """Write the kept elements times scale, and +0 for the dropped ones; out may be inp."""
    # out (n,), inp (n,)
    n = inp.size
    if n <= SERIAL or threads() == 1:
        _dropout_span(out, inp, threshold, scale, k0, k1, stream, step, offset, np.int64(0), n)
    else:
        for part in prange((n + PART - 1) // PART):
            start = np.int64(part) * PART
            _dropout_span(out, inp, threshold, scale, k0, k1, stream, step, offset, start, min(start + PART, n))


# Dropout is linear in its input: its derivative is itself, with the mask drawn again from the same counters.
dropout_backward = dropout_forward
