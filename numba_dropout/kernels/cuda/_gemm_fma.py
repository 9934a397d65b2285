"""Inner loop of a product in float32: 8 x 8 sums per thread, in registers, with fused multiply-adds."""

from numba import cuda

from ...core.jit import device_function
from ._gemm_tiles import COLUMNS, InnerLoop, Side, build_load
from ._intrinsics import load_four, store_four

__all__ = ["inner_loop"]

UNROLL = 4  # depths per turn of the loop


def _build_side(by_rows, width, depth, threads, position):
    """Return the functions that copy one factor's tile to shared memory, and the row stride there.

    The depth runs along the rows of the array (i, k) if `by_rows`, else along its columns (k, i). In shared memory
    element i at depth k is at k * stride + position(i). position keeps quads together.
    """
    quads = width * depth // 4 // threads  # per thread
    row_quads = (depth if by_rows else width) // 4  # per row of the tile
    stride = width + 4 if by_rows else width  # padding for split quads, whose elements would share a bank

    @device_function
    def coordinates(n):
        """Return the row and the column of quad n in the tile."""
        quad = cuda.threadIdx.x + n * threads
        return quad // row_quads, quad % row_quads * 4

    @device_function
    def store(shared, start, registers):
        """Store the thread's elements in shared memory."""
        for n in range(quads):
            i, j = coordinates(n)
            if by_rows:
                for lane in range(4):
                    shared[start + (j + lane) * stride + position(i)] = registers[4 * n + lane]
            else:
                quad = registers[4 * n], registers[4 * n + 1], registers[4 * n + 2], registers[4 * n + 3]
                store_four(shared, start + i * stride + position(j), quad)

    return Side(build_load(by_rows, quads, coordinates), store, 4 * quads, depth * stride), stride


@device_function
def _identity(i):
    return i


def _even_quads_first(width):
    """Return the function from a column to its position, which puts the threads' quads into different banks."""

    @device_function
    def position(j):
        """Return the position of column j: the even quads first, then the odd ones."""
        return (j >> 2 & 1) * (width >> 1) + (j >> 3 << 2) + (j & 3)

    return position


def inner_loop(left_by_rows, right_by_rows, tile):
    """Return the inner loop of a product."""
    threads, depth, across = tile.threads, tile.depth, tile.columns // COLUMNS
    left_side, left_stride = _build_side(left_by_rows, tile.rows, depth, threads, _identity)
    right_side, right_stride = _build_side(right_by_rows, tile.columns, depth, threads, _even_quads_first(tile.columns))
    height, half = tile.height, tile.columns >> 1

    @device_function
    def origin():
        """Return the row and column, within the tile, of the thread's first sum."""
        return cuda.threadIdx.x // across * height, cuda.threadIdx.x % across * COLUMNS

    @device_function
    def add_depth(sums, shared, left, right):
        """Add the products at one depth: of eight neighbours on the left, and of two quads on the right."""
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
        """Add the product of two tiles to the thread's sums."""
        i, j = origin()
        for d in range(0, depth, UNROLL):
            a, b = left + d * left_stride + i, right + d * right_stride + (j >> 1)
            add_depth(sums, shared, a, b)
            add_depth(sums, shared, a + left_stride, b + right_stride)
            add_depth(sums, shared, a + 2 * left_stride, b + 2 * right_stride)
            add_depth(sums, shared, a + 3 * left_stride, b + 3 * right_stride)

    return InnerLoop(left_side, right_side, origin, add, 1)
