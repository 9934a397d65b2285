"""The rectified linear unit."""

import numpy as np
from numba import prange

from ..._jit import kernel
from ..pointwise import relu, relu_derivative
from .mask import PART


@kernel
def relu_forward(out, inp):
    """Write x where it is positive or NaN, else +0; out may be inp."""
    # out (n,), inp (n,)
    n = inp.size
    for part in prange((n + PART - 1) // PART):
        start = np.int64(part) * PART
        for i in range(start, min(start + PART, n)):
            out[i] = relu(inp[i])


@kernel
def relu_backward(dinp, dout, out):
    """Write the gradient where the output is positive, else +0; dinp may be dout."""
    # dinp (n,), dout (n,), out (n,)
    n = out.size
    for part in prange((n + PART - 1) // PART):
        start = np.int64(part) * PART
        for i in range(start, min(start + PART, n)):
            dinp[i] = relu_derivative(dout[i], out[i])
