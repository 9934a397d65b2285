"""Views that hold no reference to the array: counting them costs time, and so does what a slice checks.

The array must outlive them, and nothing is checked: what is asked for must be there.
"""

from numba import types
from numba.np.arrayobj import make_array, populate_array

from . import vectors
from .intrinsic import block
from .vectors import I64

__all__ = ["matrix", "row", "tensor", "vector", "window"]

# ---------------------------------------------------------------- of an array without gaps, as if it were flat


def _matrix(flat, start, rows, columns):
    """View rows * columns elements of a flat array, from start on, as a matrix."""
    return flat[start : start + rows * columns].reshape(rows, columns)


def _tensor(flat, start, size, rows, columns):
    """View elements of a flat array as a stack of matrices."""
    return flat[start : start + size * rows * columns].reshape(size, rows, columns)


def _vector(flat, start, size):
    """View some elements of an array without gaps, in the order in which they lie."""
    return flat.reshape(-1)[start : start + size]


def _emit(context, builder, signature, arguments):
    flat = vectors.View(context, builder, signature.args[0], arguments[0])
    shape = arguments[2:]
    strides = [I64(flat.size)]
    for length in reversed(shape[1:]):
        strides.insert(0, builder.mul(strides[0], length))
    return _described(context, builder, signature, flat, flat.flat_address(arguments[1]), shape, strides)


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


# ---------------------------------------------------------------- of a matrix


def _window(array, row0, row1, column0, column1):
    """View some rows and columns of a matrix of any layout, as one of unknown strides."""
    return array[row0:row1, column0:column1]


def _row(array, number, column0, column1):
    """View some columns, which are adjacent, of one row of a matrix."""
    return array[number, column0:column1]


@block(_window)
def window(typing_context, array, row0, row1, column0, column1):
    """Emit the array's description."""

    def generate(context, builder, signature, arguments):
        view = vectors.View(context, builder, signature.args[0], arguments[0])
        row0, row1, column0, column1 = arguments[1:]
        shape = [builder.sub(row1, row0), builder.sub(column1, column0)]
        return _described(context, builder, signature, view, view.address(row0, column0), shape, view.strides)

    number = types.int64
    return types.Array(array.dtype, 2, "A")(array, number, number, number, number), generate


@block(_row)
def row(typing_context, array, number, column0, column1):
    """Emit the array's description."""

    def generate(context, builder, signature, arguments):
        view = vectors.View(context, builder, signature.args[0], arguments[0])
        number, column0, column1 = arguments[1:]
        shape, strides = [builder.sub(column1, column0)], [I64(view.size)]
        return _described(context, builder, signature, view, view.address(number, column0), shape, strides)

    number = types.int64
    return types.Array(array.dtype, 1, "C")(array, number, number, number), generate


def _described(context, builder, signature, view, place, shape, strides):
    array = make_array(signature.return_type)(context, builder)
    populate_array(array, builder.bitcast(place, array.data.type), shape, strides, I64(view.size), meminfo=None)
    return array._getvalue()
