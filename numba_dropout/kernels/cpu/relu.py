"""The rectified linear unit."""

from ...core.jit import kernel, serial_loop
from ..scalar.activations.relu import relu, relu_derivative
from ..simd import narrow, parallel, widen
from .mask import chunk_size


@parallel
@serial_loop
def _forward_chunks(chunk, size, out, inp):
    for i in range(chunk * size, min((chunk + 1) * size, out.size)):
        out[i] = narrow(relu(widen(inp[i])), out)


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
    for i in range(chunk * size, min((chunk + 1) * size, out.size)):
        dinp[i] = narrow(relu_derivative(widen(dout[i]), widen(out[i])), dinp)


@kernel
def relu_backward(dinp, dout, out):
    """Write the gradient where the output is positive, else +0. dinp may be dout.

    dinp (n,), dout (n,), out (n,)
    """
    size = chunk_size(out.size)
    _backward_chunks((out.size + size - 1) // size, (size, dinp, dout, out))
