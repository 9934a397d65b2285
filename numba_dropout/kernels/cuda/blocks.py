"""Building blocks that numba.cuda lacks, in LLVM IR; each has a plain body of the same meaning for the simulator."""

import math

import numpy as np
from llvmlite import ir
from numba import cuda, float32, types
from numba.core import cgutils, config

from ..._jit import device_function, require_cuda
from .. import philox, pointwise

__all__ = ["bits_of", "float_of", "load_eight", "load_four", "shared_floats", "store_eight", "store_four"]

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

    @overload(value_of)
    def _value_of(value):
        return (lambda value: value[0]) if isinstance(value, types.Array) else (lambda value: value)

    # what numba.cuda has no function of NumPy's for, or no good one
    overload(philox.product)(lambda a, b: lambda a, b: _wide_product(a, b))
    overload(pointwise.exp)(lambda x: lambda x: math.exp(x))
    overload(pointwise.log1p)(lambda x: lambda x: math.log1p(x))
    overload(pointwise.sqrt)(lambda x: lambda x: math.sqrt(x))

load_four, store_four = _loading(4), _storing(4)  # elements that a thread has of a row of a block of a product
load_eight, store_eight = _loading(8), _storing(8)  # elements of a block of the mask contract
float_of = _reinterpretation(types.float32, types.uint32, _float_of)
bits_of = _reinterpretation(types.uint32, types.float32, _bits_of)
