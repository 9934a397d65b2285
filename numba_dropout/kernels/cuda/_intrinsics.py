"""Building blocks that numba.cuda lacks, in LLVM IR; each has a plain body of the same meaning for the simulator."""

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

WIDEST = 16  # bytes that a thread loads or stores at once
SHARED = 3  # NVVM's number of the address space
I32, I64 = ir.IntType(32), ir.IntType(64)


def _loading(count):
    """Return the block that loads so many elements of an array, from the flat place `start` on, as a tuple.

    All lie in the array, at an address that their bytes divide, or 16 where they are more.
    """

    def load(array, start):
        return tuple(array.reshape(-1)[start + lane] for lane in range(count))

    return load if config.ENABLE_CUDASIM else _emit_loads(count)


def _storing(count):
    """Return the block that stores a tuple of elements, as `_loading`'s reads them."""

    def store(array, start, values):
        flat = array.reshape(-1)
        for lane in range(count):
            flat[start + lane] = values[lane]

    return store if config.ENABLE_CUDASIM else _emit_stores(count)


def value_of(value):
    """Return a number that a kernel is given as such, or as the only element of an array: a graph reads it anew."""
    return value[0] if getattr(value, "shape", ()) else value


def _float_of(bits):
    """Return the float32 that 32 bits stand for."""
    return np.uint32(bits).view(np.float32)


def _bits_of(value):
    """Return the 32 bits of a float32."""
    return np.float32(value).view(np.uint32)


# Accesses are of words, of 4 bytes or as many as an element has: NVVM would halve those of vectors of more than four
# elements. An element is a part of a word.


