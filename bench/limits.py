"""Limits of the hardware: the fastest copies and the peak of multiply-adds, on all threads.

The functions are compiled at their first use, in the worker process. Only the benchmarks use them.
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import njit, prange, types
from numba.core import cgutils
from numba.extending import intrinsic

from numba_dropout.kernels.simd import vectors
from numba_dropout.kernels.simd.registers import TILE

__all__ = ["CHAINS", "lanes", "multiply_adds", "nontemporal_copy", "operations", "plain_copy", "words"]

LINE = 16  # 32-bit words in a cache line, and in the widest vector
AHEAD = 16 * 64  # prefetch distance of the non-temporal copy in bytes: hardware prefetching is not enough
CHAINS = 12  # independent sums: at least latency x units (4 x 2), at most AVX2's 16 registers


def lanes(dtype: np.dtype) -> int:
    """Return the number of values of a dtype in the widest register that Numba compiles for."""
    return TILE.size // dtype.itemsize


# ---------------------------------------------------------------- copies


def _pointers(context, builder, signature, arguments):
    """Yield the addresses of out[start] and inp[start]."""
    for kind, value in zip(signature.args[:2], arguments[:2], strict=True):
        yield builder.gep(context.make_array(kind)(context, builder, value).data, [arguments[2]])


@intrinsic
def _copy_plainly(typing_context, out, inp, start, stop):
    """Copy words with the system's memcpy, which is tuned for the processor."""

    def generate(context, builder, signature, arguments):
        target, source = _pointers(context, builder, signature, arguments)
        cgutils.raw_memcpy(builder, target, source, builder.sub(arguments[3], arguments[2]), 4)
        return context.get_dummy_value()

    return types.void(out, inp, types.intp, types.intp), generate


@intrinsic
def _copy_nontemporal(typing_context, out, inp, start, stop):
    """Copy whole cache lines, aligned in the output, with non-temporal stores, and end with a fence."""

    def generate(context, builder, signature, arguments):
        line = vectors.vector(vectors.I32, LINE)
        target, source = (
            builder.bitcast(p, vectors.I8.as_pointer()) for p in _pointers(context, builder, signature, arguments)
        )
        size = vectors.CACHE_LINE
        lines = builder.sdiv(builder.sub(arguments[3], arguments[2]), vectors.I64(LINE))
        with cgutils.for_range(builder, lines) as loop:
            start, end = (builder.gep(p, [builder.mul(loop.index, vectors.I64(size))]) for p in (source, target))
            vectors.prefetch(builder, start, AHEAD)
            vectors.store(builder, vectors.load(builder, start, line, align=4), end, align=size, past_caches=True)
        builder.fence("seq_cst")
        return context.get_dummy_value()

    return types.void(out, inp, types.intp, types.intp), generate


def _copier(copy):
    """Return a function that copies in parallel, one chunk per thread."""

    @njit(parallel=True, nogil=True)
    def copier(out, inp, head, chunks):
        # out, inp (n,) of 32-bit words. out[head] is the first that begins a cache line
        n = out.size
        for i in range(head):  # a loop, because a slice would become another parallel region
            out[i] = inp[i]
        lines = (n - head) // LINE
        for chunk in prange(chunks):
            first, last = lines * np.int64(chunk) // chunks, lines * (np.int64(chunk) + 1) // chunks
            copy(out, inp, head + first * LINE, head + last * LINE)
        for i in range(head + lines * LINE, n):
            out[i] = inp[i]

    return copier


# The usual copy, and one past the caches, which does not read the lines that it overwrites.
plain_copy, nontemporal_copy = _copier(_copy_plainly), _copier(_copy_nontemporal)


def words(out: np.ndarray, inp: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Return the arguments of a copier: both arrays as 32-bit words, and the words before out's first line.

    The arrays are contiguous, with elements of 4 or 8 bytes.
    """
    flat = out.reshape(-1).view(np.uint32)
    return flat, inp.reshape(-1).view(np.uint32), min(-flat.ctypes.data % (4 * LINE) // 4, flat.size)


# ---------------------------------------------------------------- multiply-adds


@intrinsic
def _chains(typing_context, steps, one):
    """Return the sum of CHAINS independent chains of `steps` vector multiply-adds in registers."""

    def generate(context, builder, signature, arguments):
        number = context.get_value_type(signature.args[1])
        vector = ir.VectorType(number, lanes(np.dtype(str(signature.args[1]))))
        name = f"llvm.fma.v{vector.count}f{8 * np.dtype(str(signature.args[1])).itemsize}"
        fma = cgutils.get_or_insert_function(builder.module, ir.FunctionType(vector, [vector] * 3), name)

        def constant(value):
            return ir.Constant(vector, [ir.Constant(number, value)] * vector.count)

        # x -> 0.5 x + 1 tends to 2 and stays finite. No chain starts at 2, where the compiler could remove it
        half, unit = constant(0.5), constant(1.0)
        sums = [cgutils.alloca_once_value(builder, constant(3.0 + chain)) for chain in range(CHAINS)]
        with cgutils.for_range(builder, arguments[0]):
            for accumulator in sums:
                value = builder.load(accumulator)
                if TILE.fused:  # without the instruction, llvm.fma calls a slow function of libm
                    value = builder.call(fma, [value, half, unit])
                else:
                    value = builder.fadd(builder.fmul(value, half), unit)
                builder.store(value, accumulator)
        total = ir.Constant(number, 0.0)
        for accumulator in sums:
            vectors = builder.load(accumulator)
            for lane in range(vector.count):
                total = builder.fadd(total, builder.extract_element(vectors, ir.Constant(ir.IntType(32), lane)))
        return total

    return one(types.intp, one), generate


@njit(parallel=True, nogil=True)
def multiply_adds(out, steps):
    """Fill out (threads,) with sums of chains of multiply-adds, one thread each (see `operations`)."""
    one = out.dtype.type(1)
    for thread in prange(out.size):
        out[thread] = _chains(steps, one)


def operations(out: np.ndarray, steps: int) -> float:
    """Return the floating-point operations of a call of `multiply_adds`, two per multiply-add."""
    return 2.0 * out.size * steps * CHAINS * lanes(out.dtype)
