"""Vectors in LLVM IR: the operations that the intrinsics use.

A vector may be wider than the machine's registers: LLVM splits it to their size.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils, errors
from numba.np.arrayobj import make_array

__all__ = [
    "CACHE_LINE",
    "I1",
    "I8",
    "I32",
    "I64",
    "View",
    "call",
    "constant",
    "first_lanes",
    "load",
    "load_masked",
    "prefetch",
    "require_contiguous",
    "require_same_dtype",
    "shuffle",
    "splat",
    "store",
    "store_masked",
    "undefined",
    "vector",
    "vector_name",
    "views",
]

I1, I8, I32, I64 = (ir.IntType(bits) for bits in (1, 8, 32, 64))
CACHE_LINE = 64
ELEMENTS = {"float": "f32", "double": "f64", "i16": "i16"}  # element types in the names of LLVM's intrinsics


def vector(element, lanes):
    """Return a vector type."""
    return ir.VectorType(element, lanes)


def constant(kind, values):
    """Return a constant vector, with a value for each lane or one value for all."""
    return ir.Constant(kind, list(values) if isinstance(values, list | range) else [values] * kind.count)


def undefined(kind):
    """Return a vector with undefined lanes."""
    return ir.Constant(kind, ir.Undefined)


def splat(builder, value, lanes):
    """Return a vector with the value in every lane."""
    empty = undefined(vector(value.type, lanes))
    return shuffle(builder, builder.insert_element(empty, value, I32(0)), None, [0] * lanes)


def shuffle(builder, a, b, lanes):
    """Return a vector of the given lanes of a and b. Lanes of b are numbered after those of a."""
    return builder.shuffle_vector(a, undefined(a.type) if b is None else b, constant(vector(I32, len(lanes)), lanes))


def call(builder, name, result, arguments):
    """Call an LLVM intrinsic by its full name."""
    kind = ir.FunctionType(result, [argument.type for argument in arguments])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), arguments)


def first_lanes(builder, count, start, lanes):
    """Return a mask of the lanes start, start + 1, ... with True below count (64 bits)."""
    numbers = constant(vector(I64, lanes), range(start, start + lanes))
    return builder.icmp_signed("<", numbers, splat(builder, count, lanes))


def require_contiguous(kinds):
    """Raise TypingError if one of these types is an array that is not contiguous, as addresses require."""
    for kind in kinds:
        if isinstance(kind, types.Array) and kind.layout != "C":
            raise errors.TypingError(f"kernels take contiguous arrays (layout C), got {kind}")


def require_same_dtype(*kinds):
    """Raise TypingError if these array types have different dtypes, because vectors have one element type."""
    if len({kind.dtype for kind in kinds}) > 1:
        raise errors.TypingError(f"kernels take arrays of one dtype, got {', '.join(map(str, kinds))}")


class View:
    """An array argument of an intrinsic: its memory, shape, and strides in bytes."""

    def __init__(self, context, builder, kind, value):
        array = make_array(kind)(context, builder, value)
        self.builder = builder
        self.element = context.get_data_type(kind.dtype)
        self.size = context.get_abi_sizeof(self.element)  # size of an element, in bytes
        self.start = builder.bitcast(array.data, I8.as_pointer())
        self.shape = cgutils.unpack_tuple(builder, array.shape, kind.ndim)
        self.strides = cgutils.unpack_tuple(builder, array.strides, kind.ndim)

    def address(self, *indices):
        """Return the address of an element, as a pointer to bytes."""
        pointer = self.start
        for index, stride in zip(indices, self.strides, strict=False):
            pointer = self.builder.gep(pointer, [self.builder.mul(index, stride)])
        return pointer

    def flat_address(self, index):
        """Return the address of an element of a contiguous array."""
        return self.builder.gep(self.start, [self.builder.mul(index, I64(self.size))])


def views(context, builder, kinds, values):
    """Return a `View` of each array argument."""
    return [View(context, builder, kind, value) for kind, value in zip(kinds, values, strict=True)]


def _typed(builder, pointer, offset, kind):
    """Return the address `offset` bytes behind a pointer, as a pointer to a type."""
    return builder.bitcast(builder.gep(pointer, [I64(offset)]) if offset else pointer, kind.as_pointer())


def load(builder, pointer, kind, offset=0, align=1):
    """Load a value `offset` bytes behind an address."""
    value = builder.load(_typed(builder, pointer, offset, kind))
    value.align = align
    return value


def store(builder, value, pointer, offset=0, align=1, past_caches=False):
    """Store a value `offset` bytes behind an address. Past the caches, the address must be aligned to its size."""
    instruction = builder.store(value, _typed(builder, pointer, offset, value.type))
    instruction.align = align
    if past_caches:
        instruction.set_metadata("nontemporal", builder.module.add_metadata([I32(1)]))


def prefetch(builder, pointer, offset):
    """Prefetch the cache line `offset` bytes behind an address into all caches. Any address is allowed."""
    for_reading, all_levels, data = I32(0), I32(3), I32(1)
    address = builder.gep(pointer, [I64(offset)])
    call(builder, "llvm.prefetch.p0i8", ir.VoidType(), [address, for_reading, all_levels, data])


def vector_name(kind):
    """Return the name of a vector type in the names of LLVM's intrinsics."""
    return f"v{kind.count}{ELEMENTS[str(kind.element)]}"


def _masked_name(operation, kind):
    return f"llvm.masked.{operation}.{vector_name(kind)}.p0{vector_name(kind)}"


def load_masked(builder, mask, pointer, kind, offset=0):
    """Load the lanes where the mask is True, and 0 elsewhere. Only their memory is accessed."""
    zero = constant(kind, 0 if isinstance(kind.element, ir.IntType) else 0.0)
    arguments = [_typed(builder, pointer, offset, kind), I32(1), mask, zero]
    return call(builder, _masked_name("load", kind), kind, arguments)


def store_masked(builder, mask, value, pointer, offset=0):
    """Store the lanes where the mask is True. Only their memory is accessed."""
    arguments = [value, _typed(builder, pointer, offset, value.type), I32(1), mask]
    call(builder, _masked_name("store", value.type), ir.VoidType(), arguments)
