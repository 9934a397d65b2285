"""The rectified linear unit."""

import numpy as np
from numba import prange

from ..._jit import kernel, span
from ..pointwise import relu, relu_derivative
from ..simd import threads
from .mask import PART, SERIAL


@span
def _forward_span(out, inp, start, stop):
    for i in range(start, stop):
        out[i] = relu(inp[i])


@kernel
def relu_forward(out, inp):
    """Write x where it is positive or NaN, else +0; out may be inp."""
    # out (n,), inp (n,)
    n = inp.size
    if n <= SERIAL or threads() == 1:
        _forward_span(out, inp, np.int64(0), n)
    else:
        for part in prange((n + PART - 1) // PART):
            start = np.int64(part) * PART
            _forward_span(out, inp, start, min(start + PART, n))


@span
def _backward_span(dinp, dout, out, start, stop):
    for i in range(start, stop):
        dinp[i] = relu_derivative(dout[i], out[i])


@kernel
def relu_backward(dinp, dout, out):
    """Write the gradient where the output is positive, else +0; dinp may be dout."""
    # dinp (n,), dout (n,), out (n,)
    n = out.size
    if n <= SERIAL or threads() == 1:
        _backward_span(dinp, dout, out, np.int64(0), n)
    else:
        for part in prange((n + PART - 1) // PART):
            start = np.int64(part) * PART
            _backward_span(dinp, dout, out, start, min(start + PART, n))
