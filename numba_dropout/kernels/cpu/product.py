"""Matrix products, on which a layer's three rest: out = left @ right, in blocks that fit the caches.

An element of the result is one sum along the depth, cut in blocks that depend on the depth alone, so that no bit of it
depends on how rows and columns are shared out among threads.
"""

import numpy as np

from ..._jit import scalar, span
from ..simd import CACHE_LINE, TILE_ROWS, TILE_WIDTH, multiply_tiles, pack_columns, pack_rows, scratch, tensor, threads

DEPTH = 256  # of a block: a panel of it stays in the first-level cache
PACKED = 192 * 1024  # bytes of packed panels: they stay in the second-level cache
TILES = 4  # whose left side is packed at once, where it has to be
ROWS = TILES * TILE_ROWS
PACKED_LEFT = ROWS * DEPTH * 8  # bytes
SERIAL = 1 << 15  # up to this many multiply-adds a second thread costs more than it brings


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


@span
def multiply_block(out, left, right, add):
    """Write left @ right into out, no more than `block_columns` of them, or add it."""
    # out (R, C) adjacent columns, left (R, K), right (K, C), both of unknown strides, one of which is 1 element
    rows, columns = out.shape
    depth = right.shape[0]
    size = block_depth(depth)
    width = TILE_WIDTH // out.itemsize
    panels = (columns + width - 1) // width
    memory = scratch(PACKED, out)
    lefts = tensor(scratch(PACKED_LEFT, out), 0, TILES, size, TILE_ROWS)
    for k in range(0, max(depth, 1), size):  # a depth of 0 has one block of empty sums
        k1 = min(k + size, depth)
        packed = tensor(memory, 0, panels, k1 - k, width)
        pack_columns(packed, right[k:k1])
        for row in range(0, rows, ROWS):
            stop = min(row + ROWS, rows)
            adjacent = left.strides[1] == left.itemsize
            if not adjacent:
                pack_rows(lefts, left[row:stop, k:k1])
            for i in range(row, stop, TILE_ROWS):
                i1 = min(i + TILE_ROWS, stop)
                if adjacent:
                    multiply_tiles(out[i:i1], left[i:i1, k:k1], packed, add or k > 0)
                else:
                    multiply_tiles(out[i:i1], lefts[(i - row) // TILE_ROWS].T, packed, add or k > 0)
