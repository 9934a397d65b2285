"""Views into a flat buffer that hold no reference to it: counting references costs a small network a quarter of a step.

The buffer must outlive them.
"""

from numba import types
from numba.np.arrayobj import make_array, populate_array

from . import vectors
from .block import block
from .vectors import I64

__all__ = ["matrix", "tensor", "vector"]


def _matrix(flat, start, rows, columns):
    """View rows * columns elements of a flat array, from start on, as a matrix."""
    return flat[start : start + rows * columns].reshape(rows, columns)


def _tensor(flat, start, size, rows, columns):
    """View elements of a flat array as a stack of matrices."""
    return flat[start : start + size * rows * columns].reshape(size, rows, columns)


def _vector(flat, start, size):
    """View some elements of a flat array."""
    return flat[start : start + size]


def _emit(context, builder, signature, arguments):
    flat = vectors.View(context, builder, signature.args[0], arguments[0])
    array = make_array(signature.return_type)(context, builder)
    shape = arguments[2:]
    strides = [I64(flat.size)]
    for length in reversed(shape[1:]):
        strides.insert(0, builder.mul(strides[0], length))
    data = builder.bitcast(flat.flat_address(arguments[1]), array.data.type)
    populate_array(array, data, shape, strides, I64(flat.size), meminfo=None)
    return array._getvalue()


@block(_matrix)
def matrix(typing_context, flat, start, rows, columns):
    """Emit the array's description."""
    return types.Array(flat.dtype, 2, "C")(flat, types.int64, types.int64, types.int64), _emit


@block(_tensor)
def tensor(typing_context, flat, start, size, rows, columns):
    """Emit the array's description."""
    number = types.int64
    return types.Array(flat.dtype, 3, "C")(flat, number, number, number, number), _emit


@block(_vector)
def vector(typing_context, flat, start, size):
    """Emit the array's description."""
    return types.Array(flat.dtype, 1, "C")(flat, types.int64, types.int64), _emit
