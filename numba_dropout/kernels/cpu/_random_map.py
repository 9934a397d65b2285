"""Loops over elements and the random numbers drawn for them, one piece at a time.

A block of the stream gives four float32 numbers, of one word each, or two float64 numbers.
"""

import numpy as np

from ...core.jit import serial_loop
from ..simd import BLOCKS, parallel, scratch_area, store_words, vector

MEMORY = 8 * 1024  # bytes of the numbers of a piece, which stay in the first-level cache
BLOCK = 16  # bytes of a block of the stream


def for_each_piece(transform, write):
    """Return the parallel loop over pieces of neighbouring elements and the random numbers that belong to them.

    transform(numbers, operands) is a `serial_loop` that converts the words of complete blocks to numbers in place.
    write(out, inp, values, numbers, operands, chunk) is a `serial_loop` over arrays of the same size.
    """

    @parallel
    @serial_loop
    def chunks(chunk, size, out, inp, values, operands, k0, k1, stream, step, offset):
        """Draw the numbers of one chunk, a piece at a time, and write its elements."""
        memory = scratch_area(MEMORY, 0, out)
        per_block = np.int64(BLOCK // memory.itemsize)
        start, stop = chunk * size, min((chunk + 1) * size, out.size)
        while start < stop:
            element = offset + np.uint64(start)
            block = element // np.uint64(per_block)
            lane = np.int64(element - block * np.uint64(per_block))
            count = min(stop - start, memory.size - per_block * BLOCKS)
            blocks = (lane + count + per_block - 1) // per_block
            for b in range(0, blocks, BLOCKS):
                store_words(memory, b * per_block, block + np.uint64(b), k0, k1, stream, step)
            transform(vector(memory, 0, blocks * per_block), operands)
            out_run, inp_run = vector(out, start, count), vector(inp, start, count)
            write(out_run, inp_run, vector(values, start, count), vector(memory, lane, count), operands, chunk)
            start += count

    return chunks
