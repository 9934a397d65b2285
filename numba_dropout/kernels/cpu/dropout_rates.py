"""Dropout with a rate for each element: a threshold and a scale each, broadcast as `masked` broadcasts a mask."""

import numpy as np

from ...core.jit import kernel, scalar, serial_loop
from ..scalar.philox import MASK16, ONE, SEVEN, SHIFT3, SHIFT16, TIE_STREAM, block_words
from ..simd import parallel, scratch_area, vector
from .mask import part_size

CHUNK = 1024  # elements whose numbers are drawn at once: they stay in the first-level cache
MEMORY = 8 * (CHUNK + 8)  # bytes

DROPPED = np.uint64(0)


@serial_loop
def _draw(numbers, block, k0, k1, stream, step):
    """Write the eight 16-bit numbers of each block, plus 1."""
    for b in range(numbers.size >> 3):
        w0, w1, w2, w3 = block_words(block + np.uint64(b), stream, step, k0, k1)
        numbers[8 * b] = (w0 & MASK16) + ONE
        numbers[8 * b + 1] = (w0 >> SHIFT16) + ONE
        numbers[8 * b + 2] = (w1 & MASK16) + ONE
        numbers[8 * b + 3] = (w1 >> SHIFT16) + ONE
        numbers[8 * b + 4] = (w2 & MASK16) + ONE
        numbers[8 * b + 5] = (w2 >> SHIFT16) + ONE
        numbers[8 * b + 6] = (w3 & MASK16) + ONE
        numbers[8 * b + 7] = (w3 >> SHIFT16) + ONE


@scalar
def _number(element, k0, k1, stream, step):
    """Return the 16-bit number of one element."""
    w0, w1, w2, w3 = block_words(element >> SHIFT3, stream, step, k0, k1)
    lane = element & SEVEN
    low = w0 if lane < np.uint64(2) else w1
    high = w2 if lane < np.uint64(6) else w3
    word = low if lane < np.uint64(4) else high
    return word >> SHIFT16 if lane & ONE else word & MASK16


@serial_loop
def _settle_ties(numbers, thresholds, element, k0, k1, stream, step):
    """Mark as dropped what meets its threshold's high half and falls below its low half."""
    for i in range(numbers.size):
        own = element + np.uint64(i)
        if numbers[i] == (thresholds[i] >> SHIFT16) + ONE:
            low = _number(own, k0, k1, stream | TIE_STREAM, step)
            numbers[i] = DROPPED if low < (thresholds[i] & MASK16) else numbers[i]


@serial_loop
def _kept(numbers, thresholds, element, k0, k1, stream, step):
    """Write 1 where an element is kept, else 0, for numbers from an element of the stream on."""
    ties = DROPPED
    for i in range(numbers.size):
        ties |= ONE if numbers[i] == (thresholds[i] >> SHIFT16) + ONE else DROPPED
    if ties:
        _settle_ties(numbers, thresholds, element, k0, k1, stream, step)
    for i in range(numbers.size):
        numbers[i] = ONE if numbers[i] > thresholds[i] >> SHIFT16 else DROPPED


def for_each_run(write):
    """Return the parts of the work over runs of neighbouring elements, whose thresholds are neighbours too.

    write(j, kept, place, how) is a `serial_loop`: kept[i] is 1 where element j + i is kept, and place + i is that of
    its threshold.
    """

    @serial_loop
    def draw_run(start, stop, place, how, thresholds, k0, k1, stream, step, offset):
        memory = scratch_area(MEMORY, 0, thresholds)
        for j in range(start, stop, CHUNK):
            count = min(stop - j, CHUNK)
            element = offset + np.uint64(j)
            lane = np.int64(element & SEVEN)
            _draw(vector(memory, 0, (lane + count + 7) & -8), element >> SHIFT3, k0, k1, stream, step)
            kept, at = vector(memory, lane, count), place + j - start
            _kept(kept, vector(thresholds, at, count), element, k0, k1, stream, step)
            write(j, kept, at, how)

    @parallel
    @serial_loop
    def parts(part, size, n, columns, starts, how, thresholds, k0, k1, stream, step, offset):
        start, stop = part * size, min((part + 1) * size, n)
        row = start // columns
        while start < stop:
            first = row * columns
            end = min(first + columns, stop)
            draw_run(start, end, starts[row] + start - first, how, thresholds, k0, k1, stream, step, offset)
            start, row = end, row + 1

    return parts


@serial_loop
def _write_mask(j, kept, place, mask):
    some = vector(mask, j, kept.size)
    for i in range(kept.size):
        some[i] = kept[i] != DROPPED


@serial_loop
def _write_kept(j, kept, place, how):
    out, inp, scales = how
    some, given, factors = vector(out, j, kept.size), vector(inp, j, kept.size), vector(scales, place, kept.size)
    for i in range(kept.size):
        some[i] = given[i] * factors[i] if kept[i] else factors.dtype.type(0)


_mask_parts = for_each_run(_write_mask)
_dropout_parts = for_each_run(_write_kept)


@kernel
def sample_mask_rates(mask, columns, thresholds, starts, k0, k1, stream, step, offset):
    """Write True where an element is kept, each by a threshold of its own.

    mask (n,) bool, thresholds (m,) uint64 up to `2**32`, starts (ceil(n / columns),) int64
    """
    size = part_size(mask.size)
    parts = (mask.size + size - 1) // size
    _mask_parts(parts, (size, mask.size, columns, starts, mask, thresholds, k0, k1, stream, step, offset))


@kernel
def dropout_rates_forward(out, inp, columns, thresholds, scales, starts, k0, k1, stream, step, offset):
    """Write the kept elements times their scale, and +0 for the dropped ones; out may be inp.

    out (n,), inp (n,), thresholds (m,) uint64 up to `2**32`, scales (m,), starts (ceil(n / columns),) int64
    """
    size = part_size(out.size)
    parts, how = (out.size + size - 1) // size, (out, inp, scales)
    _dropout_parts(parts, (size, out.size, columns, starts, how, thresholds, k0, k1, stream, step, offset))


# As with one rate, the derivative is the same, with the mask drawn again.
dropout_rates_backward = dropout_rates_forward
