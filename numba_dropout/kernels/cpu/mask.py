"""Sample masks: the contract of `kernels.philox`, a chunk of elements at a time."""

import numpy as np
from numba import prange

from ..._jit import kernel, span
from ..philox import MASK16, SEVEN, SHIFT3, SHIFT16, block_words, tie_kept
from ..simd import scratch, threads

CHUNK = 1024  # elements whose numbers are drawn at once: 2 KiB, which stay in the first-level cache
BLOCKS = CHUNK // 8 + 1  # a chunk may begin inside a block
WORDS = 4 * BLOCKS
PART = 1 << 16  # elements of a thread's part: fixed, so that nothing depends on the number of threads
SERIAL = 1 << 14  # up to this many elements a second thread costs more than it brings


@span
def fill_mask(mask, threshold, k0, k1, stream, step, first):
    """Fill mask (n,), n <= CHUNK, with True where the elements first, first + 1, ... are kept."""
    words = scratch(WORDS, np.uint32)
    block = first >> SHIFT3
    lane = np.int64(first & SEVEN)
    for j in range((lane + mask.size + 7) >> 3):
        w0, w1, w2, w3 = block_words(block + np.uint64(j), stream, step, k0, k1)
        words[4 * j] = w0
        words[4 * j + 1] = w1
        words[4 * j + 2] = w2
        words[4 * j + 3] = w3
    numbers = words.view(np.uint16)  # low half first: all of Numba's CPUs are little-endian
    high = np.uint16(threshold >> SHIFT16)
    for j in range(mask.size):
        mask[j] = numbers[lane + j] >= high
    if threshold & MASK16:
        ties = 0
        for j in range(mask.size):
            ties += numbers[lane + j] == high
        if ties:
            for j in range(mask.size):
                if numbers[lane + j] == high:
                    mask[j] = tie_kept(first + np.uint64(j), threshold, stream, step, k0, k1)


@span
def _sample_span(mask, threshold, k0, k1, stream, step, offset, start, stop):
    for first in range(start, stop, CHUNK):
        fill_mask(mask[first : min(first + CHUNK, stop)], threshold, k0, k1, stream, step, offset + np.uint64(first))


@kernel
def sample_mask(mask, threshold, k0, k1, stream, step, offset):
    """Write True where an element is kept."""
    # mask (n,) bool; element i of mask is element offset + i of the stream
    n = mask.size
    if n <= SERIAL or threads() == 1:
        _sample_span(mask, threshold, k0, k1, stream, step, offset, np.int64(0), n)
    else:
        for part in prange((n + PART - 1) // PART):
            start = np.int64(part) * PART
            _sample_span(mask, threshold, k0, k1, stream, step, offset, start, min(start + PART, n))


@span
def _pack_span(packed, n, threshold, k0, k1, stream, step, offset, start, stop):
    mask = scratch(CHUNK, np.bool_)
    for first in range(start, stop, CHUNK):
        size = min(CHUNK, stop - first)
        fill_mask(mask[:size], threshold, k0, k1, stream, step, offset + np.uint64(first))
        for j in range(size, (size + 7) & ~7):
            mask[j] = False
        for j in range((size + 7) >> 3):
            byte = 0
            for bit in range(8):
                byte |= np.int64(mask[8 * j + bit]) << bit
            packed[(first >> 3) + j] = byte


@kernel
def sample_packed_mask(packed, n, threshold, k0, k1, stream, step, offset):
    """Write bit j & 7 of byte j >> 3 as 1 where element offset + j is kept; the bits from n on are 0."""
    # packed (ceil(n / 8),) uint8
    if n <= SERIAL or threads() == 1:
        _pack_span(packed, n, threshold, k0, k1, stream, step, offset, np.int64(0), n)
    else:
        for part in prange((n + PART - 1) // PART):
            start = np.int64(part) * PART
            _pack_span(packed, n, threshold, k0, k1, stream, step, offset, start, min(start + PART, n))
