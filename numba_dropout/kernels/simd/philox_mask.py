"""Words of the stream, 8 blocks at a time, masks of their 64 elements, and the loads and stores of masks.

A mask of 64 elements is a `uint64`, with element j in bit j. AVX-512 keeps it in its mask registers.
"""

import numpy as np
from llvmlite import ir
from numba import types

from ..scalar.philox import M0, M1, MASK16, W0, W1, block_words
from . import vectors
from .intrinsic import intrinsic
from .registers import TILE
from .vectors import I1, I8, I32, I64

__all__ = ["BLOCKS", "LANES", "draw", "load_bytes", "store_bytes", "store_words"]

AVX512 = TILE.size == 64
LANES = 64  # elements of a group: the numbers of 8 blocks
BLOCKS = 8

WORDS = vectors.vector(I32, 16)
PAIRS = vectors.vector(I64, 8)
NUMBERS = vectors.vector(ir.IntType(16), 32)
BITS = vectors.vector(I1, LANES)


# ---------------------------------------------------------------- drawing


def _draw(first, threshold, k0, k1, stream, step):
    """Return two masks of the numbers of 8 blocks: at least the threshold's high half, and equal to it."""
    high = int(threshold) >> 16
    kept = equal = 0
    for b in range(8):
        for w, word in enumerate(block_words(first + np.uint64(b), stream, step, k0, k1)):
            for h, number in enumerate((int(word & MASK16), int(word) >> 16)):
                lane = 8 * b + 2 * w + h
                kept |= (number >= high) << lane
                equal |= (number == high) << lane
    return np.uint64(kept), np.uint64(equal)


# The state of 8 blocks in two vectors of 64-bit lanes, [c1|c0] and [c3|c2]. A round multiplies the low halves and gives
# [hi|lo] of both products. hi is mixed with a high half of the state and the key, and a swap of the halves makes it the
# next low half: six operations for eight blocks, and no merge at the end.


def _swap_halves(builder, pairs):
    """Swap the 32-bit halves of each 64-bit lane."""
    halves = builder.bitcast(pairs, WORDS)
    return builder.bitcast(vectors.shuffle(builder, halves, None, [lane ^ 1 for lane in range(16)]), PAIRS)


def _multiply(builder, pairs, multiplier):
    """Multiply the low half of each 64-bit lane by a 32-bit number."""
    low = builder.and_(pairs, vectors.constant(PAIRS, 0xFFFFFFFF))
    return builder.mul(low, vectors.constant(PAIRS, int(multiplier)))


def _high_halves(builder):
    """Return the mask of those of 16 lanes that are high halves.

    LLVM would merge a selection by a constant and the swap after it, of one cycle each, into a permutation of three
    cycles. Empty inline assembly hides the constant from it.
    """
    if not AVX512:
        return vectors.constant(vectors.vector(I1, 16), [lane & 1 for lane in range(16)])
    unknown = builder.asm(ir.FunctionType(I32, [I32]), "", "=r,0", [I32(0xAAAA)], side_effect=False)
    return builder.bitcast(builder.trunc(unknown, ir.IntType(16)), vectors.vector(I1, 16))


def _mix(builder, product, state, key, high):
    """Return [hi ^ high half of the state ^ key | lo]."""
    product, state = builder.bitcast(product, WORDS), builder.bitcast(state, WORDS)
    if AVX512:  # one operation with the selection, for which LLVM would emit two
        operands = [product, state, key, I32(0b10010110)]
        mixed = vectors.call(builder, "llvm.x86.avx512.pternlog.d.512", WORDS, operands)
    else:
        mixed = builder.xor(builder.xor(product, state), key)
    return builder.bitcast(builder.select(high, mixed, product), PAIRS)


def _numbers(builder, first, k0, k1, stream, step):
    """Emit Philox4x32-10 for 8 blocks. Return the numbers of the first four blocks and of the last four."""
    # this order puts blocks 0..3 in the even lanes and 4..7 in the odd lanes
    order = vectors.constant(PAIRS, [0, 4, 1, 5, 2, 6, 3, 7])
    low = builder.add(vectors.splat(builder, first, 8), order)
    high = vectors.splat(builder, builder.or_(builder.shl(stream, I64(32)), step), 8)
    halves = _high_halves(builder)
    for round_index in range(10):
        if round_index:
            low, high = _swap_halves(builder, low), _swap_halves(builder, high)
        key0, key1 = (vectors.splat(builder, builder.trunc(key, I32), 16) for key in (k0, k1))
        product0, product1 = _multiply(builder, low, M0), _multiply(builder, high, M1)
        low, high = _mix(builder, product1, low, key0, halves), _mix(builder, product0, high, key1, halves)
        k0, k1 = builder.add(k0, I64(int(W0))), builder.add(k1, I64(int(W1)))
    # low is now [c0|c1], high [c2|c3]: a block takes its four words from both
    low, high = builder.bitcast(low, WORDS), builder.bitcast(high, WORDS)
    results = []
    for odd in (0, 2):
        lanes = [16 * vector + 4 * quarter + odd + half for quarter in range(4) for vector in (0, 1) for half in (1, 0)]
        results.append(builder.bitcast(vectors.shuffle(builder, low, high, lanes), NUMBERS))
    return results


