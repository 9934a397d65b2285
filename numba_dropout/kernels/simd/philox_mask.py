"""The stream's words, 8 blocks at a time, and masks of the 64 elements of those: drawing them, and the way to memory.

A mask of 64 elements is a `uint64`, element j in bit j; AVX-512 keeps it in its mask registers.
"""

import numpy as np
from llvmlite import ir
from numba import types

from ..scalar.philox import M0, M1, MASK16, W0, W1, block_words
from . import vectors
from .intrinsic import block
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
    """Return the bits of the numbers of 8 blocks that are at least the threshold's high half, and of those equal."""
    high = int(threshold) >> 16
    kept = equal = 0
    for b in range(8):
        for w, word in enumerate(block_words(first + np.uint64(b), stream, step, k0, k1)):
            for h, number in enumerate((int(word & MASK16), int(word) >> 16)):
                place = 8 * b + 2 * w + h
                kept |= (number >= high) << place
                equal |= (number == high) << place
    return np.uint64(kept), np.uint64(equal)


# The state of 8 blocks in two vectors of 64-bit lanes, [c1|c0] and [c3|c2]: the low halves are what a round
# multiplies. A round gives [hi|lo] of both products; hi meets a high half of the state and the key, and swapping the
# halves makes that the next low half: six operations for eight blocks, and nothing to put together at the end.


def _swapped(builder, pairs):
    halves = builder.bitcast(pairs, WORDS)
    return builder.bitcast(vectors.shuffle(builder, halves, None, [lane ^ 1 for lane in range(16)]), PAIRS)


def _product(builder, pairs, multiplier):
    low = builder.and_(pairs, vectors.constant(PAIRS, 0xFFFFFFFF))
    return builder.mul(low, vectors.constant(PAIRS, int(multiplier)))


def _high_halves(builder):
    """Return which of 16 lanes are high halves.

    LLVM would make one permutation, of three cycles, of a choice by a constant and the swap after it, which take one
    each. It does not know what comes out of an instruction of no text.
    """
    if not AVX512:
        return vectors.constant(vectors.vector(I1, 16), [lane & 1 for lane in range(16)])
    unknown = builder.asm(ir.FunctionType(I32, [I32]), "", "=r,0", [I32(0xAAAA)], side_effect=False)
    return builder.bitcast(builder.trunc(unknown, ir.IntType(16)), vectors.vector(I1, 16))


def _met(builder, product, state, key, high):
    """Return [hi ^ high half of the state ^ key | lo]."""
    product, state = builder.bitcast(product, WORDS), builder.bitcast(state, WORDS)
    if AVX512:  # one operation with the choice, of which LLVM would make two
        three = [product, state, key, I32(0b10010110)]
        mixed = vectors.call(builder, "llvm.x86.avx512.pternlog.d.512", WORDS, three)
    else:
        mixed = builder.xor(builder.xor(product, state), key)
    return builder.bitcast(builder.select(high, mixed, product), PAIRS)


def _numbers(builder, first, k0, k1, stream, step):
    """Emit Philox4x32-10 for 8 blocks; return the numbers of the first four, and of the others."""
    # lanes in the order that leaves blocks 0..3 in the even ones and 4..7 in the odd ones
    order = vectors.constant(PAIRS, [0, 4, 1, 5, 2, 6, 3, 7])
    low = builder.add(vectors.splat(builder, first, 8), order)
    high = vectors.splat(builder, builder.or_(builder.shl(stream, I64(32)), step), 8)
    halves = _high_halves(builder)
    for number in range(10):
        if number:
            low, high = _swapped(builder, low), _swapped(builder, high)
        key0, key1 = (vectors.splat(builder, builder.trunc(key, I32), 16) for key in (k0, k1))
        product0, product1 = _product(builder, low, M0), _product(builder, high, M1)
        low, high = _met(builder, product1, low, key0, halves), _met(builder, product0, high, key1, halves)
        k0, k1 = builder.add(k0, I64(int(W0))), builder.add(k1, I64(int(W1)))
    # low is [c0|c1] now, high [c2|c3]: four words of a block from both
    low, high = builder.bitcast(low, WORDS), builder.bitcast(high, WORDS)
    parts = []
    for odd in (0, 2):
        lanes = [16 * vector + 4 * quarter + odd + half for quarter in range(4) for vector in (0, 1) for half in (1, 0)]
        parts.append(builder.bitcast(vectors.shuffle(builder, low, high, lanes), NUMBERS))
    return parts


