"""Philox4x32-10 and the mask contract, version 1: scalar functions, written once for all targets.

Its sections are the generator, the words of one block, and the streams. All words are `uint64` with 32-bit
values, and every constant is typed, because Numba converts mixed signedness to float64. docs/mask.md states the
contract, with test vectors.
"""

import numpy as np

from ...core.jit import overridable, scalar

# ---------------------------------------------------------------- the generator

# Multipliers and key increments of Philox4x32 (Salmon et al., SC 2011, section 4.3): the increments are the golden
# ratio and sqrt(3) - 1, as 32-bit fractions.
M0 = np.uint64(0xD2511F53)
M1 = np.uint64(0xCD9E8D57)
W0 = np.uint64(0x9E3779B9)
W1 = np.uint64(0xBB67AE85)
MASK32 = np.uint64(0xFFFFFFFF)
SHIFT32 = np.uint64(32)


@overridable
def product(a, b):
    """Return the 64-bit product of two words. CUDA overrides it with one instruction instead of a 64-bit product."""
    return a * b


@overridable
def philox_round(c0, c1, c2, c3, k0, k1):
    """Apply one round, and return the counter and the next round's key.

    The high halves of two 32 x 32 -> 64-bit products are xored with the other words and the key.
    """
    product0 = product(M0, c0)
    product1 = product(M1, c2)
    return (
        (product1 >> SHIFT32) ^ c1 ^ k0,
        product1 & MASK32,
        (product0 >> SHIFT32) ^ c3 ^ k1,
        product0 & MASK32,
        (k0 + W0) & MASK32,
        (k1 + W1) & MASK32,
    )


@scalar
def philox4x32(c0, c1, c2, c3, k0, k1):
    """Return four 32-bit words for a counter of four words and a key of two words (ten rounds, unrolled by hand).

    A loop over the rounds would prevent LLVM from vectorizing the caller's loop.
    """
    c0, c1, c2, c3, k0, k1 = philox_round(c0, c1, c2, c3, k0, k1)
    c0, c1, c2, c3, k0, k1 = philox_round(c0, c1, c2, c3, k0, k1)
    c0, c1, c2, c3, k0, k1 = philox_round(c0, c1, c2, c3, k0, k1)
    c0, c1, c2, c3, k0, k1 = philox_round(c0, c1, c2, c3, k0, k1)
    c0, c1, c2, c3, k0, k1 = philox_round(c0, c1, c2, c3, k0, k1)
    c0, c1, c2, c3, k0, k1 = philox_round(c0, c1, c2, c3, k0, k1)
    c0, c1, c2, c3, k0, k1 = philox_round(c0, c1, c2, c3, k0, k1)
    c0, c1, c2, c3, k0, k1 = philox_round(c0, c1, c2, c3, k0, k1)
    c0, c1, c2, c3, k0, k1 = philox_round(c0, c1, c2, c3, k0, k1)
    c0, c1, c2, c3, _, _ = philox_round(c0, c1, c2, c3, k0, k1)
    return c0, c1, c2, c3


# ---------------------------------------------------------------- the words of one block

SHIFT3 = np.uint64(3)
SHIFT16 = np.uint64(16)
MASK16 = np.uint64(0xFFFF)
ONE = np.uint64(1)
SEVEN = np.uint64(7)
TIE_STREAM = np.uint64(1 << 31)


@scalar
def block_words(block, stream, step, k0, k1):
    """Return the four words of a block (64 bits) of a stream (32 bits) at a step (32 bits)."""
    return philox4x32(block & MASK32, block >> SHIFT32, step, stream, k0, k1)


# ---------------------------------------------------------------- streams

# Bits 30..24 of a stream are its purpose, bits 23..0 the site, counted from 0 in the network.
PURPOSE = {
    "dropout": 0 << 24,
    "initialisation": 1 << 24,
    "shuffling": 2 << 24,
    "splitting": 3 << 24,
    "monte carlo": 4 << 24,
    "noise": 5 << 24,
    "synthetic data": 6 << 24,
    "search": 7 << 24,
}
