"""The inner part of a product on tensor cores: the factors rounded to TF32 or bfloat16, the sums in float32.

A warp takes 16 x 8 sums at a time, over 8 words of the depth: a word is a TF32 number, or two bfloat16 of neighbouring
depths. Which columns of the product are an instruction's is free: they are dealt so that a thread's are eight
neighbours, as in `multiply_adds`, and what follows a product is the same.
"""

import numpy as np
from numba import cuda
from numba.core import config

from ...core.jit import device_function
from ._gemm_tiles import COLUMNS, Inner, Side, fetching
from ._intrinsics import multiply_bf16, multiply_tf32, to_bf16_pair, to_tf32

__all__ = ["inner"]

STEP = 8  # words of the depth that an instruction takes
WARP_COLUMNS = 32  # of the sums of a warp: four instructions' eight
GAP = 8  # words between the rows of shared memory: the threads of a warp then read from different banks


def _filling(by_rows, width, depth, threads, pairs, place):
    """Return one side, whose block comes to shared memory as words, and the size of a row there.

    Word k of element i is at k * row + place(i).

    `by_rows` if the depth runs along the rows of the array, not along its columns; `pairs` if a word is of two depths.
    """
    count = width * depth // 4 // threads  # quads that a thread brings
    along = (depth if by_rows else width) // 4  # quads of a row of the block
    row = width + GAP
    together = 2 if pairs and not by_rows else 1  # quads, of neighbouring depths, that make words with each other

    @device_function
    def where(number):
        quad = cuda.threadIdx.x + number // together * threads
        return quad // along * together + number % together, quad % along * 4

    @device_function
    def put_tf32(shared, start, held):
        for number in range(count):
            i, j = where(number)
            for lane in range(4):
                word = to_tf32(held[4 * number + lane])
                if by_rows:
                    shared[start + (j + lane) * row + place(i)] = word
                else:
                    shared[start + i * row + place(j + lane)] = word

    @device_function
    def put_pairs_by_rows(shared, start, held):
        for number in range(count):
            i, j = where(number)
            for half in range(2):
                word = to_bf16_pair(held[4 * number + 2 * half + 1], held[4 * number + 2 * half])
                shared[start + (j // 2 + half) * row + place(i)] = word

    @device_function
    def put_pairs(shared, start, held):
        for number in range(0, count, 2):
            i, j = where(number)
            for lane in range(4):
                word = to_bf16_pair(held[4 * number + 4 + lane], held[4 * number + lane])
                shared[start + i // 2 * row + place(j + lane)] = word

    put = (put_pairs_by_rows if by_rows else put_pairs) if pairs else put_tf32
    return Side(fetching(by_rows, count, where), put, 4 * count, depth // (2 if pairs else 1) * row), row


@device_function
def _in_order(i):
    return i


@device_function
def _dealt(j):
    """Return the place of a column: of each 32, those of an instruction come together, pairs of each thread's eight."""
    return j // 32 * 32 + (j >> 1 & 3) * 8 + (j >> 3 & 3) * 2 + (j & 1)


def _step_of_a_warp(multiply, left_row, right_row, tall):
    """Return the function that adds the products of 8 words of the depth to the sums of a warp, all threads together.

    multiply(sums, left, right) is an instruction, of a thread's four sums, four words and two.
    """

    @device_function
    def sixteen_rows(sums, start, shared, left, right):
        a = (
            shared[left],
            shared[left + 8],
            shared[left + 4 * left_row],
            shared[left + 4 * left_row + 8],
        )
        for t in range(4):
            b = shared[right + 8 * t], shared[right + 4 * right_row + 8 * t]
            at, below = start + 2 * t, start + COLUMNS + 2 * t
            c = multiply((sums[at], sums[at + 1], sums[below], sums[below + 1]), a, b)
            sums[at] = c[0]
            sums[at + 1] = c[1]
            sums[below] = c[2]
            sums[below + 1] = c[3]

    @device_function
    def step(sums, shared, left, right, lane):
        left += (lane & 3) * left_row + (lane >> 2)
        right += (lane & 3) * right_row + (lane >> 2)
        sixteen_rows(sums, 0, shared, left, right)
        sixteen_rows(sums, 2 * COLUMNS, shared, left + 16, right)
        if tall:
            sixteen_rows(sums, 4 * COLUMNS, shared, left + 32, right)
            sixteen_rows(sums, 6 * COLUMNS, shared, left + 48, right)

    return step


def _step_of_a_thread(multiply, left_row, right_row, tall):
    """Return the same for a thread alone, in the simulator: multiply(a, b) is the products of words."""
    rows = 8 * np.arange(8 if tall else 4)
    columns = 8 * (np.arange(COLUMNS) >> 1) + (np.arange(COLUMNS) & 1)

    def words(shared, places, row):
        return np.array([[shared[place + word * row] for word in range(STEP)] for place in places.tolist()])

    def step(sums, shared, left, right, lane):
        a = words(shared, left + rows + (lane >> 2), left_row)
        b = words(shared, right + columns + 2 * (lane & 3), right_row)
        products = multiply(a[:, None], b[None]).sum(2)
        for number, product in enumerate(products.ravel()):
            sums[number] += product

    return step


def inner(left_by_rows, right_by_rows, tile):
    """Return the inner part of a product."""
    pairs, threads, depth, height = tile.precision == "bf16", tile.threads, tile.depth, tile.height
    left_side, left_row = _filling(left_by_rows, tile.rows, depth, threads, pairs, _in_order)
    right_side, right_row = _filling(right_by_rows, tile.columns, depth, threads, pairs, _dealt)
    stepping = _step_of_a_thread if config.ENABLE_CUDASIM else _step_of_a_warp
    step = stepping(multiply_bf16 if pairs else multiply_tf32, left_row, right_row, height == 8)
    words, across = depth // 2 if pairs else depth, tile.columns // WARP_COLUMNS

    @device_function
    def place_of_warp():
        warp = cuda.threadIdx.x // 32
        return warp // across * (8 * height), warp % across * WARP_COLUMNS

    @device_function
    def place():
        i, j = place_of_warp()
        lane = cuda.threadIdx.x % 32
        return i + (lane >> 2), j + COLUMNS * (lane & 3)

    @device_function
    def add(sums, shared, left, right):
        i, j = place_of_warp()
        lane = cuda.threadIdx.x % 32
        for word in range(0, words, STEP):
            step(sums, shared, left + word * left_row + i, right + word * right_row + j, lane)

    return Inner(left_side, right_side, place, add, 8)
