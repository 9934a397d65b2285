"""What the machine could do at best: the fastest copies, and the most multiply-adds, on all threads.

All of it is compiled at its first use, in the process that measures; nothing of it is needed to compute.
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

LINE = 16  # 32-bit words in a cache line, and in the widest vector that there is
AHEAD = 16 * 64  # bytes by which the copy past the caches reads ahead: the processor's own prefetching is not enough
CHAINS = 12  # independent sums: at least latency x units (4 x 2), and no more than AVX2's 16 registers hold


def lanes(dtype: np.dtype) -> int:
    """Return how many numbers of a dtype fit in the widest register that Numba compiles for."""
    return TILE.size // dtype.itemsize


# ---------------------------------------------------------------- copies


def _pointers(context, builder, signature, arguments):
    """Return where out[start] and inp[start] lie: what both copiers begin with."""
    for kind, value in zip(signature.args[:2], arguments[:2], strict=True):
        yield builder.gep(context.make_array(kind)(context, builder, value).data, [arguments[2]])


@intrinsic
def _copy_plainly(typing_context, out, inp, start, stop):
    """Copy words with the system's memcpy, which knows the processor."""

    def generate(context, builder, signature, arguments):
        target, source = _pointers(context, builder, signature, arguments)
        cgutils.raw_memcpy(builder, target, source, builder.sub(arguments[3], arguments[2]), 4)
        return context.get_dummy_value()

    return types.void(out, inp, types.intp, types.intp), generate


@intrinsic
def _copy_past_caches(typing_context, out, inp, start, stop):
    """Copy whole cache lines, aligned in the output, and wait: no joining of threads orders such stores."""

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
    """Return a function that copies on so many threads, each one stretch."""

    @njit(parallel=True, nogil=True)
    def copier(out, inp, head, parts):
        # out, inp (n,) of 32-bit words; out[head] is the first that begins a cache line
        n = out.size
        for i in range(head):  # a loop, for a slice would become a parallel region of its own
            out[i] = inp[i]
        lines = (n - head) // LINE
        for part in prange(parts):
            first, last = lines * np.int64(part) // parts, lines * (np.int64(part) + 1) // parts
            copy(out, inp, head + first * LINE, head + last * LINE)
        for i in range(head + lines * LINE, n):
            out[i] = inp[i]

    return copier


# As every program does; and past the caches: the lines that are overwritten are not read first.
plain_copy, nontemporal_copy = _copier(_copy_plainly), _copier(_copy_past_caches)


def words(out: np.ndarray, inp: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Return what a copier takes, but for the threads: both arrays as 32-bit words, and those before out's first line.

    The arrays are contiguous, of 4 or 8 bytes an element.
    """
    flat = out.reshape(-1).view(np.uint32)
    return flat, inp.reshape(-1).view(np.uint32), min(-flat.ctypes.data % (4 * LINE) // 4, flat.size)


# ---------------------------------------------------------------- multiply-adds


@intrinsic
def _chains(typing_context, steps, one):
    """Run CHAINS independent chains of vector multiply-adds, `steps` each, in registers; return a sum over them."""

    def generate(context, builder, signature, arguments):
        number = context.get_value_type(signature.args[1])
        vector = ir.VectorType(number, lanes(np.dtype(str(signature.args[1]))))
        name = f"llvm.fma.v{vector.count}f{8 * np.dtype(str(signature.args[1])).itemsize}"
        fma = cgutils.get_or_insert_function(builder.module, ir.FunctionType(vector, [vector] * 3), name)

        def constant(value):
            return ir.Constant(vector, [ir.Constant(number, value)] * vector.count)

        # x -> 0.5 x + 1 tends to 2 and stays in range for ever; no chain starts there, or the compiler would know it
        half, whole = constant(0.5), constant(1.0)
        sums = [cgutils.alloca_once_value(builder, constant(3.0 + chain)) for chain in range(CHAINS)]
        with cgutils.for_range(builder, arguments[0]):
            for place in sums:
                value = builder.load(place)
                if TILE.fused:  # without the instruction, llvm.fma is a slow function of libm
                    value = builder.call(fma, [value, half, whole])
                else:
                    value = builder.fadd(builder.fmul(value, half), whole)
                builder.store(value, place)
        total = ir.Constant(number, 0.0)
        for place in sums:
            vectors = builder.load(place)
            for lane in range(vector.count):
                total = builder.fadd(total, builder.extract_element(vectors, ir.Constant(ir.IntType(32), lane)))
        return total

    return one(types.intp, one), generate


@njit(parallel=True, nogil=True)
def multiply_adds(out, steps):
    """Fill out (threads,) with sums of chains of multiply-adds, on as many threads: `operations` says how many."""
    one = out.dtype.type(1)
    for part in prange(out.size):
        out[part] = _chains(steps, one)


def operations(out: np.ndarray, steps: int) -> float:
    """Return the floating-point operations of a call of `multiply_adds`: a multiply-add is two."""
    return 2.0 * out.size * steps * CHAINS * lanes(out.dtype)
