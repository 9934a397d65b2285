"""Loops over elements together with the numbers that are drawn for them, a piece at a time."""

import numpy as np

from ..._jit import span
from ..simd import parallel, scratch, vector

MEMORY = 8 * 1024  # bytes of numbers that are drawn at once: they stay in the first-level cache


def each_piece(in_a_block, draw, write):
    """Return the parts of the work over pieces of neighbouring elements, with the numbers that belong to them.

    in_a_block(itemsize) is a `scalar`: how many numbers a block of the stream gives; draw(numbers, how, block, k0, k1,
    stream, step) a `span` that writes those of some blocks; write(out, inp, values, numbers, how, part) a `span` over
    arrays of the same size.
    """

    @parallel
    @span
    def parts(part, size, out, inp, values, how, k0, k1, stream, step, offset):
        memory = scratch(MEMORY, out)
        each = in_a_block(out.itemsize)
        start, stop = part * size, min((part + 1) * size, out.size)
        while start < stop:
            element = offset + np.uint64(start)
            block = element // np.uint64(each)
            lane = np.int64(element - block * np.uint64(each))
            count = min(stop - start, memory.size - each)
            draw(vector(memory, 0, (lane + count + each - 1) // each * each), how, block, k0, k1, stream, step)
            some, given = vector(out, start, count), vector(inp, start, count)
            write(some, given, vector(values, start, count), vector(memory, lane, count), how, part)
            start += count

    return parts
