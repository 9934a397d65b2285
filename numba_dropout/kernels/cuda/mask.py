"""Dropout masks: the contract of `kernels.scalar.philox`, with one Philox block of 8 elements per thread."""

import numpy as np
from numba import cuda

from ...core.jit import device_kernel, scalar
from ..scalar.philox import MASK16, SHIFT3, SHIFT16, TIE_STREAM, block_words
from ._intrinsics import store_eight, value_of
from ._launch import aligned, launch

NONE = np.uint32(0)
BITS = tuple(np.uint32(1 << lane) for lane in range(8))


@scalar
def _at_least(words, low):
    """Return eight bits: bit i is 1 if 16-bit number i of a block's words is at least `low`."""
    w0, w1, w2, w3 = words
    return (
        (BITS[0] if (w0 & MASK16) >= low else NONE)
        | (BITS[1] if (w0 >> SHIFT16) >= low else NONE)
        | (BITS[2] if (w1 & MASK16) >= low else NONE)
        | (BITS[3] if (w1 >> SHIFT16) >= low else NONE)
        | (BITS[4] if (w2 & MASK16) >= low else NONE)
        | (BITS[5] if (w2 >> SHIFT16) >= low else NONE)
        | (BITS[6] if (w3 & MASK16) >= low else NONE)
        | (BITS[7] if (w3 >> SHIFT16) >= low else NONE)
    )


@scalar
def _any_equal(words, high):
    """Return True if one of the eight numbers is `high`."""
    w0, w1, w2, w3 = words
    return (
        ((w0 & MASK16) == high)
        | ((w0 >> SHIFT16) == high)
        | ((w1 & MASK16) == high)
        | ((w1 >> SHIFT16) == high)
        | ((w2 & MASK16) == high)
        | ((w2 >> SHIFT16) == high)
        | ((w3 & MASK16) == high)
        | ((w3 >> SHIFT16) == high)
    )


@scalar
def block_bits(block, threshold, k0, k1, stream, step):
    """Return the mask of a block, element i in bit i.

    The numbers of the tie stream resolve ties (one element in 65,536): they are compared with the threshold's low half.
    """
    words = block_words(block, stream, step, k0, k1)
    high = threshold >> SHIFT16
    bits = _at_least(words, high)
    if _any_equal(words, high):
        low_bits = _at_least(block_words(block, stream | TIE_STREAM, step, k0, k1), threshold & MASK16)
        bits &= low_bits | _at_least(words, high + np.uint64(1))
    return bits


def block_count(n, offset):
    """Return the number of blocks of the stream's elements offset .. offset + n - 1, and the first one's lane."""
    lane = int(offset) & 7
    return (n + lane + 7) >> 3, lane


@device_kernel
def _sample(mask, lane, vectorized, threshold, k0, k1, stream, step, offset):
    """Write the eight elements of one block."""
    thread = cuda.grid(1)
    start = 8 * thread - lane
    if start < mask.size:
        bits = block_bits((offset >> SHIFT3) + np.uint64(thread), threshold, k0, k1, stream, value_of(step))
        if vectorized and start + 8 <= mask.size:
            store_eight(
                mask,
                start,
                (
                    bits & BITS[0] != NONE,
                    bits & BITS[1] != NONE,
                    bits & BITS[2] != NONE,
                    bits & BITS[3] != NONE,
                    bits & BITS[4] != NONE,
                    bits & BITS[5] != NONE,
                    bits & BITS[6] != NONE,
                    bits & BITS[7] != NONE,
                ),
            )
        else:
            for i in range(max(-start, 0), min(8, mask.size - start)):
                mask[start + i] = (bits >> np.uint32(i)) & np.uint32(1) != NONE


def sample_mask(mask, threshold, k0, k1, stream, step, offset):
    """Write True where an element is kept.

    mask (n,) bool. Element i of mask is element offset + i of the stream. step may be a one-element array.
    """
    blocks, lane = block_count(mask.size, offset)
    vectorized = lane == 0 and aligned(mask)
    launch(_sample, blocks, mask, lane, vectorized, threshold, k0, k1, stream, step, offset)


@device_kernel
def _pack(packed, n, lane, threshold, k0, k1, stream, step, offset):
    """Write one byte per thread."""
    thread = cuda.grid(1)
    if thread < packed.size:
        block = (offset >> SHIFT3) + np.uint64(thread)
        bits = block_bits(block, threshold, k0, k1, stream, step)
        if lane:  # the byte lies in two blocks
            next_bits = block_bits(block + np.uint64(1), threshold, k0, k1, stream, step)
            bits = bits >> np.uint32(lane) | next_bits << np.uint32(8 - lane)
        count = min(n - 8 * thread, 8)
        packed[thread] = bits & np.uint32((1 << count) - 1)


def sample_packed_mask(packed, n, threshold, k0, k1, stream, step, offset):
    """Write bit j & 7 of byte j >> 3: 1 if element offset + j is kept, else 0. The bits from n on are 0.

    packed (ceil(n / 8),) uint8
    """
    launch(_pack, packed.size, packed, n, int(offset) & 7, threshold, k0, k1, stream, step, offset)


@device_kernel
def _pack_mask(packed, mask):
    """Write one byte per thread."""
    byte = cuda.grid(1)
    if byte < packed.size:
        bits = NONE
        for i in range(min(8, mask.size - 8 * byte)):
            bits |= (np.uint32(1) if mask[8 * byte + i] else NONE) << np.uint32(i)
        packed[byte] = bits


def pack_mask(packed, mask):
    """Write the bits of a mask. The bits from n on are 0.

    packed (ceil(n / 8),) uint8, mask (n,) bool
    """
    launch(_pack_mask, packed.size, packed, mask)


@device_kernel
def _unpack(mask, packed):
    """Write one element per thread."""
    j = cuda.grid(1)
    if j < mask.size:
        mask[j] = (packed[j >> 3] >> np.uint8(j & 7)) & np.uint8(1) != 0


def unpack_mask(mask, packed):
    """Write True where a bit is set.

    mask (n,) bool, packed (ceil(n / 8),) uint8
    """
    launch(_unpack, mask.size, mask, packed)
