"""Dropout masks: the contract of `kernels.scalar.philox`, 64 elements at a time."""

import numpy as np

from ...core.jit import kernel, scalar, serial_loop
from ..scalar.philox import MASK16, SEVEN, SHIFT3, SHIFT16, TIE_STREAM
from ..simd import LANES, draw, load_bytes, parallel, store_bytes, vector

CHUNK = 1 << 13  # elements of a thread's chunk: no result depends on it
SERIAL = 1 << 14  # elements up to which one thread is faster than two

NO_BITS = np.uint64(0)
ALL_BITS = np.uint64(2**64 - 1)
BIT = np.uint64(1)
LAST_LANE = np.uint64(63)
GROUP_BLOCKS = np.uint64(8)  # blocks of a group of 64 elements


@scalar
def chunk_size(n):
    """Return the number of elements of a chunk, for n elements."""
    return CHUNK if n > SERIAL else max(n, 1)


@scalar
def _resolve_ties(bits, ties, block, threshold, k0, k1, stream, step):
    """Resolve ties (one element in 65,536): compare the tie stream's number with the threshold's low half."""
    low_bits, _ = draw(block, (threshold & MASK16) << SHIFT16, k0, k1, stream | TIE_STREAM, step)
    return bits & (low_bits | ~ties)


@scalar
def _next_bits(needed, block, threshold, k0, k1, stream, step):
    """Return the mask of the 64 elements that begin with a block, or 0 if at most the previous 64 are needed."""
    bits = NO_BITS
    if needed > LANES:
        bits, ties = draw(block, threshold, k0, k1, stream, step)
        if ties:
            bits = _resolve_ties(bits, ties, block, threshold, k0, k1, stream, step)
    return bits


@scalar
def _join_groups(bits, following, lane):
    """Return 64 bits that begin at lane 0..7 of one group. The last bits come from the following group."""
    return (bits >> lane) | ((following << (LAST_LANE - lane)) << BIT)


@scalar
def first_bits(n):
    """Return a word with the lowest n bits set, or all if n >= 64."""
    return ALL_BITS if n >= LANES else (BIT << np.uint64(n)) - BIT


def for_each_group(write):
    """Return the loop that draws the mask of elements start .. stop - 1, 64 at a time, and calls `write` with it.

    write(j, left, bits, operands) is a `scalar`. Bit i belongs to element j + i, and `left` elements remain.
    """

    @scalar
    def loop(start, stop, operands, threshold, k0, k1, stream, step, offset):
        """Draw groups of 64 that begin with a block, and join neighbours if the first element does not."""
        first = offset + np.uint64(start)
        block, lane = first >> SHIFT3, first & SEVEN
        bits = NO_BITS
        for j in range(start - LANES, stop, LANES):
            following = _next_bits(np.int64(lane) + stop - j, block, threshold, k0, k1, stream, step)
            if j >= start:
                write(j, stop - j, _join_groups(bits, following, lane), operands)
            bits = following
            block += GROUP_BLOCKS

    return loop


@scalar
def _write_mask(j, left, bits, mask):
    if left >= LANES:
        store_bytes(mask, j, bits)
    else:
        for i in range(left):
            mask[j + i] = (bits >> np.uint64(i)) & BIT


_sample_groups = for_each_group(_write_mask)


@parallel
@serial_loop
def _sample_chunks(chunk, size, mask, threshold, k0, k1, stream, step, offset):
    start = chunk * size
    _sample_groups(start, min(start + size, mask.size), mask, threshold, k0, k1, stream, step, offset)


@kernel
def sample_mask(mask, threshold, k0, k1, stream, step, offset):
    """Write True for kept elements.

    mask (n,) bool. Element i of mask is element offset + i of the stream.
    """
    size = chunk_size(mask.size)
    chunks = (mask.size + size - 1) // size
    _sample_chunks(chunks, (size, mask, threshold, k0, k1, stream, step, offset))


@scalar
def _write_packed(j, left, bits, packed):
    """Write 64 bits, or the `left` ones, to bytes."""
    if left >= LANES:
        word_bytes = vector(packed, j >> 3, 8)
        for byte in range(8):  # LLVM merges them into one store
            word_bytes[byte] = bits >> np.uint64(8 * byte)
    else:
        word = bits & first_bits(left)
        for byte in range((left + 7) >> 3):
            packed[(j >> 3) + byte] = word >> np.uint64(8 * byte)


_pack_groups = for_each_group(_write_packed)


@parallel
@serial_loop
def _pack_chunks(chunk, size, packed, n, threshold, k0, k1, stream, step, offset):
    start = chunk * size
    _pack_groups(start, min(start + size, n), packed, threshold, k0, k1, stream, step, offset)


@kernel
def sample_packed_mask(packed, n, threshold, k0, k1, stream, step, offset):
    """Write bit j & 7 of byte j >> 3 as 1 if element offset + j is kept. The bits from n on are 0.

    packed (ceil(n / 8),) uint8
    """
    size = chunk_size(n)
    _pack_chunks((n + size - 1) // size, (size, packed, n, threshold, k0, k1, stream, step, offset))


@scalar
def bits_at(mask, start, left):
    """Return 64 elements of a mask from `start` on, or the remaining `left`."""
    bits = NO_BITS
    if left >= LANES:
        bits = load_bytes(mask, start)
    else:
        for i in range(left):
            if mask[start + i]:
                bits |= BIT << np.uint64(i)
    return bits


@scalar
def packed_bits_at(packed, start, left):
    """Return 64 elements of a packed mask from byte `start` on, or the remaining `left`, rounded up to a byte."""
    bits = NO_BITS
    for byte in range(min((left + 7) >> 3, 8)):
        bits |= np.uint64(packed[start + byte]) << np.uint64(8 * byte)
    return bits


@parallel
@serial_loop
def _pack_mask_chunks(chunk, size, packed, mask):
    for j in range(chunk * size, min((chunk + 1) * size, mask.size), LANES):
        _write_packed(j, mask.size - j, bits_at(mask, j, mask.size - j), packed)


@kernel
def pack_mask(packed, mask):
    """Write the bits of a mask. The bits after its end are 0.

    packed (ceil(n / 8),) uint8, mask (n,) bool
    """
    size = chunk_size(mask.size)
    _pack_mask_chunks((mask.size + size - 1) // size, (size, packed, mask))


@parallel
@serial_loop
def _unpack_chunks(chunk, size, mask, packed):
    for j in range(chunk * size, min((chunk + 1) * size, mask.size), LANES):
        _write_mask(j, mask.size - j, packed_bits_at(packed, j >> 3, mask.size - j), mask)


@kernel
def unpack_mask(mask, packed):
    """Write True for set bits.

    mask (n,) bool, packed (ceil(n / 8),) uint8
    """
    size = chunk_size(mask.size)
    _unpack_chunks((mask.size + size - 1) // size, (size, mask, packed))
