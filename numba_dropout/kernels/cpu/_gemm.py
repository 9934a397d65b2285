"""Matrix products, on which a layer's three rest: out = left @ right, in blocks that fit the caches.

An element of the result is one sum along the depth, cut in blocks that depend on the depth alone, so that no bit of it
depends on how rows and columns are shared out among threads.
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

DEPTH = 256  # of a block: a panel of it stays in the first-level cache
PACKED = 192 * 1024  # bytes of packed panels: they stay in the second-level cache
TILES = 4  # whose left side is packed at once, where it has to be
ROWS = TILES * TILE_ROWS
PACKED_LEFT = ROWS * DEPTH * 8  # bytes, behind the packed panels in a thread's area
SERIAL = 1 << 17  # up to this many multiply-adds a second thread costs more than it brings


@scalar
def block_depth(depth):
    """Return the depth of a block: all blocks are as deep, but the last."""
    blocks = max((depth + DEPTH - 1) // DEPTH, 1)
    return max((depth + blocks - 1) // blocks, 1)


@scalar
def block_columns(columns, depth, itemsize):
    """Return how many of so many columns are packed at once: as many each time, but for the last."""
    width = TILE_WIDTH // itemsize
    panels, most = (columns + width - 1) // width, PACKED // (block_depth(depth) * TILE_WIDTH)
    blocks = max((panels + most - 1) // most, 1)
    return max((panels + blocks - 1) // blocks, 1) * width


@scalar
def threads_for(rows, columns, depth):
    """Return how many threads a product is worth."""
    return np.int64(threads()) if rows * columns * depth > SERIAL else np.int64(1)


@scalar
def grid(rows, columns, depth, itemsize):
    """Return in how many parts rows and columns of a result are cut: columns first, for each part packs its own."""
    most = threads_for(rows, columns, depth)
    column_parts = max(min(most, (columns * itemsize + CACHE_LINE - 1) // CACHE_LINE), 1)
    return max(min(most // column_parts, (rows + TILE_ROWS - 1) // TILE_ROWS), 1), column_parts


@scalar
def grid_of_rows(rows, columns, depth, itemsize):
    """Return the same for a result whose rows lie behind one another: rows first.

    Threads that share rows fight over the cache lines where their columns meet.
    """
    most = threads_for(rows, columns, depth)
    row_parts = max(min(most, (rows + ROWS - 1) // ROWS), 1)
    return row_parts, max(min(most // row_parts, (columns * itemsize + CACHE_LINE - 1) // CACHE_LINE), 1)


@scalar
def part_range(part, parts, size, unit):
    """Return where part number `part` of `parts` begins and ends: on multiples of a unit."""
    units = (size + unit - 1) // unit
    return units * part // parts * unit, min(units * (part + 1) // parts * unit, size)


@scalar
def part_columns(part, row_parts, column_parts, rows, columns, itemsize):
    """Return the rows and columns of a result that are a part of the work."""
    row0, row1 = part_range(part // column_parts, row_parts, rows, TILE_ROWS)
    column0, column1 = part_range(part % column_parts, column_parts, columns, CACHE_LINE // itemsize)
    return row0, row1, column0, column1


@scalar
def panels_in(memory, depth, columns):
    """View some memory as panels as wide as a tile, (panels, depth, width), for so many columns."""
    width = TILE_WIDTH // memory.itemsize
    return tensor(memory, 0, (columns + width - 1) // width, depth, width)


@serial_loop
def pack(panels, right):
    """Pack right (K, C) in panels."""
    pack_columns(panels, right)


@serial_loop
def multiply_packed(out, left, packed, add):
    """Write left @ right into out, or add it, where packed holds the right in panels."""
    # out (R, C) adjacent columns, left (R, K), packed (panels, K, width)
    rows, columns = out.shape
    depth = packed.shape[1]
    lefts = tensor(scratch_area(PACKED_LEFT, PACKED, out), 0, TILES, depth, TILE_ROWS)
    adjacent = left.strides[1] == left.itemsize
    for row in range(0, rows, ROWS):
        stop = min(row + ROWS, rows)
        if not adjacent:
            pack_rows(lefts, window(left, row, stop, 0, depth))
        for i in range(row, stop, TILE_ROWS):
            i1 = min(i + TILE_ROWS, stop)
            tiles = window(out, i, i1, 0, columns)
            if adjacent:
                multiply_tiles(tiles, window(left, i, i1, 0, depth), packed, add)
            else:
                multiply_tiles(tiles, lefts[(i - row) // TILE_ROWS].T, packed, add)


@serial_loop
def multiply_block(out, left, right, add):
    """Write left @ right into out, no more than `block_columns` of them, or add it."""
    # out (R, C) adjacent columns, left (R, K), right (K, C), both of unknown strides, one of which is 1 element
    rows, columns = out.shape
    depth = right.shape[0]
    size = block_depth(depth)
    memory = scratch_area(PACKED, 0, out)
    for k in range(0, max(depth, 1), size):  # a depth of 0 has one block of empty sums
        k1 = min(k + size, depth)
        packed = panels_in(memory, k1 - k, columns)
        pack(packed, window(right, k, k1, 0, columns))
        multiply_packed(out, window(left, 0, rows, k, k1), packed, add or k > 0)
