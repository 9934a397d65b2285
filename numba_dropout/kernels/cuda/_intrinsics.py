"""Intrinsics that numba.cuda lacks, in LLVM IR.

Each has a plain Python body with the same result for the simulator.
"""

import math

import numpy as np
from llvmlite import ir
from numba import cuda, float32, types
from numba.core import cgutils, config

from ...core.jit import device_function, require_cuda
from ..scalar import philox, transcendental

__all__ = [
    "bits_of",
    "float_of",
    "load_eight",
    "load_four",
    "multiply_bf16",
    "multiply_tf32",
    "shared_floats",
    "store_eight",
    "store_four",
    "to_bf16_pair",
    "to_tf32",
    "value_of",
]

MAX_ACCESS = 16  # bytes that a thread loads or stores at once
SHARED_SPACE = 3  # NVVM's number of the address space
I32, I64 = ir.IntType(32), ir.IntType(64)


def _build_load(count):
    """Return the intrinsic that loads `count` elements of an array, from flat index `start` on, as a tuple.

    All elements lie in the array. The address is a multiple of their total size in bytes, or of 16 if that is larger.
    """

    def load(array, start):
        return tuple(array.reshape(-1)[start + lane] for lane in range(count))

    return load if config.ENABLE_CUDASIM else _emit_loads(count)


def _build_store(count):
    """Return the intrinsic that stores `count` elements, a tuple, from flat index `start` on."""

    def store(array, start, values):
        flat = array.reshape(-1)
        for lane in range(count):
            flat[start + lane] = values[lane]

    return store if config.ENABLE_CUDASIM else _emit_stores(count)


def value_of(value):
    """Return a kernel's argument: a number, or the only element of an array, which a graph reads at each launch."""
    return value[0] if getattr(value, "shape", ()) else value


def _float_of(bits):
    """Return the float32 with the given 32 bits."""
    return np.uint32(bits).view(np.float32)


def _bits_of(value):
    """Return the 32 bits of a float32."""
    return np.float32(value).view(np.uint32)


# An access is a vector of words. A word has 4 bytes, or the size of an element if that is larger: NVVM would halve
# accesses to vectors of more than four elements. A word holds one element or more.


