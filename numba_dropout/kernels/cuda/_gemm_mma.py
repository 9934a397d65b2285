"""Inner loop of a product on tensor cores: factors rounded to TF32 or bfloat16, sums in float32.

A warp computes 16 x 8 sums at a time, over 8 words of the depth. A word is one TF32 number, or the bfloat16 numbers of
two neighbouring depths. An instruction may take any 8 columns of the product. They are chosen so that each thread has
eight neighbouring sums, as in `_gemm_fma`, and both inner loops share their last step.
"""

import numpy as np
from numba import cuda
from numba.core import config

from ...core.jit import device_function
from ._gemm_tiles import COLUMNS, InnerLoop, Side, build_load
from ._intrinsics import multiply_bf16, multiply_tf32, to_bf16_pair, to_tf32

__all__ = ["inner_loop"]

MMA_DEPTH = 8  # words of the depth per instruction
WARP_COLUMNS = 32  # columns of a warp's sums: four instructions of eight columns
PADDING = 8  # words between the rows of shared memory: the threads of a warp then read from different banks


def _build_side(by_rows, width, depth, threads, pairs, position):
    """Return the functions that copy one factor's tile to shared memory as words, and the row stride there.

    Word k of element i is at k * stride + position(i).

    The depth runs along the rows of the array if `by_rows`, else along its columns. A word holds two depths if `pairs`.
    """
    count = width * depth // 4 // threads  # quads per thread
    row_quads = (depth if by_rows else width) // 4  # per row of the tile
    stride = width + PADDING
    group = 2 if pairs and not by_rows else 1  # quads of neighbouring depths that share words

    @device_function
    def coordinates(n):
        """Return the row and the column of quad n in the tile."""
        quad = cuda.threadIdx.x + n // group * threads
        return quad // row_quads * group + n % group, quad % row_quads * 4

    @device_function
    def store_tf32(shared, start, registers):
        """Store the thread's elements, rounded to TF32."""
        for n in range(count):
            i, j = coordinates(n)
            for lane in range(4):
                word = to_tf32(registers[4 * n + lane])
                if by_rows:
                    shared[start + (j + lane) * stride + position(i)] = word
                else:
                    shared[start + i * stride + position(j + lane)] = word

    @device_function
    def store_pairs_by_rows(shared, start, registers):
        """Store pairs of neighbours in a row, rounded to bfloat16."""
        for n in range(count):
            i, j = coordinates(n)
            for half in range(2):
                word = to_bf16_pair(registers[4 * n + 2 * half + 1], registers[4 * n + 2 * half])
                shared[start + (j // 2 + half) * stride + position(i)] = word

    @device_function
    def store_pairs(shared, start, registers):
        """Store pairs of elements from two rows, rounded to bfloat16."""
        for n in range(0, count, 2):
            i, j = coordinates(n)
            for lane in range(4):
                word = to_bf16_pair(registers[4 * n + 4 + lane], registers[4 * n + lane])
                shared[start + i // 2 * stride + position(j + lane)] = word

    store = (store_pairs_by_rows if by_rows else store_pairs) if pairs else store_tf32
    return Side(
        build_load(by_rows, count, coordinates), store, 4 * count, depth // (2 if pairs else 1) * stride
    ), stride


@device_function
def _identity(i):
    return i


@device_function
def _by_instruction(j):
    """Return the position of a column. The 8 columns of an instruction are adjacent: two of each thread's eight."""
    return j // 32 * 32 + (j >> 1 & 3) * 8 + (j >> 3 & 3) * 2 + (j & 1)


def _build_warp_step(multiply, left_stride, right_stride, tall):
    """Return the function that adds the products over 8 words of the depth to a warp's sums, with all its threads.

    multiply(sums, left, right) is an instruction on a thread's four sums, four words and two words.
    """

    @device_function
    def sixteen_rows(sums, start, shared, left, right):
        """Add the products of 16 rows with the warp's 32 columns, in four instructions."""
        a = (
            shared[left],
            shared[left + 8],
            shared[left + 4 * left_stride],
            shared[left + 4 * left_stride + 8],
        )
        for t in range(4):
            b = shared[right + 8 * t], shared[right + 4 * right_stride + 8 * t]
            upper, lower = start + 2 * t, start + COLUMNS + 2 * t
            c = multiply((sums[upper], sums[upper + 1], sums[lower], sums[lower + 1]), a, b)
            sums[upper] = c[0]
            sums[upper + 1] = c[1]
            sums[lower] = c[2]
            sums[lower + 1] = c[3]

    @device_function
    def step(sums, shared, left, right, lane):
        left += (lane & 3) * left_stride + (lane >> 2)
        right += (lane & 3) * right_stride + (lane >> 2)
        sixteen_rows(sums, 0, shared, left, right)
        sixteen_rows(sums, 2 * COLUMNS, shared, left + 16, right)
        if tall:
            sixteen_rows(sums, 4 * COLUMNS, shared, left + 32, right)
            sixteen_rows(sums, 6 * COLUMNS, shared, left + 48, right)

    return step


def _build_thread_step(multiply, left_stride, right_stride, tall):
    """Return the simulator's function for a single thread. multiply(a, b) returns the products of words."""
    rows = 8 * np.arange(8 if tall else 4)
    columns = 8 * (np.arange(COLUMNS) >> 1) + (np.arange(COLUMNS) & 1)

    def words(shared, positions, stride):
        return np.array([[shared[first + k * stride] for k in range(MMA_DEPTH)] for first in positions.tolist()])

    def step(sums, shared, left, right, lane):
        a = words(shared, left + rows + (lane >> 2), left_stride)
        b = words(shared, right + columns + 2 * (lane & 3), right_stride)
        products = multiply(a[:, None], b[None]).sum(2)
        for n, product in enumerate(products.ravel()):
            sums[n] += product

    return step


def inner_loop(left_by_rows, right_by_rows, tile):
    """Return the inner loop of a product."""
    pairs, threads, depth, height = tile.precision == "bf16", tile.threads, tile.depth, tile.height
    left_side, left_stride = _build_side(left_by_rows, tile.rows, depth, threads, pairs, _identity)
    right_side, right_stride = _build_side(right_by_rows, tile.columns, depth, threads, pairs, _by_instruction)
    build_step = _build_thread_step if config.ENABLE_CUDASIM else _build_warp_step
    step = build_step(multiply_bf16 if pairs else multiply_tf32, left_stride, right_stride, height == 8)
    words, across = depth // 2 if pairs else depth, tile.columns // WARP_COLUMNS

    @device_function
    def warp_origin():
        """Return the row and column, within the tile, of the warp's first sum."""
        warp = cuda.threadIdx.x // 32
        return warp // across * (8 * height), warp % across * WARP_COLUMNS

    @device_function
    def origin():
        """Return the row and column, within the tile, of the thread's first sum."""
        i, j = warp_origin()
        lane = cuda.threadIdx.x % 32
        return i + (lane >> 2), j + COLUMNS * (lane & 3)

    @device_function
    def add(sums, shared, left, right):
        """Add the product of two tiles to the thread's sums."""
        i, j = warp_origin()
        lane = cuda.threadIdx.x % 32
        for word in range(0, words, MMA_DEPTH):
            step(sums, shared, left + word * left_stride + i, right + word * right_stride + j, lane)

    return InnerLoop(left_side, right_side, origin, add, 8)
