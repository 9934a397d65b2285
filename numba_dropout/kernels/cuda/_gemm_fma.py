"""The inner part of a product in float32: a thread's 8 x 8 sums, in registers, by multiply-adds."""

from numba import cuda

from ...core.jit import device_function
from ._gemm_tiles import COLUMNS, Inner, Side, fetching
from ._intrinsics import load_four, store_four

__all__ = ["inner"]

TURNS = 4  # of the loop along the depth that are written out


def _filling(by_rows, width, depth, threads, place):
    """Return one side, whose block comes to shared memory in two steps, and the size of a row there.

    `by_rows` if the depth runs along the rows of the array (i, k), not along its columns (k, i). In shared memory
    element i at depth k is at k * width + place(i); place keeps four neighbours together.
    """
    quads = width * depth // 4 // threads  # that a thread brings
    along = (depth if by_rows else width) // 4  # quads of a row of the block
    row = width + 4 if by_rows else width  # in shared memory: quads that are cut up would meet in one bank

    @device_function
    def where(number):
        quad = cuda.threadIdx.x + number * threads
        return quad // along, quad % along * 4

    @device_function
    def put(shared, start, held):
        for number in range(quads):
            i, j = where(number)
            if by_rows:
                for lane in range(4):
                    shared[start + (j + lane) * row + place(i)] = held[4 * number + lane]
            else:
                quad = held[4 * number], held[4 * number + 1], held[4 * number + 2], held[4 * number + 3]
                store_four(shared, start + i * row + place(j), quad)

    return Side(fetching(by_rows, quads, where), put, 4 * quads, depth * row), row


@device_function
def _in_order(i):
    return i


def _in_halves(width):
    """Return the places of columns in shared memory: even quads first, so that no two threads' quads share a bank."""

    @device_function
    def place(j):
        return (j >> 2 & 1) * (width >> 1) + (j >> 3 << 2) + (j & 3)

    return place


def inner(left_by_rows, right_by_rows, tile):
    """Return the inner part of a product."""
    threads, depth, across = tile.threads, tile.depth, tile.columns // COLUMNS
    left_side, left_row = _filling(left_by_rows, tile.rows, depth, threads, _in_order)
    right_side, right_row = _filling(right_by_rows, tile.columns, depth, threads, _in_halves(tile.columns))
    height, half = tile.height, tile.columns >> 1

    @device_function
    def place():
        return cuda.threadIdx.x // across * height, cuda.threadIdx.x % across * COLUMNS

    @device_function
    def add_one(sums, shared, left, right):
        """Add the products of one depth: of eight elements in neighbouring places, and of two times four."""
        a0, a1, a2, a3 = load_four(shared, left)
        a4, a5, a6, a7 = load_four(shared, left + 4)
        b = load_four(shared, right) + load_four(shared, right + half)
        for n in range(COLUMNS):
            sums[n] += a0 * b[n]
            sums[COLUMNS + n] += a1 * b[n]
            sums[2 * COLUMNS + n] += a2 * b[n]
            sums[3 * COLUMNS + n] += a3 * b[n]
            sums[4 * COLUMNS + n] += a4 * b[n]
            sums[5 * COLUMNS + n] += a5 * b[n]
            sums[6 * COLUMNS + n] += a6 * b[n]
            sums[7 * COLUMNS + n] += a7 * b[n]

    @device_function
    def add(sums, shared, left, right):
        i, j = place()
        for d in range(0, depth, TURNS):
            a, b = left + d * left_row + i, right + d * right_row + (j >> 1)
            add_one(sums, shared, a, b)
            add_one(sums, shared, a + left_row, b + right_row)
            add_one(sums, shared, a + 2 * left_row, b + 2 * right_row)
            add_one(sums, shared, a + 3 * left_row, b + 3 * right_row)

    return Inner(left_side, right_side, place, add, 1)
