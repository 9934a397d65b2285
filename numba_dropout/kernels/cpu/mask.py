"""Sample masks: the contract of `kernels.philox`, 64 elements at a time."""

import numpy as np

from ...core.jit import kernel, scalar, serial_loop
from ..scalar.philox import MASK16, SEVEN, SHIFT3, SHIFT16, TIE_STREAM
from ..simd import LANES, draw, load_bytes, parallel, store_bytes, vector

PART = 1 << 13  # elements of a thread's part: nothing depends on it
SERIAL = 1 << 14  # up to this many elements a second thread costs more than it brings

NONE = np.uint64(0)
ALL = np.uint64(2**64 - 1)
BIT = np.uint64(1)
LAST_LANE = np.uint64(63)
GROUP = np.uint64(8)  # blocks


@scalar
def part_size(n):
    """Return how many of n elements are one part of the work."""
    return PART if n > SERIAL else max(n, 1)


@scalar
def _mended(bits, ties, block, threshold, k0, k1, stream, step):
    """Settle ties (one element in 65,536): the same lookup in the tie stream decides by the threshold's low half."""
    low_bits, _ = draw(block, (threshold & MASK16) << SHIFT16, k0, k1, stream | TIE_STREAM, step)
    return bits & (low_bits | ~ties)


@scalar
def _next_bits(needed, block, threshold, k0, k1, stream, step):
    """Return the mask of the 64 elements that begin with a block, none if no more than the last 64 are needed."""
    bits = NONE
    if needed > LANES:
        bits, ties = draw(block, threshold, k0, k1, stream, step)
        if ties:
            bits = _mended(bits, ties, block, threshold, k0, k1, stream, step)
    return bits


@scalar
def _joined(bits, following, lane):
    """Return 64 bits from lane 0..7 of one group on; the last come from the group that follows."""
    return (bits >> lane) | ((following << (LAST_LANE - lane)) << BIT)


@scalar
def first_bits(n):
    """Return the first n bits set, all from 64 on."""
    return ALL if n >= LANES else (BIT << np.uint64(n)) - BIT


def for_each_group(write):
    """Return the loop that draws the mask of elements start .. stop - 1, 64 at a time, and hands them on.

    write(j, left, bits, how) is a `scalar`: bit i belongs to element j + i, and `left` elements are left.
    """

    @scalar
    def loop(start, stop, how, threshold, k0, k1, stream, step, offset):
        first = offset + np.uint64(start)
        block, lane = first >> SHIFT3, first & SEVEN
        bits = NONE
        for j in range(start - LANES, stop, LANES):
            following = _next_bits(np.int64(lane) + stop - j, block, threshold, k0, k1, stream, step)
            if j >= start:
                write(j, stop - j, _joined(bits, following, lane), how)
            bits = following
            block += GROUP

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
def _sample_parts(part, size, mask, threshold, k0, k1, stream, step, offset):
    start = part * size
    _sample_groups(start, min(start + size, mask.size), mask, threshold, k0, k1, stream, step, offset)


@kernel
def sample_mask(mask, threshold, k0, k1, stream, step, offset):
    """Write True where an element is kept.

    mask (n,) bool; element i of mask is element offset + i of the stream
    """
    size = part_size(mask.size)
    parts = (mask.size + size - 1) // size
    _sample_parts(parts, (size, mask, threshold, k0, k1, stream, step, offset))


@scalar
def _write_packed(j, left, bits, packed):
    if left >= LANES:
        eight = vector(packed, j >> 3, 8)
        for byte in range(8):  # LLVM makes one store of them
            eight[byte] = bits >> np.uint64(8 * byte)
    else:
        word = bits & first_bits(left)
        for byte in range((left + 7) >> 3):
            packed[(j >> 3) + byte] = word >> np.uint64(8 * byte)


_pack_groups = for_each_group(_write_packed)


@parallel
@serial_loop
def _pack_parts(part, size, packed, n, threshold, k0, k1, stream, step, offset):
    start = part * size
    _pack_groups(start, min(start + size, n), packed, threshold, k0, k1, stream, step, offset)


@kernel
def sample_packed_mask(packed, n, threshold, k0, k1, stream, step, offset):
    """Write bit j & 7 of byte j >> 3 as 1 where element offset + j is kept; the bits from n on are 0.

    packed (ceil(n / 8),) uint8
    """
    size = part_size(n)
    _pack_parts((n + size - 1) // size, (size, packed, n, threshold, k0, k1, stream, step, offset))


@scalar
def bits_at(mask, place, left):
    """Return 64 elements of a mask from a place on, or as many as are left."""
    bits = NONE
    if left >= LANES:
        bits = load_bytes(mask, place)
    else:
        for i in range(left):
            if mask[place + i]:
                bits |= BIT << np.uint64(i)
    return bits


@scalar
def packed_bits_at(packed, place, left):
    """Return 64 elements of a packed mask from a byte on, or as many as are left, and the rest of a byte."""
    bits = NONE
    for byte in range(min((left + 7) >> 3, 8)):
        bits |= np.uint64(packed[place + byte]) << np.uint64(8 * byte)
    return bits


@parallel
@serial_loop
def _pack_mask_parts(part, size, packed, mask):
    for j in range(part * size, min((part + 1) * size, mask.size), LANES):
        _write_packed(j, mask.size - j, bits_at(mask, j, mask.size - j), packed)


@kernel
def pack_mask(packed, mask):
    """Write the bits of a mask; those after its end are 0.

    packed (ceil(n / 8),) uint8, mask (n,) bool
    """
    size = part_size(mask.size)
    _pack_mask_parts((mask.size + size - 1) // size, (size, packed, mask))


@parallel
@serial_loop
def _unpack_parts(part, size, mask, packed):
    for j in range(part * size, min((part + 1) * size, mask.size), LANES):
        _write_mask(j, mask.size - j, packed_bits_at(packed, j >> 3, mask.size - j), mask)


@kernel
def unpack_mask(mask, packed):
    """Write True where a bit is set.

    mask (n,) bool, packed (ceil(n / 8),) uint8
    """
    size = part_size(mask.size)
    _unpack_parts((mask.size + size - 1) // size, (size, mask, packed))
