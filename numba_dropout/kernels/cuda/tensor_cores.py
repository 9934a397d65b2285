"""Products on tensor cores: the factors rounded to TF32 or bfloat16, the sums in float32.

A warp takes 16 x 8 sums at a time, over 8 words of the depth: a word is a TF32 number, or two bfloat16 of neighbouring
depths. Which columns of the product are an instruction's is free: they are dealt so that a thread's are eight
neighbours, as in `product`, and what follows a product is the same.
"""

from numba import cuda, float32
from numba.core import config

from ..._jit import device_function, device_kernel
from ..pointwise import ZERO
from .blocks import multiply_bf16, multiply_tf32, shared_floats, to_bf16_pair, to_tf32
from .tiles import COLUMNS, four

__all__ = ["multiplying"]

STEP = 8  # words of the depth that an instruction takes
WARP_COLUMNS = 32  # of the sums of a warp: four instructions' eight
GAP = 8  # words between the rows of shared memory: the threads of a warp then read from different banks


def _filling(by_rows, width, depth, threads, pairs, place):
    """Return how one side's block comes to shared memory as words: word k of element i is at k * row + place(i).

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
    def fetch(held, array, first, k, whole):
        for number in range(count):
            i, j = where(number)
            if by_rows:
                quad = four(array, first + i, k + j, whole)
            else:
                quad = four(array, k + i, first + j, whole)
            held[4 * number] = quad[0]
            held[4 * number + 1] = quad[1]
            held[4 * number + 2] = quad[2]
            held[4 * number + 3] = quad[3]

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
    return fetch, put, 4 * count, row


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
    """Return the same for a thread alone, in the simulator: multiply(a, b) is the product of two words."""

    def step(sums, shared, left, right, lane):
        for height in range(8 if tall else 4):
            row = left + 8 * height + (lane >> 2)
            for n in range(COLUMNS):
                column = right + 8 * (n >> 1) + 2 * (lane & 3) + (n & 1)
                for word in range(STEP):
                    product = multiply(shared[row + word * left_row], shared[column + word * right_row])
                    sums[height * COLUMNS + n] += product

    return step


def multiplying(left_by_rows, right_by_rows, finish, tile):
    """Return the kernel of a product as `product.multiplying` does, for tensor cores."""
    pairs = tile.precision == "bf16"
    words = tile.depth // 2 if pairs else tile.depth
    threads, depth, tall, sums_size = tile.threads, tile.depth, tile.height == 8, tile.height * COLUMNS
    fetch_left, put_left, held_left, left_row = _filling(left_by_rows, tile.rows, depth, threads, pairs, _in_order)
    fetch_right, put_right, held_right, right_row = _filling(right_by_rows, tile.columns, depth, threads, pairs, _dealt)
    left_size, right_size = words * left_row, words * right_row
    rights = 2 * left_size  # where the right side's two blocks begin in shared memory
    both_sides = shared_floats(rights + 2 * right_size)
    stepping = _step_of_a_thread if config.ENABLE_CUDASIM else _step_of_a_warp
    step = stepping(multiply_bf16 if pairs else multiply_tf32, left_row, right_row, tall)
    warp_rows, warps_across = 8 * tile.height, tile.columns // WARP_COLUMNS

    @device_kernel
    def product(left, right, size, left_whole, right_whole, how):
        shared = both_sides()
        next_left = cuda.local.array(held_left, float32)
        next_right = cuda.local.array(held_right, float32)
        sums = cuda.local.array(sums_size, float32)
        for n in range(sums_size):
            sums[n] = ZERO
        row, column = cuda.blockIdx.y * tile.rows, cuda.blockIdx.x * tile.columns
        warp, lane = cuda.threadIdx.x // 32, cuda.threadIdx.x % 32
        i, j = warp // warps_across * warp_rows, warp % warps_across * WARP_COLUMNS
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
            for word in range(0, words, STEP):
                left_place = now * left_size + word * left_row + i
                right_place = rights + now * right_size + word * right_row + j
                step(sums, shared, left_place, right_place, lane)
            if more:
                now = 1 - now
                put_left(shared, now * left_size, next_left)
                put_right(shared, rights + now * right_size, next_right)
                cuda.syncthreads()
        row, column = row + i + (lane >> 2), column + j + COLUMNS * (lane & 3)
        finish(row, column, sums, 0, how)  # written out, as in `product`
        finish(row + 8, column, sums, COLUMNS, how)
        finish(row + 16, column, sums, 2 * COLUMNS, how)
        finish(row + 24, column, sums, 3 * COLUMNS, how)
        if tall:
            finish(row + 32, column, sums, 4 * COLUMNS, how)
            finish(row + 40, column, sums, 5 * COLUMNS, how)
            finish(row + 48, column, sums, 6 * COLUMNS, how)
            finish(row + 56, column, sums, 7 * COLUMNS, how)

    return product
