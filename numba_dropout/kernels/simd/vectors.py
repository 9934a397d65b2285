"""Vectors in LLVM IR: the few operations that the building blocks are made of.

A vector may be wider than the machine's registers: LLVM cuts it to their size.
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
    "all_lanes",
    "call",
    "constant",
    "first_lanes",
    "load",
    "load_where",
    "name_of",
    "prefetch",
    "refuse_gaps",
    "refuse_mixture",
    "shuffle",
    "splat",
    "store",
    "store_where",
    "vector",
    "views",
]

I1, I8, I32, I64 = (ir.IntType(bits) for bits in (1, 8, 32, 64))
CACHE_LINE = 64
ELEMENTS = {"float": "f32", "double": "f64"}  # in the names of LLVM's own functions


def vector(element, lanes):
    """Return the type of a vector."""
    return ir.VectorType(element, lanes)


def constant(kind, values):
    """Return a constant vector: a value for each lane, or one for all."""
    return ir.Constant(kind, list(values) if isinstance(values, list | range) else [values] * kind.count)


def all_lanes(kind):
    """Return a vector with nothing in its lanes yet."""
    return ir.Constant(kind, ir.Undefined)


def splat(builder, value, lanes):
    """Return a vector with the value in every lane."""
    nothing = all_lanes(vector(value.type, lanes))
    return shuffle(builder, builder.insert_element(nothing, value, I32(0)), None, [0] * lanes)


def shuffle(builder, a, b, lanes):
    """Return a vector of these lanes of a, and after them of b."""
    return builder.shuffle_vector(a, all_lanes(a.type) if b is None else b, constant(vector(I32, len(lanes)), lanes))


def call(builder, name, result, arguments):
    """Call one of LLVM's own functions by its full name."""
    kind = ir.FunctionType(result, [argument.type for argument in arguments])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), arguments)


def first_lanes(builder, count, start, lanes):
    """Return a mask with True in those of the lanes start, start + 1, ... that lie below count (64 bits)."""
    numbers = constant(vector(I64, lanes), range(start, start + lanes))
    return builder.icmp_signed("<", numbers, splat(builder, count, lanes))


def refuse_gaps(kinds):
    """Raise where one of these types is an array with gaps: addresses are computed as if there were none."""
    for kind in kinds:
        if isinstance(kind, types.Array) and kind.layout != "C":
            raise errors.TypingError(f"kernels take contiguous arrays (layout C), got {kind}")


def refuse_mixture(*kinds):
    """Raise unless the elements of these types of arrays are of one type: vectors are loaded as such."""
    if len({kind.dtype for kind in kinds}) > 1:
        raise errors.TypingError(f"kernels take arrays of one kind of numbers, got {', '.join(map(str, kinds))}")


class View:
    """An array argument inside of a building block: its memory, shape, and strides in bytes."""

    def __init__(self, context, builder, kind, value):
        array = make_array(kind)(context, builder, value)
        self.builder = builder
        self.element = context.get_data_type(kind.dtype)
        self.size = context.get_abi_sizeof(self.element)  # of an element, in bytes
        self.start = builder.bitcast(array.data, I8.as_pointer())
        self.shape = cgutils.unpack_tuple(builder, array.shape, kind.ndim)
        self.strides = cgutils.unpack_tuple(builder, array.strides, kind.ndim)

    def address(self, *indices):
        """Return the address of an element, as a pointer to bytes."""
        place = self.start
        for index, stride in zip(indices, self.strides, strict=False):
            place = self.builder.gep(place, [self.builder.mul(index, stride)])
        return place

    def flat_address(self, index):
        """Return the address of an element of a contiguous array."""
        return self.builder.gep(self.start, [self.builder.mul(index, I64(self.size))])


def views(context, builder, kinds, values):
    """Return views of array arguments."""
    return [View(context, builder, kind, value) for kind, value in zip(kinds, values, strict=True)]


def _typed(builder, place, offset, kind):
    return builder.bitcast(builder.gep(place, [I64(offset)]) if offset else place, kind.as_pointer())


def load(builder, place, kind, offset=0, align=1):
    """Load a value that lies so many bytes behind an address."""
    value = builder.load(_typed(builder, place, offset, kind))
    value.align = align
    return value


def store(builder, value, place, offset=0, align=1, past_caches=False):
    """Store a value so many bytes behind an address; past the caches only at addresses that it is aligned to."""
    done = builder.store(value, _typed(builder, place, offset, value.type))
    done.align = align
    if past_caches:
        done.set_metadata("nontemporal", builder.module.add_metadata([I32(1)]))


def prefetch(builder, place, offset):
    """Begin to bring what lies so many bytes behind an address to all caches; any address will do."""
    for_reading, all_levels, data = I32(0), I32(3), I32(1)
    address = builder.gep(place, [I64(offset)])
    call(builder, "llvm.prefetch.p0i8", ir.VoidType(), [address, for_reading, all_levels, data])


def name_of(kind):
    """Return what LLVM calls a vector in the names of its own functions."""
    return f"v{kind.count}{ELEMENTS[str(kind.element)]}"


def _masked_name(operation, kind):
    return f"llvm.masked.{operation}.{name_of(kind)}.p0{name_of(kind)}"


def load_where(builder, mask, place, kind, offset=0):
    """Load the lanes where the mask is True, 0 in the others; only their memory is touched."""
    arguments = [_typed(builder, place, offset, kind), I32(1), mask, constant(kind, 0.0)]
    return call(builder, _masked_name("load", kind), kind, arguments)


def store_where(builder, mask, value, place, offset=0):
    """Store the lanes where the mask is True; only their memory is touched."""
    arguments = [value, _typed(builder, place, offset, value.type), I32(1), mask]
    call(builder, _masked_name("store", value.type), ir.VoidType(), arguments)
