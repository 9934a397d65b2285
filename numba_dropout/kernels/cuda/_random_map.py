"""Elements together with the numbers that are drawn for them, four of a block of the stream for a thread."""

import numpy as np
from numba import cuda

from ...core.jit import device_kernel
from ..scalar.philox import block_words
from ._intrinsics import value_of
from ._launch import launch

BLOCK = np.uint64(2)  # four numbers: the logarithm


def for_each_four(read, draw, change):
    """Return the kernel for one way to change an element by a number.

    read(given) returns what is the same for all elements, `how`; draw(how, w0, w1, w2, w3) four numbers;
    change(x, value, number, how) the element.
    """

    @device_kernel
    def changed(out, inp, values, lane, given, k0, k1, stream, step, offset):
        thread = cuda.grid(1)
        start = 4 * thread - lane
        if start < out.size:
            how = read(given)
            w0, w1, w2, w3 = block_words((offset >> BLOCK) + np.uint64(thread), stream, value_of(step), k0, k1)
            z0, z1, z2, z3 = draw(how, w0, w1, w2, w3)
            if start >= 0:
                out[start] = change(inp[start], values[start], z0, how)
            if start >= -1 and start + 1 < out.size:
                out[start + 1] = change(inp[start + 1], values[start + 1], z1, how)
            if start >= -2 and start + 2 < out.size:
                out[start + 2] = change(inp[start + 2], values[start + 2], z2, how)
            if start + 3 < out.size:
                out[start + 3] = change(inp[start + 3], values[start + 3], z3, how)

    return changed


def launch_fours(kernel, out, inp, values, given, k0, k1, stream, step, offset):
    """Run a kernel of `for_each_four`."""
    lane = int(offset) & 3
    launch(kernel, (out.size + lane + 3) >> 2, out, inp, values, lane, given, k0, k1, stream, step, offset)
