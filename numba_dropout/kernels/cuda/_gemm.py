"""Matrix products of tiles in shared memory, with sums in registers and a fused last step.

`_gemm_fma` and `_gemm_mma` multiply two tiles in shared memory. A thread adds to its sums in the order of the depth, so
an element does not depend on the tile's size.
"""

from numba import cuda, float32

from ...core.jit import device_kernel
from ..scalar.constants import ZERO
from . import _gemm_fma, _gemm_mma
from ._gemm_tiles import COLUMNS, TILES
from ._intrinsics import shared_floats
from ._launch import aligned, current_precision, grid_size, launch_grid

__all__ = ["COLUMNS", "kernels_by_tile", "multiply"]

SMALL_GRID = 64  # number of large tiles up to which small tiles keep more of a device busy


def _build_kernel(left_by_rows, right_by_rows, finish, tile):
    """Return the kernel of a product of left (M, D), or (D, M), and right (N, D), or (D, N).

    Each thread calls finish(i, j, sums, start, operands) for each of its rows i, with the sums of columns j .. j + 7
    from `start` on. Some of the columns may lie outside the product. finish must index the sums by constants, in loops
    over constant ranges, because they are registers.
    """
    implementation = _gemm_fma if tile.precision == "float32" else _gemm_mma
    left_side, right_side, origin, add, row_step = implementation.inner_loop(left_by_rows, right_by_rows, tile)
    load_left, store_left, left_registers, left_size = left_side
    load_right, store_right, right_registers, right_size = right_side
    right_start = 2 * left_size  # start of the right side's two tiles in shared memory
    both_sides = shared_floats(right_start + 2 * right_size)
    depth, sums_size, tall = tile.depth, tile.height * COLUMNS, tile.height == 8

    @device_kernel
    def product(left, right, size, left_vectorized, right_vectorized, operands):
        """Compute one tile of the product, with one thread block."""
        shared = both_sides()
        next_left = cuda.local.array(left_registers, float32)
        next_right = cuda.local.array(right_registers, float32)
        sums = cuda.local.array(sums_size, float32)
        for n in range(sums_size):
            sums[n] = ZERO
        row, column = cuda.blockIdx.x * tile.rows, cuda.blockIdx.y * tile.columns
        load_left(next_left, left, row, 0, left_vectorized)
        load_right(next_right, right, column, 0, right_vectorized)
        store_left(shared, 0, next_left)
        store_right(shared, right_start, next_right)
        cuda.syncthreads()
        buffer = 0
        for k in range(0, size, depth):
            has_next = k + depth < size
            if has_next:  # load it while this tile is multiplied
                load_left(next_left, left, row, k + depth, left_vectorized)
                load_right(next_right, right, column, k + depth, right_vectorized)
            add(sums, shared, buffer * left_size, right_start + buffer * right_size)
            if has_next:
                buffer = 1 - buffer
                store_left(shared, buffer * left_size, next_left)
                store_right(shared, right_start + buffer * right_size, next_right)
                cuda.syncthreads()
        i, j = origin()
        row, column = row + i, column + j
        finish(row, column, sums, 0, operands)  # unrolled by hand: a long loop would index the sums
        finish(row + row_step, column, sums, COLUMNS, operands)
        finish(row + 2 * row_step, column, sums, 2 * COLUMNS, operands)
        finish(row + 3 * row_step, column, sums, 3 * COLUMNS, operands)
        if tall:
            finish(row + 4 * row_step, column, sums, 4 * COLUMNS, operands)
            finish(row + 5 * row_step, column, sums, 5 * COLUMNS, operands)
            finish(row + 6 * row_step, column, sums, 6 * COLUMNS, operands)
            finish(row + 7 * row_step, column, sums, 7 * COLUMNS, operands)

    return product


def kernels_by_tile(left_by_rows, right_by_rows, finish):
    """Return a dictionary of the kernels of a product, with a kernel for each tile."""
    return {
        tile: _build_kernel(left_by_rows, right_by_rows, finish, tile) for tiles in TILES.values() for tile in tiles
    }


def multiply(kernels, shape, depth, left, right, operands):
    """Launch a product of a shape (rows, columns). The tile depends on the shape and the precision only."""
    rows, columns = shape
    if not rows or not columns:
        return
    large, small = TILES[current_precision()]
    tile = small if grid_size(columns, large.columns) * grid_size(rows, large.rows) <= SMALL_GRID else large
    grid = grid_size(rows, tile.rows), grid_size(columns, tile.columns)  # the second may be 65,535 at most
    vectorized = [array.shape[1] % 4 == 0 and aligned(array) for array in (left, right)]
    launch_grid(kernels[tile], grid, tile.threads, left, right, depth, *vectorized, operands)