def _as_integer(builder, parts):
    return builder.bitcast(vectors.shuffle(builder, parts[0], parts[1], range(LANES)), I64)


@block(_draw)
def draw(typing_context, first, threshold, k0, k1, stream, step):
    """Emit the generator for all blocks at once, and two comparisons."""

    def generate(context, builder, signature, arguments):
        first, threshold, k0, k1, stream, step = arguments
        numbers = _numbers(builder, first, k0, k1, stream, step)
        high = vectors.splat(builder, builder.trunc(builder.lshr(threshold, I64(16)), ir.IntType(16)), 32)
        results = [
            _as_integer(builder, [builder.icmp_unsigned(comparison, part, high) for part in numbers])
            for comparison in (">=", "==")
        ]
        return context.make_tuple(builder, signature.return_type, results)

    word = types.uint64
    return types.UniTuple(word, 2)(word, word, word, word, word, word), generate


def _store_words(array, start, first, k0, k1, stream, step):
    """Write the words of 8 blocks, in their order, over the 128 bytes from an element of an array on."""
    words = [word for b in range(BLOCKS) for word in block_words(first + np.uint64(b), stream, step, k0, k1)]
    array[start : start + 4 * len(words) // array.itemsize] = np.array(words, np.uint32).view(array.dtype)


@block(_store_words)
def store_words(typing_context, array, start, first, k0, k1, stream, step):
    """Emit the generator for all blocks at once, and two stores."""

    def generate(context, builder, signature, arguments):
        array, start, first, k0, k1, stream, step = arguments
        view = vectors.View(context, builder, signature.args[0], array)
        place = view.flat_address(start)
        for number, part in enumerate(_numbers(builder, first, k0, k1, stream, step)):
            there = builder.gep(builder.bitcast(place, I8.as_pointer()), [I64(64 * number)])
            vectors.store(builder, part, there)
        return context.get_dummy_value()

    word = types.uint64
    return types.none(array, types.int64, word, word, word, word, word), generate


# ---------------------------------------------------------------- to memory and back


def _store_bytes(mask, start, bits):
    """Write 64 bits as the elements start .. start + 63 of a boolean array, lowest first."""
    mask[start : start + LANES] = np.array([int(bits) >> lane & 1 for lane in range(LANES)], np.bool_)


@block(_store_bytes)
def store_bytes(typing_context, mask, start, bits):
    """Emit one store of 64 bytes."""

    def generate(context, builder, signature, arguments):
        view = vectors.View(context, builder, signature.args[0], arguments[0])
        content = builder.zext(builder.bitcast(arguments[2], BITS), vectors.vector(I8, LANES))
        vectors.store(builder, content, view.flat_address(arguments[1]))
        return context.get_dummy_value()

    return types.none(mask, types.int64, types.uint64), generate


def _load_bytes(mask, start):
    """Return 64 bits: which of the elements start .. start + 63 of a boolean array are True."""
    return np.uint64(sum(int(value) << lane for lane, value in enumerate(mask[start : start + LANES])))


@block(_load_bytes)
def load_bytes(typing_context, mask, start):
    """Emit one load of 64 bytes."""

    def generate(context, builder, signature, arguments):
        view = vectors.View(context, builder, signature.args[0], arguments[0])
        kind = vectors.vector(I8, LANES)
        content = vectors.load(builder, view.flat_address(arguments[1]), kind)
        return builder.bitcast(builder.icmp_unsigned("!=", content, vectors.constant(kind, 0)), I64)

    return types.uint64(mask, types.int64), generate
