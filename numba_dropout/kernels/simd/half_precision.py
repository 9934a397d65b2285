"""float16 and bfloat16 in kernels: arrays of their bits, computed in float32 and rounded once, ties to even.

Numba has no float16 on the CPU, and NumPy no bfloat16. An array of int16 has the bits of float16, and one of uint16
those of bfloat16.
"""

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import codegen, config

from .intrinsic import intrinsic
from .vectors import I32

__all__ = [
    "NATIVE",
    "computed",
    "converts",
    "emit_bfloat16_map",
    "emit_narrow",
    "emit_widen",
    "narrow",
    "narrowed",
    "widen",
    "widened",
]

FLOAT16, BFLOAT16 = types.int16, types.uint16  # the types of their bits
HALVES = (FLOAT16, BFLOAT16)
I16, HALF, FLOAT = ir.IntType(16), ir.HalfType(), ir.FloatType()


def converts(features: str, machine: str) -> bool:
    """Return whether a machine has instructions for float16, for LLVM's list of features ("+avx2,+f16c")."""
    has = {name[1:] for name in features.split(",") if name.startswith("+")}
    return machine in ("aarch64", "arm64") or bool(has & {"f16c", "avx512f"})


def _target_converts() -> bool:
    """Return whether Numba's target converts float16. NUMBA_CPU_FEATURES may change it."""
    features = codegen.get_host_cpu_features() if config.CPU_FEATURES is None else config.CPU_FEATURES
    return converts(features, codegen.ll.get_default_triple().split("-")[0])


NATIVE = _target_converts()  # LLVM would call a function for each element elsewhere, which may not exist


def computed(dtype):
    """Return Numba's type in which elements of a dtype are computed."""
    return types.float32 if dtype in HALVES else dtype


# ---------------------------------------------------------------- scalars and arrays in plain Python


def widened(values):
    """Return the numbers of elements in the type of computations: half precision as float32."""
    if values.dtype == np.int16:
        return values.view(np.float16).astype(np.float32)
    return (values.astype(np.uint32) << np.uint32(16)).view(np.float32) if values.dtype == np.uint16 else values


def narrowed(values, out):
    """Return numbers as elements of the array `out`: the nearest ones, ties to even. NaN stays NaN."""
    if out.dtype == np.int16:
        with np.errstate(all="ignore"):  # numbers too large become infinite
            return values.astype(np.float16).view(np.int16)
    if out.dtype != np.uint16:
        return values
    bits = values.view(np.uint32).astype(np.uint64)
    rounded = (bits + np.uint64(0x7FFF) + (bits >> np.uint64(16) & np.uint64(1))) >> np.uint64(16)
    return np.where(np.isnan(values), bits >> np.uint64(16) | np.uint64(0x40), rounded).astype(np.uint16)[()]


# ---------------------------------------------------------------- values and vectors in LLVM IR


def _like(kind, element):
    """Return the type of as many elements of another type."""
    return ir.VectorType(element, kind.count) if isinstance(kind, ir.VectorType) else element


def _constant(kind, value):
    """Return a constant of a type, the same in all lanes."""
    return ir.Constant(kind, [value] * kind.count if isinstance(kind, ir.VectorType) else value)


def emit_widen(builder, dtype, values):
    """Return elements as numbers in the type of computations."""
    if dtype not in HALVES:
        return values
    if dtype == FLOAT16 and NATIVE:
        halves = builder.bitcast(values, _like(values.type, HALF))
        return builder.fpext(halves, _like(values.type, FLOAT))
    bits = builder.zext(values, _like(values.type, I32))
    if dtype == FLOAT16:
        return _from_float16(builder, bits)
    return builder.bitcast(builder.shl(bits, _constant(bits.type, 16)), _like(values.type, FLOAT))


def emit_narrow(builder, dtype, values):
    """Return numbers as elements: the nearest ones, ties to even."""
    if dtype not in HALVES:
        return values
    kind = _like(values.type, I16)
    if dtype == FLOAT16 and NATIVE:
        return builder.bitcast(builder.fptrunc(values, _like(values.type, HALF)), kind)
    to_bits = _to_float16 if dtype == FLOAT16 else _to_bfloat16
    return builder.trunc(to_bits(builder, values), kind)


def _to_bfloat16(builder, values):
    """Return the bits of bfloat16 numbers, in 32 bits."""
    rounded = _round_to_bfloat16(builder, values)
    return builder.lshr(rounded, _constant(rounded.type, 16))


def _round_to_bfloat16(builder, values):
    """Return 32 bits whose high half is a bfloat16 number. The rounding adds half a unit; NaN becomes quiet instead."""
    kind = _like(values.type, I32)
    bits = builder.bitcast(values, kind)
    odd = builder.and_(builder.lshr(bits, _constant(kind, 16)), _constant(kind, 1))
    rounded = builder.add(builder.add(bits, _constant(kind, 0x7FFF)), odd)
    quiet = builder.or_(bits, _constant(kind, 0x400000))
    return builder.select(builder.fcmp_unordered("uno", values, values), quiet, rounded)


