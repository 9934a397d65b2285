"""Matrix products, out = left @ right, packed in pieces that fit the caches.

An element of the result is one sum along the depth, taken in passes whose length depends on the depth alone. No bit of
it depends on the distribution of rows and columns among threads.
"""

import numpy as np

from ...core.jit import scalar, serial_loop
from ..simd import (
    CACHE_LINE,
    TILE_ROWS,
    TILE_WIDTH,
    multiply_tiles,
    pack_columns,
    pack_rows,
    scratch_area,
    tensor,
    threads,
    window,
)

DEPTH = 256  # largest depth of a pass: a panel stays in the first-level cache
PACKED = 192 * 1024  # bytes of packed panels, which stay in the second-level cache
TILES = 4  # tiles whose left side is packed together, if it is packed
ROWS = TILES * TILE_ROWS
PACKED_LEFT = ROWS * DEPTH * 8  # bytes, behind the packed panels in a thread's area
SERIAL = 1 << 18  # multiply-adds up to which one thread is faster than two


@scalar
def packed_depth(depth):
    """Return the depth of a pass: all passes are equally deep, except the last."""
    passes = max((depth + DEPTH - 1) // DEPTH, 1)
    return max((depth + passes - 1) // passes, 1)


@scalar
def packed_columns(columns, depth, itemsize):
    """Return the number of columns that are packed together: equal each time, except the last."""
    width = TILE_WIDTH // itemsize
    panels, max_panels = (columns + width - 1) // width, PACKED // (packed_depth(depth) * TILE_WIDTH)
    rounds = max((panels + max_panels - 1) // max_panels, 1)
    return max((panels + rounds - 1) // rounds, 1) * width


@scalar
def threads_for(rows, columns, depth):
    """Return the number of threads that compute a product."""
    return np.int64(threads()) if rows * columns * depth > SERIAL else np.int64(1)


@scalar
def chunk_grid(rows, columns, depth, itemsize):
    """Return the numbers of row and column chunks of a result: columns first, because each chunk packs its own."""
    max_threads = threads_for(rows, columns, depth)
    column_chunks = max(min(max_threads, (columns * itemsize + CACHE_LINE - 1) // CACHE_LINE), 1)
    return max(min(max_threads // column_chunks, (rows + TILE_ROWS - 1) // TILE_ROWS), 1), column_chunks


@scalar
def chunk_grid_by_rows(rows, columns, depth, itemsize):
    """Return the numbers of row and column chunks of a result with adjacent rows: rows first.

    Threads that share rows contend for the cache lines at the borders of their columns.
    """
    max_threads = threads_for(rows, columns, depth)
    row_chunks = max(min(max_threads, (rows + ROWS - 1) // ROWS), 1)
    return row_chunks, max(min(max_threads // row_chunks, (columns * itemsize + CACHE_LINE - 1) // CACHE_LINE), 1)


@scalar
def chunk_range(chunk, chunks, size, unit):
    """Return the start and the end of a chunk of `size` elements: multiples of a unit, except the last end."""
    units = (size + unit - 1) // unit
    return units * chunk // chunks * unit, min(units * (chunk + 1) // chunks * unit, size)


@scalar
def chunk_bounds(chunk, row_chunks, column_chunks, rows, columns, itemsize):
    """Return the range of rows and the range of columns of a chunk of a result."""
    row0, row1 = chunk_range(chunk // column_chunks, row_chunks, rows, TILE_ROWS)
    column0, column1 = chunk_range(chunk % column_chunks, column_chunks, columns, CACHE_LINE // itemsize)
    return row0, row1, column0, column1


@scalar
def view_panels(memory, depth, columns):
    """View memory as panels as wide as a tile, (panels, depth, width), for a number of columns."""
    width = TILE_WIDTH // memory.itemsize
    return tensor(memory, 0, (columns + width - 1) // width, depth, width)


@serial_loop
def pack(panels, right):
    """Pack right (K, C) into panels."""
    pack_columns(panels, right)


@serial_loop
def multiply_packed(out, left, packed, add):
    """Write left @ right into out, or add it. Packed holds the right operand in panels."""
    # out (R, C) with adjacent columns, left (R, K), packed (panels, K, width)
    rows, columns = out.shape
    depth = packed.shape[1]
    left_panels = tensor(scratch_area(PACKED_LEFT, PACKED, out), 0, TILES, depth, TILE_ROWS)
    adjacent = left.strides[1] == left.itemsize
    for row in range(0, rows, ROWS):
        stop = min(row + ROWS, rows)
        if not adjacent:
            pack_rows(left_panels, window(left, row, stop, 0, depth))
        for i in range(row, stop, TILE_ROWS):
            i1 = min(i + TILE_ROWS, stop)
            tiles = window(out, i, i1, 0, columns)
            if adjacent:
                multiply_tiles(tiles, window(left, i, i1, 0, depth), packed, add)
            else:
                multiply_tiles(tiles, left_panels[(i - row) // TILE_ROWS].T, packed, add)


@serial_loop
def pack_and_multiply(out, left, right, add):
    """Write left @ right into out, or add it, for at most `packed_columns` columns."""
    # out (R, C) with adjacent columns, left (R, K), right (K, C), each with one stride of 1 element
    rows, columns = out.shape
    depth = right.shape[0]
    size = packed_depth(depth)
    memory = scratch_area(PACKED, 0, out)
    for k in range(0, max(depth, 1), size):  # a depth of 0 takes one pass, with empty sums
        k1 = min(k + size, depth)
        packed = view_panels(memory, k1 - k, columns)
        pack(packed, window(right, k, k1, 0, columns))
        multiply_packed(out, window(left, 0, rows, k, k1), packed, add or k > 0)
