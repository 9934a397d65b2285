"""ReLU, then scaled dropout, in one pass; the backward pass needs no mask."""

import numpy as np
from numba import prange

from ..._jit import kernel, span
from ..pointwise import ZERO, relu, relu_dropout_derivative
from ..simd import scratch, threads
from .mask import CHUNK, PART, SERIAL, fill_mask


@span
def _relu_dropout_span(out, inp, threshold, scale, k0, k1, stream, step, offset, start, stop):
    mask = scratch(CHUNK, np.bool_)
    for first in range(start, stop, CHUNK):
        size = min(CHUNK, stop - first)
        if threshold:
            fill_mask(mask[:size], threshold, k0, k1, stream, step, offset + np.uint64(first))
            for j in range(size):
                out[first + j] = relu(inp[first + j]) * scale if mask[j] else ZERO
        else:
            for j in range(first, first + size):
                out[j] = relu(inp[j])


@kernel
def relu_dropout_forward(out, inp, threshold, scale, k0, k1, stream, step, offset):
    """Write relu(x) * scale where kept, else +0; threshold 0 leaves dropout out; out may be inp."""
    # out (n,), inp (n,)
    n = inp.size
    if n <= SERIAL or threads() == 1:
        _relu_dropout_span(out, inp, threshold, scale, k0, k1, stream, step, offset, np.int64(0), n)
    else:
        for part in prange((n + PART - 1) // PART):
            start = np.int64(part) * PART
            stop = min(start + PART, n)
            _relu_dropout_span(out, inp, threshold, scale, k0, k1, stream, step, offset, start, stop)


@span
def _derivative_span(dinp, dout, out, scale, start, stop):
    for i in range(start, stop):
        dinp[i] = relu_dropout_derivative(dout[i], out[i], scale)


@kernel
def relu_dropout_backward(dinp, dout, out, scale):
    """Write the gradient times scale where the output is positive, else +0; dinp may be dout.

    An output is positive exactly where it was kept and its input was positive, so its sign is all that is needed;
    defined for outputs that are not NaN.
    """
    # dinp (n,), dout (n,), out (n,)
    n = out.size
    if n <= SERIAL or threads() == 1:
        _derivative_span(dinp, dout, out, scale, np.int64(0), n)
    else:
        for part in prange((n + PART - 1) // PART):
            start = np.int64(part) * PART
            _derivative_span(dinp, dout, out, scale, start, min(start + PART, n))
