"""Array views without reference counts and bounds checks, which cost time.

The array must outlive its views, and the requested elements must exist.
"""

from numba import types
from numba.np.arrayobj import make_array, populate_array

from . import vectors
from .intrinsic import intrinsic
from .vectors import I64

__all__ = ["matrix", "row", "tensor", "vector", "window"]

# ---------------------------------------------------------------- views of a contiguous array, as a flat one


def _matrix(flat, start, rows, columns):
    """View rows * columns elements of a flat array from `start` on as a matrix."""
    return flat[start : start + rows * columns].reshape(rows, columns)


def _tensor(flat, start, size, rows, columns):
    """View size * rows * columns elements of a flat array from `start` on as a stack of matrices."""
    return flat[start : start + size * rows * columns].reshape(size, rows, columns)


def _vector(flat, start, size):
    """View `size` elements of a contiguous array from `start` on, in memory order."""
    return flat.reshape(-1)[start : start + size]


def _emit(context, builder, signature, arguments):
    """Emit a view of contiguous elements."""
    flat = vectors.View(context, builder, signature.args[0], arguments[0])
    shape = arguments[2:]
    strides = [I64(flat.size)]
    for length in reversed(shape[1:]):
        strides.insert(0, builder.mul(strides[0], length))
    return _make_view(context, builder, signature, flat, flat.flat_address(arguments[1]), shape, strides)


@intrinsic(_matrix)
def matrix(typing_context, flat, start, rows, columns):
    """Emit the IR of `_matrix`."""
    return types.Array(flat.dtype, 2, "C")(flat, types.int64, types.int64, types.int64), _emit


@intrinsic(_tensor)
def tensor(typing_context, flat, start, size, rows, columns):
    """Emit the IR of `_tensor`."""
    integer = types.int64
    return types.Array(flat.dtype, 3, "C")(flat, integer, integer, integer, integer), _emit


@intrinsic(_vector)
def vector(typing_context, flat, start, size):
    """Emit the IR of `_vector`."""
    return types.Array(flat.dtype, 1, "C")(flat, types.int64, types.int64), _emit


# ---------------------------------------------------------------- views of a matrix


def _window(array, row0, row1, column0, column1):
    """View a range of rows and columns of a matrix of any layout. The result has unknown strides."""
    return array[row0:row1, column0:column1]


def _row(array, index, column0, column1):
    """View a range of adjacent columns of one row of a matrix."""
    return array[index, column0:column1]


@intrinsic(_window)
def window(typing_context, array, row0, row1, column0, column1):
    """Emit the IR of `_window`."""

    def generate(context, builder, signature, arguments):
        view = vectors.View(context, builder, signature.args[0], arguments[0])
        row0, row1, column0, column1 = arguments[1:]
        shape = [builder.sub(row1, row0), builder.sub(column1, column0)]
        return _make_view(context, builder, signature, view, view.address(row0, column0), shape, view.strides)

    integer = types.int64
    return types.Array(array.dtype, 2, "A")(array, integer, integer, integer, integer), generate


@intrinsic(_row)
def row(typing_context, array, index, column0, column1):
    """Emit the IR of `_row`."""

    def generate(context, builder, signature, arguments):
        view = vectors.View(context, builder, signature.args[0], arguments[0])
        index, column0, column1 = arguments[1:]
        shape, strides = [builder.sub(column1, column0)], [I64(view.size)]
        return _make_view(context, builder, signature, view, view.address(index, column0), shape, strides)

    integer = types.int64
    return types.Array(array.dtype, 1, "C")(array, integer, integer, integer), generate


def _make_view(context, builder, signature, view, address, shape, strides):
    """Return the array structure of a view."""
    array = make_array(signature.return_type)(context, builder)
    populate_array(array, builder.bitcast(address, array.data.type), shape, strides, I64(view.size), meminfo=None)
    return array._getvalue()
