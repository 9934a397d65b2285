"""Random bits of the counter-based generator, in streams without masks."""

import numpy as np

from ...core.jit import kernel
from ..scalar.philox import ONE, SHIFT32, block_words


@kernel
def random_bits(out, k0, k1, stream, step, offset):
    """Write 64-bit words: pair i & 1 of block i >> 1, low word first.

    out (n,) uint64. Element i of out is element offset + i of the stream.
    """
    for j in range(out.size):
        i = offset + np.uint64(j)
        w0, w1, w2, w3 = block_words(i >> ONE, stream, step, k0, k1)
        out[j] = (w3 << SHIFT32 | w2) if i & ONE else (w1 << SHIFT32 | w0)