def _accesses(context, builder, count, kind, value, start):
    """Yield the place of each access, as a vector of words, and the type of a word as elements."""
    element = context.get_data_type(kind.dtype)
    size = context.get_abi_sizeof(element)
    word = max(size, 4)
    words = ir.VectorType(ir.IntType(8 * word), min(count * size, WIDEST) // word)
    place = builder.gep(make_array(kind)(context, builder, value).data, [start])
    place = builder.bitcast(place, words.as_pointer())
    for number in range(count * size // word // words.count):
        yield builder.gep(place, [I64(number)]), ir.VectorType(element, word // size)


def _emit_loads(count):
    @intrinsic
    def load(typing_context, array, start):
        """Emit loads of 16 bytes, or of less where all elements are."""

        def generate(context, builder, signature, arguments):
            model = context.data_model_manager[array.dtype]
            values = []
            for place, parts in _accesses(context, builder, count, array, *arguments):
                words = builder.load(place)
                words.align = context.get_abi_sizeof(words.type)
                for number in range(words.type.count):
                    elements = builder.bitcast(builder.extract_element(words, I32(number)), parts)
                    values += [builder.extract_element(elements, I32(part)) for part in range(parts.count)]
            return cgutils.pack_array(builder, [model.from_data(builder, value) for value in values])

        return types.UniTuple(array.dtype, count)(array, types.int64), generate

    return load


def _emit_stores(count):
    @intrinsic
    def store(typing_context, array, start, values):
        """Emit stores of 16 bytes, or of less where all elements are."""

        def generate(context, builder, signature, arguments):
            model = context.data_model_manager[array.dtype]
            values = [model.as_data(builder, value) for value in cgutils.unpack_tuple(builder, arguments[2])]
            for place, parts in _accesses(context, builder, count, array, *arguments[:2]):
                words = ir.Constant(place.type.pointee, ir.Undefined)
                for number in range(words.type.count):
                    elements = ir.Constant(parts, ir.Undefined)
                    for part in range(parts.count):
                        elements = builder.insert_element(elements, values.pop(0), I32(part))
                    word = builder.bitcast(elements, words.type.element)
                    words = builder.insert_element(words, word, I32(number))
                builder.store(words, place).align = context.get_abi_sizeof(words.type)
            return context.get_dummy_value()

        return types.none(array, types.int64, types.UniTuple(array.dtype, count)), generate

    return store


def shared_floats(size):
    """Return the block that gives a kernel so many float32 in shared memory, at a multiple of 16 bytes, once."""

    @device_function
    def floats():
        return cuda.shared.array(size, float32)

    return floats if config.ENABLE_CUDASIM else _emit_shared_floats(size)


def _emit_shared_floats(size):
    @intrinsic
    def floats(typing_context):
        """Emit a variable in shared memory: numba.cuda's own are aligned to one element, in some versions always."""

        def generate(context, builder, signature, arguments):
            kind = ir.ArrayType(ir.FloatType(), size)
            memory = ir.GlobalVariable(builder.module, kind, "shared_floats", addrspace=SHARED)
            memory.align = WIDEST
            memory.initializer = ir.Constant(kind, ir.Undefined)
            array = make_array(signature.return_type)(context, builder)
            data = builder.bitcast(builder.addrspacecast(memory, kind.as_pointer()), array.data.type)
            populate_array(array, data, [I64(size)], [I64(4)], I64(4), meminfo=None)
            return array._getvalue()

        return types.Array(types.float32, 1, "C")(), generate

    return floats


def _reinterpretation(result, argument, plain):
    """Return the block that takes the bits of one type as those of another."""

    def emit(typing_context, value):
        def generate(context, builder, signature, arguments):
            return builder.bitcast(arguments[0], context.get_value_type(result))

        return result(argument), generate

    return plain if config.ENABLE_CUDASIM else intrinsic(emit)


if not config.ENABLE_CUDASIM:
    require_cuda()
    from numba.cuda.extending import intrinsic, overload
    from numba.cuda.np.arrayobj import make_array, populate_array

    @intrinsic
    def _wide_product(typing_context, a, b):
        """Emit the product of two 32-bit words: NVVM makes 64-bit products of what LLVM knows to be words."""

        def generate(context, builder, signature, arguments):
            words = [builder.trunc(argument, I32) for argument in arguments]
            form = ir.FunctionType(I64, [I32, I32])
            return builder.asm(form, "mul.wide.u32 $0, $1, $2;", "=l,r,r", words, side_effect=False)

        return types.uint64(types.uint64, types.uint64), generate

    _integer_of = _reinterpretation(types.int32, types.float32, None)
    _real_of = _reinterpretation(types.float32, types.int32, None)

    @overload(value_of)
    def _value_of(value):
        return (lambda value: value[0]) if isinstance(value, types.Array) else (lambda value: value)

    # what numba.cuda has no function of NumPy's for, or no good one
    overload(philox.product)(lambda a, b: lambda a, b: _wide_product(a, b))
    overload(transcendental.exp)(lambda x: lambda x: math.exp(x))
    overload(transcendental.log1p)(lambda x: lambda x: math.log1p(x))
    overload(transcendental.sqrt)(lambda x: lambda x: math.sqrt(x))
    overload(transcendental.bits32)(lambda x: lambda x: _integer_of(np.float32(x)))
    overload(transcendental.float32_of)(lambda bits: lambda bits: _real_of(np.int32(bits)))

# ---------------------------------------------------------------- tensor cores, from compute capability 8.0 on

F32 = ir.FloatType()


def _converting(instruction, count, plain):
    """Return the block that makes a word, in a float32's place, of so many float32, the last in its low half."""

    def emit(typing_context, *values):
        def generate(context, builder, signature, arguments):
            form = ir.FunctionType(I32, [F32] * count)
            places = ", ".join(f"${number + 1}" for number in range(count))
            word = builder.asm(form, f"{instruction} $0, {places};", "=r" + ",f" * count, arguments, side_effect=False)
            return builder.bitcast(word, F32)

        return types.float32(*(types.float32,) * count), generate

    if config.ENABLE_CUDASIM:
        return plain
    return intrinsic(
        (lambda context, a: emit(context, a)) if count == 1 else (lambda context, a, b: emit(context, a, b))
    )


def _to_tf32(x):
    """Round a float32 to 10 bits behind the point, ties away from zero."""
    return _float_of((np.uint64(_bits_of(x)) + np.uint64(0x1000)) & np.uint64(0xFFFFE000)) if x - x == 0 else x


def _to_bf16_pair(high, low):
    """Round two float32 to bfloat16, ties to even, in one word."""
    words = [np.uint64(_bits_of(x)) for x in (high, low)]
    rounded = [(word + np.uint64(0x7FFF) + (word >> np.uint64(16) & np.uint64(1))) >> np.uint64(16) for word in words]
    return _float_of(rounded[0] << np.uint64(16) | rounded[1])


def _multiplying(instruction, plain):
    """Return the block that adds, to a thread's four sums, a product by all threads of a warp.

    multiply(sums, left, right): left and right are the thread's four and two words. The simulator has no warps:
    there `plain`, the product of two words, stands for it.
    """

    def multiply(typing_context, sums, left, right):
        def generate(context, builder, signature, arguments):
            sums, left, right = (cgutils.unpack_tuple(builder, argument) for argument in arguments)
            words = [builder.bitcast(word, I32) for word in (*left, *right)]
            form = ir.FunctionType(ir.LiteralStructType([F32] * 4), [I32] * 6 + [F32] * 4)
            text = "{$0, $1, $2, $3}, {$4, $5, $6, $7}, {$8, $9}, {$10, $11, $12, $13};"
            kinds = ",".join(["=f"] * 4 + ["r"] * 6 + ["f"] * 4)
            result = builder.asm(form, f"{instruction} {text}", kinds, [*words, *sums], side_effect=True)
            return cgutils.pack_array(builder, [builder.extract_value(result, number) for number in range(4)])

        return types.UniTuple(types.float32, 4)(sums, left, right), generate

    return plain if config.ENABLE_CUDASIM else intrinsic(multiply)


def _product_of_pairs(a, b):
    a, b = np.uint64(_bits_of(a)), np.uint64(_bits_of(b))
    halves = [
        (_float_of(x & np.uint64(0xFFFF0000)), _float_of(x << np.uint64(16) & np.uint64(0xFFFFFFFF))) for x in (a, b)
    ]
    return halves[0][0] * halves[1][0] + halves[0][1] * halves[1][1]


load_four, store_four = _loading(4), _storing(4)  # elements that a thread has of a row of a block of a product
load_eight, store_eight = _loading(8), _storing(8)  # elements of a block of the mask contract
float_of = _reinterpretation(types.float32, types.uint32, _float_of)
bits_of = _reinterpretation(types.uint32, types.float32, _bits_of)
to_tf32 = _converting("cvt.rna.tf32.f32", 1, _to_tf32)
to_bf16_pair = _converting("cvt.rn.bf16x2.f32", 2, _to_bf16_pair)
multiply_tf32 = _multiplying("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32", lambda a, b: a * b)
multiply_bf16 = _multiplying("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32", _product_of_pairs)
