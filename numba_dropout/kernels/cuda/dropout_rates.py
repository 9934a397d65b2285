"""Dropout with a rate for each element: a threshold and a scale each, broadcast as `masked` broadcasts a mask.

A thread has eight neighbours of a row. They lie in two blocks of the stream, where a row does not begin with a block.
"""

import numpy as np
from numba import cuda

from ...core.jit import device_function, device_kernel, scalar
from ..scalar.constants import ZERO
from ..scalar.philox import MASK16, ONE, SEVEN, SHIFT3, SHIFT16, SHIFT32, TIE_STREAM, block_words
from ._half import KINDS
from ._intrinsics import value_of
from ._launch import launch_table

HALF = np.uint64(64)
LAST = np.uint64(63)
SIXTEEN = np.uint64(16)
THREE = np.uint64(3)
FOUR = np.uint64(4)
NONE = np.uint64(0)


@scalar
def _halves(block, stream, step, k0, k1):
    """Return the numbers of a block, four in each of two words."""
    w0, w1, w2, w3 = block_words(block, stream, step, k0, k1)
    return w1 << SHIFT32 | w0, w3 << SHIFT32 | w2


@device_function
def _eight_numbers(element, stream, step, k0, k1):
    """Return the numbers of eight elements, four in each of two words."""
    block, lane = element >> SHIFT3, element & SEVEN
    a, b = _halves(block, stream, step, k0, k1)
    a, b = np.uint64(a), np.uint64(b)
    if lane:
        c, d = _halves(block + ONE, stream, step, k0, k1)
        c, d = np.uint64(c), np.uint64(d)
        shift = lane * SIXTEEN
        if shift >= HALF:
            a, b, c = b, c, d
            shift -= HALF
        a = a >> shift | (b << ONE) << (LAST - shift)
        b = b >> shift | (c << ONE) << (LAST - shift)
    return a, b


@device_function
def _number(halves, lane):
    """Return one of eight numbers."""
    return ((halves[0] if lane < FOUR else halves[1]) >> ((lane & THREE) * SIXTEEN)) & MASK16


@device_function
def _kept(halves, lane, threshold, element, stream, step, k0, k1):
    """Tell whether an element is kept; ties are settled by the same lookup in the tie stream."""
    number, high = _number(halves, lane), threshold >> SHIFT16
    kept = number >= high
    if number == high:
        own = element + lane
        low = _number(_eight_numbers(own, stream | TIE_STREAM, step, k0, k1), NONE)
        kept = low >= threshold & MASK16
    return kept


def _each(write):
    """Return the kernel that draws, and hands on to write(out, place in out, kept, place of the rate, inp, scales)."""

    @device_kernel
    def drawn(first, out, inp, columns, thresholds, scales, starts, k0, k1, stream, step, offset):
        thread, row = cuda.grid(2)
        row += first
        column = 8 * thread
        j = row * columns + column
        if row < starts.size and column < columns and j < out.size:
            element, at_step = offset + np.uint64(j), value_of(step)
            halves = _eight_numbers(element, stream, at_step, k0, k1)
            for number in range(min(8, columns - column, out.size - j)):
                at = starts[row] + column + number
                kept = _kept(halves, np.uint64(number), thresholds[at], element, stream, at_step, k0, k1)
                write(out, j + number, kept, at, inp, scales)

    return drawn


@device_function
def _write_mask(out, j, kept, at, inp, scales):
    out[j] = kept


def _writing(widen, narrow):
    @device_function
    def write(out, j, kept, at, inp, scales):
        out[j] = narrow(widen(inp[j]) * scales[at] if kept else ZERO)

    return write


_SAMPLE = _each(_write_mask)
_DROPOUT = {kind: _each(_writing(*ways)) for kind, ways in KINDS.items()}


def sample_mask_rates(mask, columns, thresholds, starts, k0, k1, stream, step, offset):
    """Write True where an element is kept, each by a threshold of its own.

    mask (n,) bool, thresholds (m,) uint64 up to `2**32`, starts (ceil(n / columns),) int64
    """
    how = mask, mask, columns, thresholds, thresholds, starts, k0, k1, stream, step, offset
    launch_table(_SAMPLE, starts.size, (columns + 7) >> 3, *how)


def dropout_rates_forward(out, inp, columns, thresholds, scales, starts, k0, k1, stream, step, offset):
    """Write the kept elements times their scale, and +0 for the dropped ones; out may be inp.

    out (n,), inp (n,), thresholds (m,) uint64 up to `2**32`, scales (m,), starts (ceil(n / columns),) int64
    """
    how = out, inp, columns, thresholds, scales, starts, k0, k1, stream, step, offset
    launch_table(_DROPOUT[str(out.dtype)], starts.size, (columns + 7) >> 3, *how)


# As with one rate, the derivative is the same, with the mask drawn again.
dropout_rates_backward = dropout_rates_forward
