"""Random bits of the counter-based generator, in streams without masks.

A thread writes the two words of one block.
"""

import numpy as np
from numba import cuda

from ...core.jit import device_kernel
from ..scalar.philox import ONE, SHIFT32, block_words
from ._launch import launch


@device_kernel
def _bits(out, first, k0, k1, stream, step, offset):
    """Write the two words of one block."""
    thread = cuda.grid(1)
    start = 2 * thread - first
    if start < out.size:
        w0, w1, w2, w3 = block_words((offset >> ONE) + np.uint64(thread), stream, step, k0, k1)
        if start >= 0:
            out[start] = w1 << SHIFT32 | w0
        if start + 1 < out.size:
            out[start + 1] = w3 << SHIFT32 | w2


def random_bits(out, k0, k1, stream, step, offset):
    """Write 64-bit words: pair i & 1 of block i >> 1, low word first.

    out (n,) uint64. Element i of out is element offset + i of the stream.
    """
    first = int(offset) & 1
    launch(_bits, (out.size + first + 1) >> 1, out, first, k0, k1, stream, step, offset)