def emit_bfloat16_map(builder, values, change):
    """Return bfloat16 elements after `change` of their numbers, which come in two vectors, of even and odd lanes.

    A word of 32 bits has two elements. Their halves are separated and joined without a permutation.
    """
    words = builder.bitcast(values, ir.VectorType(I32, values.type.count // 2))
    kind, numbers = words.type, _like(words.type, FLOAT)
    high_half, shift = _constant(kind, 0xFFFF0000), _constant(kind, 16)
    even, odd = builder.shl(words, shift), builder.and_(words, high_half)
    even, odd = (_round_to_bfloat16(builder, change(builder.bitcast(x, numbers))) for x in (even, odd))
    joined = builder.or_(builder.lshr(even, shift), builder.and_(odd, high_half))
    return builder.bitcast(joined, values.type)


# The conversions of float16 with integers follow F. Giesen, "float<->half conversions" (2012). The difference of the
# exponents' biases is 112. Subnormal numbers are normal in float32: a subtraction or an addition shifts their digits.

BIASES = 112 << 23  # the difference of the biases, as an exponent
SMALLEST = 113 << 23  # the exponent of the smallest normal float16
SHIFTER = 126 << 23  # the exponent of 0.5, whose last digit has the value of float16's smallest number
TOO_LARGE = 143 << 23  # the exponent of 2**16
INFINITY, NAN = 255 << 23, 0x7C00 << 13


def _from_float16(builder, bits):
    """Return the float32 numbers of the bits of float16 numbers, in 32 bits."""
    kind = bits.type
    number = _like(kind, FLOAT)
    sign = builder.shl(builder.and_(bits, _constant(kind, 0x8000)), _constant(kind, 16))
    digits = builder.shl(builder.and_(bits, _constant(kind, 0x7FFF)), _constant(kind, 13))
    normal = builder.add(digits, _constant(kind, BIASES))
    shifted = builder.bitcast(builder.add(digits, _constant(kind, SMALLEST)), number)
    one = builder.bitcast(_constant(kind, SMALLEST), number)
    subnormal = builder.bitcast(builder.fsub(shifted, one), kind)
    special = builder.or_(digits, _constant(kind, INFINITY))
    result = builder.select(builder.icmp_unsigned("<", digits, _constant(kind, 0x400 << 13)), subnormal, normal)
    result = builder.select(builder.icmp_unsigned(">=", digits, _constant(kind, NAN)), special, result)
    return builder.bitcast(builder.or_(result, sign), number)


def _to_float16(builder, values):
    """Return the bits of float16 numbers, in 32 bits."""
    kind = _like(values.type, I32)
    bits = builder.bitcast(values, kind)
    sign = builder.and_(builder.lshr(bits, _constant(kind, 16)), _constant(kind, 0x8000))
    digits = builder.and_(bits, _constant(kind, 0x7FFFFFFF))
    odd = builder.and_(builder.lshr(digits, _constant(kind, 13)), _constant(kind, 1))
    rounded = builder.add(builder.add(digits, _constant(kind, 0xFFF - BIASES)), odd)
    normal = builder.lshr(rounded, _constant(kind, 13))
    half = builder.bitcast(_constant(kind, SHIFTER), values.type)
    shifted = builder.fadd(builder.bitcast(digits, values.type), half)
    subnormal = builder.sub(builder.bitcast(shifted, kind), _constant(kind, SHIFTER))
    quiet = builder.or_(
        builder.and_(builder.lshr(digits, _constant(kind, 13)), _constant(kind, 0x3FF)), _constant(kind, 0x7E00)
    )
    special = builder.select(
        builder.icmp_unsigned(">", digits, _constant(kind, INFINITY)), quiet, _constant(kind, 0x7C00)
    )
    result = builder.select(builder.icmp_unsigned("<", digits, _constant(kind, SMALLEST)), subnormal, normal)
    result = builder.select(builder.icmp_unsigned(">=", digits, _constant(kind, TOO_LARGE)), special, result)
    return builder.or_(result, sign)


# ---------------------------------------------------------------- elements in loops


@intrinsic(widened)
def widen(typing_context, values):
    """Emit the IR of `widened`."""
    dtype = values

    def generate(context, builder, signature, arguments):
        return emit_widen(builder, dtype, arguments[0])

    return computed(dtype)(dtype), generate


@intrinsic(narrowed)
def narrow(typing_context, values, out):
    """Emit the IR of `narrowed`."""

    def generate(context, builder, signature, arguments):
        return emit_narrow(builder, out.dtype, arguments[0])

    return out.dtype(computed(out.dtype), out), generate
