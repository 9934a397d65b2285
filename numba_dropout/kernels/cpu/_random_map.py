"""Loops over elements together with the numbers that are drawn for them, a piece at a time.

float32 takes four numbers from a block of the stream, a word each, float64 two.
"""

import numpy as np

from ...core.jit import serial_loop
from ..simd import BLOCKS, parallel, scratch_area, store_words, vector

MEMORY = 8 * 1024  # bytes of numbers that are drawn at once: they stay in the first-level cache
BLOCK = 16  # bytes of words


def each_piece(shape, write):
    """Return the parts of the work over pieces of neighbouring elements, with the numbers that belong to them.

    shape(numbers, how) is a `serial_loop` that makes numbers of an array of words, in their place, whole blocks;
    write(out, inp, values, numbers, how, part) a `serial_loop` over arrays of the same size.
    """

    @parallel
    @serial_loop
    def parts(part, size, out, inp, values, how, k0, k1, stream, step, offset):
        memory = scratch_area(MEMORY, 0, out)
        each = np.int64(BLOCK // out.itemsize)
        start, stop = part * size, min((part + 1) * size, out.size)
        while start < stop:
            element = offset + np.uint64(start)
            block = element // np.uint64(each)
            lane = np.int64(element - block * np.uint64(each))
            count = min(stop - start, memory.size - each * BLOCKS)
            blocks = (lane + count + each - 1) // each
            for b in range(0, blocks, BLOCKS):
                store_words(memory, b * each, block + np.uint64(b), k0, k1, stream, step)
            shape(vector(memory, 0, blocks * each), how)
            some, given = vector(out, start, count), vector(inp, start, count)
            write(some, given, vector(values, start, count), vector(memory, lane, count), how, part)
            start += count

    return parts