def _accesses(context, builder, count, array_type, value, start):
    """Yield the pointer of each access, to a vector of words, and a word's type as elements."""
    element = context.get_data_type(array_type.dtype)
    size = context.get_abi_sizeof(element)
    word = max(size, 4)
    words = ir.VectorType(ir.IntType(8 * word), min(count * size, MAX_ACCESS) // word)
    pointer = builder.gep(make_array(array_type)(context, builder, value).data, [start])
    pointer = builder.bitcast(pointer, words.as_pointer())
    for i in range(count * size // word // words.count):
        yield builder.gep(pointer, [I64(i)]), ir.VectorType(element, word // size)


def _emit_loads(count):
    """Return the emitter of the intrinsic of `_build_load`."""

    @intrinsic
    def load(typing_context, array, start):
        """Emit loads of 16 bytes, or of the elements' total size if that is smaller."""

        def generate(context, builder, signature, arguments):
            model = context.data_model_manager[array.dtype]
            values = []
            for pointer, word_type in _accesses(context, builder, count, array, *arguments):
                words = builder.load(pointer)
                words.align = context.get_abi_sizeof(words.type)
                for i in range(words.type.count):
                    elements = builder.bitcast(builder.extract_element(words, I32(i)), word_type)
                    values += [builder.extract_element(elements, I32(lane)) for lane in range(word_type.count)]
            return cgutils.pack_array(builder, [model.from_data(builder, value) for value in values])

        return types.UniTuple(array.dtype, count)(array, types.int64), generate

    return load


def _emit_stores(count):
    """Return the emitter of the intrinsic of `_build_store`."""

    @intrinsic
    def store(typing_context, array, start, values):
        """Emit stores of 16 bytes, or of the elements' total size if that is smaller."""

        def generate(context, builder, signature, arguments):
            model = context.data_model_manager[array.dtype]
            values = [model.as_data(builder, value) for value in cgutils.unpack_tuple(builder, arguments[2])]
            for pointer, word_type in _accesses(context, builder, count, array, *arguments[:2]):
                words = ir.Constant(pointer.type.pointee, ir.Undefined)
                for i in range(words.type.count):
                    elements = ir.Constant(word_type, ir.Undefined)
                    for lane in range(word_type.count):
                        elements = builder.insert_element(elements, values.pop(0), I32(lane))
                    word = builder.bitcast(elements, words.type.element)
                    words = builder.insert_element(words, word, I32(i))
                builder.store(words, pointer).align = context.get_abi_sizeof(words.type)
            return context.get_dummy_value()

        return types.none(array, types.int64, types.UniTuple(array.dtype, count)), generate

    return store


def shared_floats(size):
    """Return the intrinsic that allocates `size` float32 in shared memory, 16-byte aligned, once per kernel."""

    @device_function
    def floats():
        return cuda.shared.array(size, float32)

    return floats if config.ENABLE_CUDASIM else _emit_shared_floats(size)


def _emit_shared_floats(size):
    """Return the emitter of the intrinsic of `shared_floats`."""

    @intrinsic
    def floats(typing_context):
        """Emit a variable in shared memory. Some versions of numba.cuda align theirs to one element only."""

        def generate(context, builder, signature, arguments):
            array_type = ir.ArrayType(ir.FloatType(), size)
            memory = ir.GlobalVariable(builder.module, array_type, "shared_floats", addrspace=SHARED_SPACE)
            memory.align = MAX_ACCESS
            memory.initializer = ir.Constant(array_type, ir.Undefined)
            array = make_array(signature.return_type)(context, builder)
            data = builder.bitcast(builder.addrspacecast(memory, array_type.as_pointer()), array.data.type)
            populate_array(array, data, [I64(size)], [I64(4)], I64(4), meminfo=None)
            return array._getvalue()

        return types.Array(types.float32, 1, "C")(), generate

    return floats


def _build_bitcast(result, argument, simulated):
    """Return the intrinsic that reinterprets the bits of one type as another."""

    def emit(typing_context, value):
        def generate(context, builder, signature, arguments):
            return builder.bitcast(arguments[0], context.get_value_type(result))

        return result(argument), generate

    return simulated if config.ENABLE_CUDASIM else intrinsic(emit)


if not config.ENABLE_CUDASIM:
    require_cuda()
    from numba.cuda.extending import intrinsic, overload
    from numba.cuda.np.arrayobj import make_array, populate_array

    @intrinsic
    def _wide_product(typing_context, a, b):
        """Emit the 64-bit product of two 32-bit words, for which NVVM would multiply 64-bit factors."""

        def generate(context, builder, signature, arguments):
            words = [builder.trunc(argument, I32) for argument in arguments]
            function_type = ir.FunctionType(I64, [I32, I32])
            return builder.asm(function_type, "mul.wide.u32 $0, $1, $2;", "=l,r,r", words, side_effect=False)

        return types.uint64(types.uint64, types.uint64), generate

    _float32_bits = _build_bitcast(types.int32, types.float32, None)
    _float32_from_bits = _build_bitcast(types.float32, types.int32, None)
    _float64_bits = _build_bitcast(types.int64, types.float64, None)
    _float64_from_bits = _build_bitcast(types.float64, types.int64, None)

    @overload(value_of)
    def _value_of(value):
        return (lambda value: value[0]) if isinstance(value, types.Array) else (lambda value: value)

    # functions that numba.cuda lacks, or has no good one for
    overload(philox.product)(lambda a, b: lambda a, b: _wide_product(a, b))
    overload(transcendental.exp)(lambda x: lambda x: math.exp(x))
    overload(transcendental.log1p)(lambda x: lambda x: math.log1p(x))
    overload(transcendental.sqrt)(lambda x: lambda x: math.sqrt(x))
    overload(transcendental.bits32)(lambda x: lambda x: _float32_bits(np.float32(x)))
    overload(transcendental.float32_of)(lambda bits: lambda bits: _float32_from_bits(np.int32(bits)))
    overload(transcendental.bits64)(lambda x: lambda x: _float64_bits(np.float64(x)))
    overload(transcendental.float64_of)(lambda bits: lambda bits: _float64_from_bits(np.int64(bits)))

# ---------------------------------------------------------------- tensor cores, from compute capability 8.0 on

F32 = ir.FloatType()


def _build_conversion(instruction, count, simulated):
    """Return the intrinsic that packs `count` float32 into one word, typed float32, the last in its low half."""

    def emit(typing_context, *values):
        def generate(context, builder, signature, arguments):
            function_type = ir.FunctionType(I32, [F32] * count)
            inputs = ", ".join(f"${i + 1}" for i in range(count))
            word = builder.asm(
                function_type, f"{instruction} $0, {inputs};", "=r" + ",f" * count, arguments, side_effect=False
            )
            return builder.bitcast(word, F32)

        return types.float32(*(types.float32,) * count), generate

    if config.ENABLE_CUDASIM:
        return simulated
    return intrinsic(
        (lambda context, a: emit(context, a)) if count == 1 else (lambda context, a, b: emit(context, a, b))
    )


def _to_tf32(x):
    """Round a float32 to 10 bits after the binary point, ties away from zero."""
    return _float_of((np.uint64(_bits_of(x)) + np.uint64(0x1000)) & np.uint64(0xFFFFE000)) if x - x == 0 else x


def _to_bf16_pair(high, low):
    """Round two float32 to bfloat16, ties to even, in one word."""
    words = [np.uint64(_bits_of(x)) for x in (high, low)]
    rounded = [(word + np.uint64(0x7FFF) + (word >> np.uint64(16) & np.uint64(1))) >> np.uint64(16) for word in words]
    return _float_of(rounded[0] << np.uint64(16) | rounded[1])


def _build_mma(instruction, simulated):
    """Return the intrinsic that adds a product, computed by all threads of a warp, to a thread's four sums.

    multiply(sums, left, right) takes the thread's four words on the left and two on the right. The simulator has no
    warps and uses `simulated`, the product of two words.
    """

    def multiply(typing_context, sums, left, right):
        def generate(context, builder, signature, arguments):
            sums, left, right = (cgutils.unpack_tuple(builder, argument) for argument in arguments)
            words = [builder.bitcast(word, I32) for word in (*left, *right)]
            function_type = ir.FunctionType(ir.LiteralStructType([F32] * 4), [I32] * 6 + [F32] * 4)
            registers = "{$0, $1, $2, $3}, {$4, $5, $6, $7}, {$8, $9}, {$10, $11, $12, $13};"
            constraints = ",".join(["=f"] * 4 + ["r"] * 6 + ["f"] * 4)
            result = builder.asm(
                function_type, f"{instruction} {registers}", constraints, [*words, *sums], side_effect=True
            )
            return cgutils.pack_array(builder, [builder.extract_value(result, i) for i in range(4)])

        return types.UniTuple(types.float32, 4)(sums, left, right), generate

    return simulated if config.ENABLE_CUDASIM else intrinsic(multiply)


def _product_of_pairs(a, b):
    """Return the dot product of two words of two bfloat16 each."""
    a, b = np.uint64(_bits_of(a)), np.uint64(_bits_of(b))
    halves = [
        (_float_of(x & np.uint64(0xFFFF0000)), _float_of(x << np.uint64(16) & np.uint64(0xFFFFFFFF))) for x in (a, b)
    ]
    return halves[0][0] * halves[1][0] + halves[0][1] * halves[1][1]


load_four, store_four = _build_load(4), _build_store(4)  # elements of a row of a product's tile
load_eight, store_eight = _build_load(8), _build_store(8)  # elements of a block of the mask contract
float_of = _build_bitcast(types.float32, types.uint32, _float_of)
bits_of = _build_bitcast(types.uint32, types.float32, _bits_of)
to_tf32 = _build_conversion("cvt.rna.tf32.f32", 1, _to_tf32)
to_bf16_pair = _build_conversion("cvt.rn.bf16x2.f32", 2, _to_bf16_pair)
multiply_tf32 = _build_mma("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32", lambda a, b: a * b)
multiply_bf16 = _build_mma("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32", _product_of_pairs)
