"""Dropout with a rate per element: thresholds and scales, broadcast as `masked_dropout` broadcasts a mask.

A thread handles eight neighbours of a row. They lie in two Philox blocks of the stream if the row does not begin with
a block.
"""

import numpy as np
from numba import cuda

from ...core.jit import device_function, device_kernel, scalar
from ..scalar.constants import ZERO
from ..scalar.philox import MASK16, ONE, SEVEN, SHIFT3, SHIFT16, SHIFT32, TIE_STREAM, block_words
from ._half import CONVERSIONS
from ._intrinsics import value_of
from ._launch import launch_2d

WORD_BITS = np.uint64(64)
LAST_BIT = np.uint64(63)
SIXTEEN = np.uint64(16)
THREE = np.uint64(3)
FOUR = np.uint64(4)
FIRST = np.uint64(0)


@scalar
def _block_numbers(block, stream, step, k0, k1):
    """Return a block's eight numbers, four in each of two words."""
    w0, w1, w2, w3 = block_words(block, stream, step, k0, k1)
    return w1 << SHIFT32 | w0, w3 << SHIFT32 | w2


@device_function
def _eight_numbers(element, stream, step, k0, k1):
    """Return the numbers of eight elements from `element` on, four in each of two words."""
    block, lane = element >> SHIFT3, element & SEVEN
    a, b = _block_numbers(block, stream, step, k0, k1)
    a, b = np.uint64(a), np.uint64(b)
    if lane:
        c, d = _block_numbers(block + ONE, stream, step, k0, k1)
        c, d = np.uint64(c), np.uint64(d)
        shift = lane * SIXTEEN
        if shift >= WORD_BITS:
            a, b, c = b, c, d
            shift -= WORD_BITS
        a = a >> shift | (b << ONE) << (LAST_BIT - shift)
        b = b >> shift | (c << ONE) << (LAST_BIT - shift)
    return a, b


@device_function
def _number(words, lane):
    """Return one of eight numbers."""
    return ((words[0] if lane < FOUR else words[1]) >> ((lane & THREE) * SIXTEEN)) & MASK16


@device_function
def _kept(words, lane, threshold, element, stream, step, k0, k1):
    """Return True if an element is kept. The element's number in the tie stream resolves a tie."""
    number, high = _number(words, lane), threshold >> SHIFT16
    kept = number >= high
    if number == high:
        tied = element + lane
        low = _number(_eight_numbers(tied, stream | TIE_STREAM, step, k0, k1), FIRST)
        kept = low >= threshold & MASK16
    return kept


def _build_kernel(write):
    """Return the kernel that draws the masks and calls write(out, j, kept, rate_index, inp, scales) for element j."""

    @device_kernel
    def drawn(first, out, inp, columns, thresholds, scales, starts, k0, k1, stream, step, offset):
        """Draw the mask of eight elements of a row and write them."""
        thread, row = cuda.grid(2)
        row += first
        column = 8 * thread
        j = row * columns + column
        if row < starts.size and column < columns and j < out.size:
            element, current_step = offset + np.uint64(j), value_of(step)
            words = _eight_numbers(element, stream, current_step, k0, k1)
            for i in range(min(8, columns - column, out.size - j)):
                rate_index = starts[row] + column + i
                kept = _kept(words, np.uint64(i), thresholds[rate_index], element, stream, current_step, k0, k1)
                write(out, j + i, kept, rate_index, inp, scales)

    return drawn


@device_function
def _write_mask(out, j, kept, rate_index, inp, scales):
    """Write one element of the mask."""
    out[j] = kept


def _build_write(widen, narrow):
    """Return the function that writes elements of one dtype."""

    @device_function
    def write(out, j, kept, rate_index, inp, scales):
        """Write one element of the output."""
        out[j] = narrow(widen(inp[j]) * scales[rate_index] if kept else ZERO)

    return write


_SAMPLE = _build_kernel(_write_mask)
_DROPOUT = {dtype: _build_kernel(_build_write(*conversions)) for dtype, conversions in CONVERSIONS.items()}


def sample_mask_rates(mask, columns, thresholds, starts, k0, k1, stream, step, offset):
    """Write True where an element is kept. Each element has its own threshold.

    mask (n,) bool, thresholds (m,) uint64 up to `2**32`, starts (ceil(n / columns),) int64
    """
    operands = mask, mask, columns, thresholds, thresholds, starts, k0, k1, stream, step, offset
    launch_2d(_SAMPLE, starts.size, (columns + 7) >> 3, *operands)


def dropout_rates_forward(out, inp, columns, thresholds, scales, starts, k0, k1, stream, step, offset):
    """Write the kept elements times their scales, and +0 for the dropped ones. out may be inp.

    out (n,), inp (n,), thresholds (m,) uint64 up to `2**32`, scales (m,), starts (ceil(n / columns),) int64
    """
    operands = out, inp, columns, thresholds, scales, starts, k0, k1, stream, step, offset
    launch_2d(_DROPOUT[str(out.dtype)], starts.size, (columns + 7) >> 3, *operands)


# As with one rate, the derivative is the same kernel, which draws the mask again.
dropout_rates_backward = dropout_rates_forward
