"""Matrix products, on which a layer's three rest: out = left @ right, in blocks that fit the caches.

An element of the result is one sum along the depth, cut in blocks that depend on the depth alone, so that no bit of it
depends on how rows and columns are shared out among threads.
"""

import numpy as np

from ..._jit import scalar, span
from ..simd import TILE_ROWS, TILE_WIDTH, multiply_tile, pack_columns, pack_rows, scratch, threads

DEPTH = 256  # of a block: a panel of it stays in the first-level cache
PACKED = 192 * 1024  # bytes of packed panels: they stay in the second-level cache
TILES = 4  # whose left side is packed at once, where it has to be
PACKED_LEFT = TILES * TILE_ROWS * DEPTH * 8  # bytes
SERIAL = 1 << 15  # up to this many multiply-adds a second thread costs more than it brings


@scalar
def block_depth(depth):
    """Return the depth of a block: all blocks are as deep, but the last."""
    blocks = max((depth + DEPTH - 1) // DEPTH, 1)
    return max((depth + blocks - 1) // blocks, 1)


@scalar
def block_columns(depth, itemsize):
    """Return how many columns are packed at once."""
    return PACKED // (block_depth(depth) * TILE_WIDTH) * (TILE_WIDTH // itemsize)


@scalar
def grid(rows, columns, depth, itemsize):
    """Return in how many parts, one for each thread, rows and columns of a result are cut."""
    width = TILE_WIDTH // itemsize
    most = np.int64(threads()) if rows * columns * depth > SERIAL else np.int64(1)
    column_parts = max(min(most, (columns + width - 1) // width), 1)
    row_parts = max(min(most // column_parts, (rows + TILE_ROWS - 1) // TILE_ROWS), 1)
    return row_parts, column_parts


@scalar
def part_range(part, parts, size, unit):
    """Return where part number `part` of `parts` begins and ends: on multiples of a unit."""
    units = (size + unit - 1) // unit
    return units * part // parts * unit, min(units * (part + 1) // parts * unit, size)


@span
def multiply_block(out, left, right, row0, row1, column0, column1, add):
    """Write left @ right into out[row0:row1, column0:column1], no more than `block_columns`, or add it."""
    # out (R, C) adjacent columns, left (R, K), right (K, C), both of unknown strides, one of which is 1 element
    depth = right.shape[0]
    size = block_depth(depth)
    width = TILE_WIDTH // out.itemsize
    panels = (column1 - column0 + width - 1) // width
    columns_adjacent = right.strides[1] == right.itemsize
    rows_adjacent = left.strides[1] == left.itemsize
    packed = scratch(PACKED, np.uint8).view(out.dtype)[: panels * size * width].reshape(panels, size, width)
    lefts = scratch(PACKED_LEFT, np.uint8).view(out.dtype)[: TILES * size * TILE_ROWS].reshape(TILES, size, TILE_ROWS)
    for k in range(0, max(depth, 1), size):  # at a depth of 0 one tile of empty sums
        k1 = min(k + size, depth)
        # a panel that serves one tile of rows need not be packed; the last one may be too narrow for the tile
        whole = (column1 - column0) // width if columns_adjacent and row1 - row0 <= TILE_ROWS else 0
        first = column0 + whole * width
        pack_columns(packed[whole:], right[k:k1, first:column1])
        for row in range(row0, row1, TILES * TILE_ROWS):
            if not rows_adjacent:
                pack_rows(lefts, left[row : min(row + TILES * TILE_ROWS, row1), k:k1])
            for i in range(row, min(row + TILES * TILE_ROWS, row1), TILE_ROWS):
                i1 = min(i + TILE_ROWS, row1)
                for panel in range(panels):
                    j = column0 + panel * width
                    tile = out[i:i1, j : min(j + width, column1)]
                    side = packed[panel, : k1 - k] if panel >= whole else right[k:k1, j : j + width]
                    if rows_adjacent:
                        multiply_tile(tile, left[i:i1, k:k1], side, add or k > 0)
                    else:
                        half = lefts[(i - row) // TILE_ROWS, : k1 - k, : i1 - i]
                        multiply_tile(tile, half.T, side, add or k > 0)
