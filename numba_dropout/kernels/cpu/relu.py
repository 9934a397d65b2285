"""The rectified linear unit.

Elements are selected, not computed: those of half precision are not rounded.
"""

from ...core.jit import kernel, serial_loop
from ..scalar.constants import ZERO
from ..simd import parallel, vector, widen
from .mask import chunk_size


@parallel
@serial_loop
def _forward_chunks(chunk, size, out, inp):
    start = chunk * size
    n, zero = min(size, out.size - start), inp.dtype.type(0)
    out_run, inp_run = vector(out, start, n), vector(inp, start, n)
    for i in range(n):
        element, x = inp_run[i], widen(inp_run[i])
        out_run[i] = element if x > ZERO or x != x else zero


@kernel
def relu_forward(out, inp):
    """Write x where it is positive or NaN, else +0. out may be inp.

    out (n,), inp (n,)
    """
    size = chunk_size(out.size)
    _forward_chunks((out.size + size - 1) // size, (size, out, inp))


@parallel
@serial_loop
def _backward_chunks(chunk, size, dinp, dout, out):
    start = chunk * size
    n, zero = min(size, out.size - start), dout.dtype.type(0)
    dinp_run, dout_run, out_run = vector(dinp, start, n), vector(dout, start, n), vector(out, start, n)
    for i in range(n):
        gradient, y = dout_run[i], widen(out_run[i])  # a load in a branch would not be vectorized
        dinp_run[i] = gradient if y > ZERO else zero


@kernel
def relu_backward(dinp, dout, out):
    """Write the gradient where the output is positive, else +0. dinp may be dout.

    dinp (n,), dout (n,), out (n,)
    """
    size = chunk_size(out.size)
    _backward_chunks((out.size + size - 1) // size, (size, dinp, dout, out))
