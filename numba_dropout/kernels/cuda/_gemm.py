"""Products of matrices: blocks of both sides in shared memory, sums in registers, and what follows a product, fused.

What is done to two blocks in shared memory is `multiply_adds` or `tensor_cores`. A thread adds to its sums in the order
of the depth, so that an element is one sum whatever the tile.
"""

from numba import cuda, float32

from ...core.jit import device_kernel
from ..scalar.constants import ZERO
from . import _gemm_fma, _gemm_mma
from ._gemm_tiles import COLUMNS, TILES
from ._intrinsics import shared_floats
from ._launch import aligned, current_precision, launch_blocks, size_of_grid

__all__ = ["COLUMNS", "multiply", "over_tiles"]

FEW = 64  # large tiles up to which the small ones keep more of a device busy


def multiplying(left_by_rows, right_by_rows, finish, tile):
    """Return the kernel of a product: of left (M, D), or (D, M), and right (N, D), or (D, N).

    finish(i, j, sums, start, how) is called by each thread for each of its rows i, with the sums from `start` on of
    columns j .. j + 7, of which some may lie outside of the product. It indexes the sums by constants, in loops over
    constant ranges: they are registers.
    """
    how_to_multiply = _gemm_fma if tile.precision == "float32" else _gemm_mma
    left_side, right_side, place, add, apart = how_to_multiply.inner(left_by_rows, right_by_rows, tile)
    fetch_left, put_left, held_left, left_size = left_side
    fetch_right, put_right, held_right, right_size = right_side
    rights = 2 * left_size  # where the right side's two blocks begin in shared memory
    both_sides = shared_floats(rights + 2 * right_size)
    depth, sums_size, tall = tile.depth, tile.height * COLUMNS, tile.height == 8

    @device_kernel
    def product(left, right, size, left_whole, right_whole, how):
        shared = both_sides()
        next_left = cuda.local.array(held_left, float32)
        next_right = cuda.local.array(held_right, float32)
        sums = cuda.local.array(sums_size, float32)
        for n in range(sums_size):
            sums[n] = ZERO
        row, column = cuda.blockIdx.x * tile.rows, cuda.blockIdx.y * tile.columns
        fetch_left(next_left, left, row, 0, left_whole)
        fetch_right(next_right, right, column, 0, right_whole)
        put_left(shared, 0, next_left)
        put_right(shared, rights, next_right)
        cuda.syncthreads()
        now = 0
        for k in range(0, size, depth):
            more = k + depth < size
            if more:  # on its way while this block is multiplied
                fetch_left(next_left, left, row, k + depth, left_whole)
                fetch_right(next_right, right, column, k + depth, right_whole)
            add(sums, shared, now * left_size, rights + now * right_size)
            if more:
                now = 1 - now
                put_left(shared, now * left_size, next_left)
                put_right(shared, rights + now * right_size, next_right)
                cuda.syncthreads()
        i, j = place()
        row, column = row + i, column + j
        finish(row, column, sums, 0, how)  # written out: a long loop would not be, and index the sums
        finish(row + apart, column, sums, COLUMNS, how)
        finish(row + 2 * apart, column, sums, 2 * COLUMNS, how)
        finish(row + 3 * apart, column, sums, 3 * COLUMNS, how)
        if tall:
            finish(row + 4 * apart, column, sums, 4 * COLUMNS, how)
            finish(row + 5 * apart, column, sums, 5 * COLUMNS, how)
            finish(row + 6 * apart, column, sums, 6 * COLUMNS, how)
            finish(row + 7 * apart, column, sums, 7 * COLUMNS, how)

    return product


def over_tiles(left_by_rows, right_by_rows, finish):
    """Return the kernels of a product by their tiles."""
    return {tile: multiplying(left_by_rows, right_by_rows, finish, tile) for tiles in TILES.values() for tile in tiles}


def multiply(kernels, shape, depth, left, right, how):
    """Launch a product of a shape (rows, columns); which tile it takes depends on that and on the precision alone."""
    rows, columns = shape
    if not rows or not columns:
        return
    large, small = TILES[current_precision()]
    tile = small if size_of_grid(columns, large.columns) * size_of_grid(rows, large.rows) <= FEW else large
    grid = size_of_grid(rows, tile.rows), size_of_grid(columns, tile.columns)  # the second may be 65,535 at most
    whole = [array.shape[1] % 4 == 0 and aligned(array) for array in (left, right)]
    launch_blocks(kernels[tile], grid, tile.threads, left, right, depth, *whole, how)
