"""Uniform numbers and random bits from the counter-based generator, beside the masks' streams."""

import numpy as np

from ..._jit import kernel
from ..philox import ONE, SHIFT32, block_words
from ..pointwise import uniform24, uniform53

TWO = np.uint64(2)


@kernel
def uniform(out, low, high, k0, k1, stream, step, offset):
    """Write numbers of (low, high].

    float32 takes 24 bits of word i & 3 of block i >> 2, float64 53 bits of pair i & 1 of block i >> 1; the
    arithmetic is float64, rounded once.
    """
    # out (n,), element i of out is element offset + i of the stream
    single = out.itemsize == 4
    per_block = TWO if single else ONE  # numbers of a block, as a power of two
    for j in range(out.size):
        i = offset + np.uint64(j)
        w0, w1, w2, w3 = block_words(i >> per_block, stream, step, k0, k1)
        if single:
            pair0, pair1 = (w1, w3) if i & ONE else (w0, w2)
            u = uniform24(pair1 if i & TWO else pair0)
        else:
            u = uniform53(w2, w3) if i & ONE else uniform53(w0, w1)
        out[j] = low + (high - low) * u


@kernel
def random_bits(out, k0, k1, stream, step, offset):
    """Write 64-bit words: pair i & 1 of block i >> 1, low word first."""
    # out (n,) uint64, element i of out is element offset + i of the stream
    for j in range(out.size):
        i = offset + np.uint64(j)
        w0, w1, w2, w3 = block_words(i >> ONE, stream, step, k0, k1)
        out[j] = (w3 << SHIFT32 | w2) if i & ONE else (w1 << SHIFT32 | w0)
