"""Gaussian noise, as a factor (Gaussian dropout) and as a term; a block of four numbers a thread.

Normal numbers are those of `kernels.normal`.
"""

import numpy as np
from numba import cuda

from ..._jit import device_kernel, scalar
from ..normal import normals32
from ..philox import block_words
from ..pointwise import ONE, ZERO
from .blocks import value_of
from .launch import launch

BLOCK = np.uint64(2)  # four numbers: the logarithm


def _each(disturb):
    """Return the kernel for one way to disturb an element by a normal number."""

    @device_kernel
    def disturbed(out, inp, values, lane, deviation, k0, k1, stream, step, offset):
        thread = cuda.grid(1)
        start = 4 * thread - lane
        if start < out.size:
            w0, w1, w2, w3 = block_words((offset >> BLOCK) + np.uint64(thread), stream, value_of(step), k0, k1)
            z0, z1 = normals32(w0, w1)
            z2, z3 = normals32(w2, w3)
            if start >= 0:
                out[start] = disturb(inp[start], values[start], deviation, z0)
            if start >= -1 and start + 1 < out.size:
                out[start + 1] = disturb(inp[start + 1], values[start + 1], deviation, z1)
            if start >= -2 and start + 2 < out.size:
                out[start + 2] = disturb(inp[start + 2], values[start + 2], deviation, z2)
            if start + 3 < out.size:
                out[start + 3] = disturb(inp[start + 3], values[start + 3], deviation, z3)

    return disturbed


@scalar
def _multiply(x, value, deviation, z):
    return x * (ONE + deviation * z)


@scalar
def _add(x, value, deviation, z):
    return x + deviation * z


@scalar
def _pass_back(x, value, deviation, z):
    return x * (ONE + deviation * z) if value != ZERO else ZERO


_DROPOUT, _NOISE, _DERIVATIVE = _each(_multiply), _each(_add), _each(_pass_back)


def gaussian_dropout_forward(out, inp, deviation, k0, k1, stream, step, offset):
    """Write inp * (1 + deviation * z), z standard normal; out may be inp."""
    # out (n,), inp (n,)
    lane = int(offset) & 3
    launch(_DROPOUT, (out.size + lane + 3) >> 2, out, inp, inp, lane, deviation, k0, k1, stream, step, offset)


def add_gaussian_noise(out, inp, deviation, k0, k1, stream, step, offset):
    """Write inp + deviation * z, z standard normal; out may be inp."""
    # out (n,), inp (n,)
    lane = int(offset) & 3
    launch(_NOISE, (out.size + lane + 3) >> 2, out, inp, inp, lane, deviation, k0, k1, stream, step, offset)


def gaussian_relu_derivative(out, inp, values, deviation, k0, k1, stream, step, offset):
    """Pass a gradient back through Gaussian dropout and the ReLU before it, where what they gave is not 0."""
    # out (n,), inp (n,), values (n,)
    lane = int(offset) & 3
    how = out, inp, values, lane, deviation, k0, k1, stream, step, offset
    launch(_DERIVATIVE, (out.size + lane + 3) >> 2, *how)


# Gaussian dropout is linear in its input: its derivative is itself, with the same numbers drawn again.
gaussian_dropout_backward = gaussian_dropout_forward