def _to_integer(builder, masks):
    """Return two masks of 32 lanes as one 64-bit integer."""
    return builder.bitcast(vectors.shuffle(builder, masks[0], masks[1], range(LANES)), I64)


@intrinsic(_draw)
def draw(typing_context, first, threshold, k0, k1, stream, step):
    """Emit the IR of `_draw`: the generator for all blocks at once, and two comparisons."""

    def generate(context, builder, signature, arguments):
        first, threshold, k0, k1, stream, step = arguments
        numbers = _numbers(builder, first, k0, k1, stream, step)
        high = vectors.splat(builder, builder.trunc(builder.lshr(threshold, I64(16)), ir.IntType(16)), 32)
        results = [
            _to_integer(builder, [builder.icmp_unsigned(comparison, half, high) for half in numbers])
            for comparison in (">=", "==")
        ]
        return context.make_tuple(builder, signature.return_type, results)

    word = types.uint64
    return types.UniTuple(word, 2)(word, word, word, word, word, word), generate


def _store_words(array, start, first, k0, k1, stream, step):
    """Write the words of 8 blocks in order to the 128 bytes from element `start` of an array on."""
    words = [word for b in range(BLOCKS) for word in block_words(first + np.uint64(b), stream, step, k0, k1)]
    array[start : start + 4 * len(words) // array.itemsize] = np.array(words, np.uint32).view(array.dtype)


@intrinsic(_store_words)
def store_words(typing_context, array, start, first, k0, k1, stream, step):
    """Emit the IR of `_store_words`: the generator for all blocks at once, and two stores."""

    def generate(context, builder, signature, arguments):
        array, start, first, k0, k1, stream, step = arguments
        view = vectors.View(context, builder, signature.args[0], array)
        address = view.flat_address(start)
        for index, words in enumerate(_numbers(builder, first, k0, k1, stream, step)):
            target = builder.gep(builder.bitcast(address, I8.as_pointer()), [I64(64 * index)])
            vectors.store(builder, words, target)
        return context.get_dummy_value()

    word = types.uint64
    return types.none(array, types.int64, word, word, word, word, word), generate


# ---------------------------------------------------------------- loads and stores


def _store_bytes(mask, start, bits):
    """Write 64 bits as elements start .. start + 63 of a boolean array, lowest bit first."""
    mask[start : start + LANES] = np.array([int(bits) >> lane & 1 for lane in range(LANES)], np.bool_)


@intrinsic(_store_bytes)
def store_bytes(typing_context, mask, start, bits):
    """Emit the IR of `_store_bytes`: one store of 64 bytes."""

    def generate(context, builder, signature, arguments):
        view = vectors.View(context, builder, signature.args[0], arguments[0])
        content = builder.zext(builder.bitcast(arguments[2], BITS), vectors.vector(I8, LANES))
        vectors.store(builder, content, view.flat_address(arguments[1]))
        return context.get_dummy_value()

    return types.none(mask, types.int64, types.uint64), generate


def _load_bytes(mask, start):
    """Return elements start .. start + 63 of a boolean array as 64 bits, lowest bit first."""
    return np.uint64(sum(int(value) << lane for lane, value in enumerate(mask[start : start + LANES])))


@intrinsic(_load_bytes)
def load_bytes(typing_context, mask, start):
    """Emit the IR of `_load_bytes`: one load of 64 bytes."""

    def generate(context, builder, signature, arguments):
        view = vectors.View(context, builder, signature.args[0], arguments[0])
        kind = vectors.vector(I8, LANES)
        content = vectors.load(builder, view.flat_address(arguments[1]), kind)
        return builder.bitcast(builder.icmp_unsigned("!=", content, vectors.constant(kind, 0)), I64)

    return types.uint64(mask, types.int64), generate
