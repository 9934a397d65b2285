"""The rectified linear unit (ReLU), with one element per thread."""

from numba import cuda

from ...core.jit import device_kernel
from ..scalar.activations.relu import relu, relu_derivative
from ._launch import launch


@device_kernel
def _forward(out, inp):
    """Write one element per thread."""
    i = cuda.grid(1)
    if i < out.size:
        out[i] = relu(inp[i])


def relu_forward(out, inp):
    """Write inp where it is positive or NaN, else +0. out may be inp.

    out (n,), inp (n,)
    """
    launch(_forward, out.size, out, inp)


@device_kernel
def _backward(dinp, dout, out):
    """Write one gradient per thread."""
    i = cuda.grid(1)
    if i < dinp.size:
        dinp[i] = relu_derivative(dout[i], out[i])


def relu_backward(dinp, dout, out):
    """Write the gradient where the output is positive, else +0. dinp may be dout.

    dinp (n,), dout (n,), out (n,)
    """
    launch(_backward, dinp.size, dinp, dout, out)
