"""Dropout with a rate for each element.

Thresholds and scales are broadcast like masks in `masked_dropout`.
"""

import numpy as np

from ...core.jit import kernel, scalar, serial_loop
from ..scalar.philox import MASK16, ONE, SEVEN, SHIFT3, SHIFT16, TIE_STREAM, block_words
from ..simd import narrow, parallel, scratch_area, vector, widen
from .mask import chunk_size

DRAW_SIZE = 1024  # elements whose numbers are drawn together: they stay in the first-level cache
SCRATCH_BYTES = 8 * (DRAW_SIZE + 8)

DROPPED = np.uint64(0)  # marks a dropped element in place of its number plus 1


@serial_loop
def _random_words(numbers, block, k0, k1, stream, step):
    """Write the eight 16-bit numbers of each block, plus 1, because 0 marks a dropped element."""
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
def _random_number(element, k0, k1, stream, step):
    """Return the 16-bit number of one element."""
    w0, w1, w2, w3 = block_words(element >> SHIFT3, stream, step, k0, k1)
    lane = element & SEVEN
    low = w0 if lane < np.uint64(2) else w1
    high = w2 if lane < np.uint64(6) else w3
    word = low if lane < np.uint64(4) else high
    return word >> SHIFT16 if lane & ONE else word & MASK16


@serial_loop
def _resolve_ties(numbers, thresholds, element, k0, k1, stream, step):
    """Mark the dropped elements among those whose number equals the threshold's high half.

    Such an element is dropped if its tie-breaking number is below the threshold's low half.
    """
    for i in range(numbers.size):
        position = element + np.uint64(i)
        if numbers[i] == (thresholds[i] >> SHIFT16) + ONE:
            low = _random_number(position, k0, k1, stream | TIE_STREAM, step)
            numbers[i] = DROPPED if low < (thresholds[i] & MASK16) else numbers[i]


@serial_loop
def _mark_kept(numbers, thresholds, element, k0, k1, stream, step):
    """Write 1 for a kept element, else 0. `element` is the stream index of the first number."""
    ties = DROPPED
    for i in range(numbers.size):
        ties |= ONE if numbers[i] == (thresholds[i] >> SHIFT16) + ONE else DROPPED
    if ties:
        _resolve_ties(numbers, thresholds, element, k0, k1, stream, step)
    for i in range(numbers.size):
        numbers[i] = ONE if numbers[i] > thresholds[i] >> SHIFT16 else DROPPED


def for_each_run(write):
    """Return the parallel loop over runs of neighbouring elements with neighbouring thresholds.

    write(j, kept, index, operands) is a `serial_loop`: kept[i] is 1 if element j + i is kept, and index + i is the
    index of its threshold.
    """

    @serial_loop
    def draw_run(start, stop, index, operands, thresholds, k0, k1, stream, step, offset):
        """Draw the masks of neighbouring elements with neighbouring thresholds, and write the elements."""
        memory = scratch_area(SCRATCH_BYTES, 0, thresholds)
        for j in range(start, stop, DRAW_SIZE):
            count = min(stop - j, DRAW_SIZE)
            element = offset + np.uint64(j)
            lane = np.int64(element & SEVEN)
            _random_words(vector(memory, 0, (lane + count + 7) & -8), element >> SHIFT3, k0, k1, stream, step)
            kept, run_index = vector(memory, lane, count), index + j - start
            _mark_kept(kept, vector(thresholds, run_index, count), element, k0, k1, stream, step)
            write(j, kept, run_index, operands)

    @parallel
    @serial_loop
    def chunks(chunk, size, n, columns, starts, operands, thresholds, k0, k1, stream, step, offset):
        """Split one chunk into the runs of its rows."""
        start, stop = chunk * size, min((chunk + 1) * size, n)
        row = start // columns
        while start < stop:
            first = row * columns
            end = min(first + columns, stop)
            draw_run(start, end, starts[row] + start - first, operands, thresholds, k0, k1, stream, step, offset)
            start, row = end, row + 1

    return chunks


@serial_loop
def _write_mask(j, kept, index, mask):
    out_run = vector(mask, j, kept.size)
    for i in range(kept.size):
        out_run[i] = kept[i] != DROPPED


@serial_loop
def _write_kept(j, kept, index, operands):
    out, inp, scales = operands
    out_run, inp_run, scale_run = vector(out, j, kept.size), vector(inp, j, kept.size), vector(scales, index, kept.size)
    zero = scales.dtype.type(0)
    for i in range(kept.size):
        x, scale = widen(inp_run[i]), scale_run[i]
        out_run[i] = narrow(x * scale if kept[i] else zero, out_run)


_mask_chunks = for_each_run(_write_mask)
_dropout_chunks = for_each_run(_write_kept)


@kernel
def sample_mask_rates(mask, columns, thresholds, starts, k0, k1, stream, step, offset):
    """Write True for kept elements. Each element has its own threshold.

    mask (n,) bool, thresholds (m,) uint64 up to `2**32`, starts (ceil(n / columns),) int64
    """
    size = chunk_size(mask.size)
    chunks = (mask.size + size - 1) // size
    _mask_chunks(chunks, (size, mask.size, columns, starts, mask, thresholds, k0, k1, stream, step, offset))


@kernel
def dropout_rates_forward(out, inp, columns, thresholds, scales, starts, k0, k1, stream, step, offset):
    """Write the kept elements times their scale, and +0 for the dropped ones. out may be inp.

    out (n,), inp (n,), thresholds (m,) uint64 up to `2**32`, scales (m,), starts (ceil(n / columns),) int64
    """
    size = chunk_size(out.size)
    chunks, operands = (out.size + size - 1) // size, (out, inp, scales)
    _dropout_chunks(chunks, (size, out.size, columns, starts, operands, thresholds, k0, k1, stream, step, offset))


# As with one rate, the derivative is the same function, with the mask drawn again.
dropout_rates_backward = dropout_rates_forward
