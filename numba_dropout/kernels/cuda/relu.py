"""The rectified linear unit (ReLU), with one element per thread."""

from numba import cuda

from ...core.jit import device_kernel
from ..scalar.activations.relu import relu, relu_derivative
from ._half import CONVERSIONS
from ._launch import launch


def _build_kernels(widen, narrow):
    """Return the kernels for one dtype, with its conversions to and from float32."""

    @device_kernel
    def forward(out, inp):
        """Write one element per thread."""
        i = cuda.grid(1)
        if i < out.size:
            out[i] = narrow(relu(widen(inp[i])))

    @device_kernel
    def backward(dinp, dout, out):
        """Write one gradient per thread."""
        i = cuda.grid(1)
        if i < dinp.size:
            dinp[i] = narrow(relu_derivative(widen(dout[i]), widen(out[i])))

    return forward, backward


_FORWARD, _BACKWARD = (
    dict(zip(CONVERSIONS, kernels, strict=True))
    for kernels in zip(*(_build_kernels(*conversions) for conversions in CONVERSIONS.values()), strict=True)
)


def relu_forward(out, inp):
    """Write inp where it is positive or NaN, else +0. out may be inp.

    out (n,), inp (n,)
    """
    launch(_FORWARD[str(out.dtype)], out.size, out, inp)


def relu_backward(dinp, dout, out):
    """Write the gradient where the output is positive, else +0. dinp may be dout.

    dinp (n,), dout (n,), out (n,)
    """
    launch(_BACKWARD[str(dinp.dtype)], dinp.size, dinp, dout, out)
