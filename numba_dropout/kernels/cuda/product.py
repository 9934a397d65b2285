"""Products of matrices: blocks of both sides in shared memory, sums in registers, and what follows a product, fused.

A thread holds 8 x 8 sums and adds to them in the order of the depth, so that an element is one sum whatever the tile.
"""

from numba import cuda, float32

from ..._jit import device_function, device_kernel
from ..pointwise import ZERO
from . import tensor_cores
from .blocks import load_four, shared_floats, store_four
from .launch import aligned, current_precision, launch_blocks, size_of_grid
from .tiles import COLUMNS, TILES, four

__all__ = ["COLUMNS", "multiply", "over_tiles"]

ROWS = 8  # of the sums of a thread
TURNS = 4  # of the loop along the depth that are written out
FEW = 64  # large tiles up to which the small ones keep more of a device busy


def _filling(by_rows, width, depth, threads, place):
    """Return how one side's block comes to shared memory, in two steps: from the array, and to shared memory.

    `by_rows` if the depth runs along the rows of the array (i, k), not along its columns (k, i). In shared memory
    element i at depth k is at k * width + place(i); place keeps four neighbours together.
    """
    quads = width * depth // 4 // threads  # that a thread brings
    along = (depth if by_rows else width) // 4  # quads of a row of the block
    row = width + 4 if by_rows else width  # in shared memory: quads that are cut up would meet in one bank

    @device_function
    def fetch(held, array, first, k, whole):
        for number in range(quads):
            at = cuda.threadIdx.x + number * threads
            i, j = at // along, at % along * 4
            if by_rows:
                quad = four(array, first + i, k + j, whole)
            else:
                quad = four(array, k + i, first + j, whole)
            held[4 * number] = quad[0]
            held[4 * number + 1] = quad[1]
            held[4 * number + 2] = quad[2]
            held[4 * number + 3] = quad[3]

    @device_function
    def put(shared, start, held):
        for number in range(quads):
            at = cuda.threadIdx.x + number * threads
            i, j = at // along, at % along * 4
            if by_rows:
                for lane in range(4):
                    shared[start + (j + lane) * row + place(i)] = held[4 * number + lane]
            else:
                quad = held[4 * number], held[4 * number + 1], held[4 * number + 2], held[4 * number + 3]
                store_four(shared, start + i * row + place(j), quad)

    return fetch, put, 4 * quads, row


@device_function
def _in_order(i):
    return i


def _in_halves(width):
    """Return the places of columns in shared memory: even quads first, so that no two threads' quads share a bank."""

    @device_function
    def place(j):
        return (j >> 2 & 1) * (width >> 1) + (j >> 3 << 2) + (j & 3)

    return place


def multiplying(left_by_rows, right_by_rows, finish, tile):
    """Return the kernel of a product: of left (M, D), or (D, M), and right (N, D), or (D, N).

    finish(i, j, sums, start, how) is called by each thread for each of its rows i, with the sums from `start` on of
    columns j .. j + 7, of which some may lie outside of the product. It indexes the sums by constants, in loops over
    constant ranges: they are registers.
    """
    threads, depth = tile.threads, tile.depth
    across = tile.columns // COLUMNS
    fetch_left, put_left, held_left, left_row = _filling(left_by_rows, tile.rows, depth, threads, _in_order)
    fetch_right, put_right, held_right, right_row = _filling(
        right_by_rows, tile.columns, depth, threads, _in_halves(tile.columns)
    )
    half = tile.columns >> 1
    left_size, right_size = depth * left_row, depth * right_row
    rights = 2 * left_size  # where the right side's two blocks begin in shared memory
    both_sides = shared_floats(rights + 2 * right_size)
    sums_size = ROWS * COLUMNS

    @device_function
    def add(sums, shared, left_place, right_place):
        """Add the products of one depth: of eight elements in neighbouring places, and of two times four."""
        a0, a1, a2, a3 = load_four(shared, left_place)
        a4, a5, a6, a7 = load_four(shared, left_place + 4)
        b = load_four(shared, right_place) + load_four(shared, right_place + half)
        for n in range(COLUMNS):
            sums[n] += a0 * b[n]
            sums[COLUMNS + n] += a1 * b[n]
            sums[2 * COLUMNS + n] += a2 * b[n]
            sums[3 * COLUMNS + n] += a3 * b[n]
            sums[4 * COLUMNS + n] += a4 * b[n]
            sums[5 * COLUMNS + n] += a5 * b[n]
            sums[6 * COLUMNS + n] += a6 * b[n]
            sums[7 * COLUMNS + n] += a7 * b[n]

    @device_kernel
    def product(left, right, size, left_whole, right_whole, how):
        shared = both_sides()
        next_left = cuda.local.array(held_left, float32)
        next_right = cuda.local.array(held_right, float32)
        sums = cuda.local.array(sums_size, float32)
        for n in range(sums_size):
            sums[n] = ZERO
        row, column = cuda.blockIdx.y * tile.rows, cuda.blockIdx.x * tile.columns
        i, j = cuda.threadIdx.x // across * ROWS, cuda.threadIdx.x % across
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
            for d in range(0, depth, TURNS):
                left_place = now * left_size + d * left_row + i
                right_place = rights + now * right_size + d * right_row + 4 * j
                add(sums, shared, left_place, right_place)
                add(sums, shared, left_place + left_row, right_place + right_row)
                add(sums, shared, left_place + 2 * left_row, right_place + 2 * right_row)
                add(sums, shared, left_place + 3 * left_row, right_place + 3 * right_row)
            if more:
                now = 1 - now
                put_left(shared, now * left_size, next_left)
                put_right(shared, rights + now * right_size, next_right)
                cuda.syncthreads()
        row, column = row + i, column + COLUMNS * j
        finish(row, column, sums, 0, how)  # written out: a long loop would not be, and index the sums
        finish(row + 1, column, sums, COLUMNS, how)
        finish(row + 2, column, sums, 2 * COLUMNS, how)
        finish(row + 3, column, sums, 3 * COLUMNS, how)
        finish(row + 4, column, sums, 4 * COLUMNS, how)
        finish(row + 5, column, sums, 5 * COLUMNS, how)
        finish(row + 6, column, sums, 6 * COLUMNS, how)
        finish(row + 7, column, sums, 7 * COLUMNS, how)

    return product


def over_tiles(left_by_rows, right_by_rows, finish):
    """Return the kernels of a product by their tiles."""
    sides = left_by_rows, right_by_rows, finish
    return {
        tile: (multiplying if tile.precision == "float32" else tensor_cores.multiplying)(*sides, tile)
        for tiles in TILES.values()
        for tile in tiles
    }


def multiply(kernels, shape, depth, left, right, how):
    """Launch a product of a shape (rows, columns); which tile it takes depends on that and on the precision alone."""
    rows, columns = shape
    if not rows or not columns:
        return
    large, small = TILES[current_precision()]
    tile = small if size_of_grid(columns, large.columns) * size_of_grid(rows, large.rows) <= FEW else large
    grid = size_of_grid(columns, tile.columns), size_of_grid(rows, tile.rows)
    whole = [array.shape[1] % 4 == 0 and aligned(array) for array in (left, right)]
    launch_blocks(kernels[tile], grid, tile.threads, left, right, depth, *whole, how)
