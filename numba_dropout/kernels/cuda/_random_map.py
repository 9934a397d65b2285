"""Element-wise kernels with random numbers: one thread per Philox block of the stream, four numbers per block."""

import numpy as np
from numba import cuda

from ...core.jit import device_kernel
from ..scalar.philox import block_words
from ._half import CONVERSIONS
from ._intrinsics import value_of
from ._launch import launch

BLOCK_SHIFT = np.uint64(2)  # base-2 logarithm of the numbers per block


def for_each_four(read, draw, change, dtype="float32"):
    """Return the kernel that changes each element of a dtype of `CONVERSIONS` by a random number.

    read(params) returns `operands`, the same for all elements. draw(operands, w0, w1, w2, w3) returns four numbers.
    change(x, value, number, operands) returns the new element. All numbers are float32.
    """
    widen, narrow = CONVERSIONS[dtype]

    @device_kernel
    def changed(out, inp, values, lane, params, k0, k1, stream, step, offset):
        """Change the four elements of one block."""
        thread = cuda.grid(1)
        start = 4 * thread - lane
        if start < out.size:
            operands = read(params)
            w0, w1, w2, w3 = block_words((offset >> BLOCK_SHIFT) + np.uint64(thread), stream, value_of(step), k0, k1)
            z0, z1, z2, z3 = draw(operands, w0, w1, w2, w3)
            if start >= 0:
                out[start] = narrow(change(widen(inp[start]), widen(values[start]), z0, operands))
            if start >= -1 and start + 1 < out.size:
                out[start + 1] = narrow(change(widen(inp[start + 1]), widen(values[start + 1]), z1, operands))
            if start >= -2 and start + 2 < out.size:
                out[start + 2] = narrow(change(widen(inp[start + 2]), widen(values[start + 2]), z2, operands))
            if start + 3 < out.size:
                out[start + 3] = narrow(change(widen(inp[start + 3]), widen(values[start + 3]), z3, operands))

    return changed


def launch_for_each_four(kernel, out, inp, values, params, k0, k1, stream, step, offset):
    """Run a kernel of `for_each_four`."""
    lane = int(offset) & 3
    launch(kernel, (out.size + lane + 3) >> 2, out, inp, values, lane, params, k0, k1, stream, step, offset)
