"""Sparse rows in compressed form (CSR), which become dense one batch at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..core.errors import InputError
from . import host

__all__ = ["Compressed", "SparseRows", "arrays_of", "check_source", "is_sparse", "parts_of"]

REMEDY = "rebuild the matrix from its values, rows and columns"


class Compressed(NamedTuple):
    """Arrays of compressed rows for kernels."""

    values: Any  # (V,): the values of all rows, row by row
    columns: Any  # (V,) integers: the column of each value, unique in each row
    starts: Any  # (N + 1,) integers: the index of each row's first value


class SparseRows:
    """Compressed rows (N, C) with a length, slices, and a map over their arrays.

    Attributes
    ----------
    arrays : Compressed
    shape : (N, C)
    dtype : of the values
    """

    def __init__(self, arrays: Compressed, columns: int) -> None:
        """Check the arrays completely: kernels do not check indices."""
        _check_compressed(*arrays, columns)
        if not _ascending(arrays.columns, arrays.starts):
            raise InputError(f"x.indices: expected strictly ascending columns in each row; {REMEDY}")
        self._set(arrays, columns)

    def _set(self, arrays: Compressed, columns: int) -> SparseRows:
        self.arrays = arrays
        self.shape = len(arrays.starts) - 1, columns
        self.dtype = arrays.values.dtype
        return self

    def _with(self, arrays: Compressed) -> SparseRows:
        """Return rows with arrays that were already checked, or with copies of such arrays on a device."""
        return SparseRows.__new__(SparseRows)._set(arrays, self.shape[1])

    def __len__(self) -> int:
        return int(self.shape[0])

    def __getitem__(self, rows: slice) -> SparseRows:
        """Return consecutive rows, on the same memory."""
        first, stop, _ = rows.indices(len(self))
        return self._with(self.arrays._replace(starts=self.arrays.starts[first : max(stop, first) + 1]))

    def map(self, function: Callable[[Any], Any]) -> SparseRows:
        """Return the rows with a function applied to each of their arrays."""
        return self._with(Compressed(*map(function, self.arrays)))

    def position_of(self, number: int) -> tuple[int, int]:
        """Return the row and the column of a value."""
        row = np.searchsorted(self.arrays.starts, number, side="right") - 1
        return int(row), int(self.arrays.columns[number])

    def to_array(self) -> NDArray[Any]:
        """Return all rows as a dense array."""
        values, columns, starts = self.arrays
        result = np.zeros(self.shape, self.dtype)
        used = slice(starts[0], starts[-1])
        result[np.repeat(np.arange(len(self)), np.diff(starts)), columns[used]] = values[used]
        return result

    @classmethod
    def of(cls, matrix: Any) -> SparseRows:
        """Return the rows of a SciPy sparse matrix or array of any format. Integers except uint8 become float64.

        All indices are checked, whatever flags the matrix has. Duplicate entries are summed, in a copy. Without a copy
        the rows use the matrix's arrays, which must not change while the rows are in use.

        Raises InputError if the arrays do not fit each other, and TypeError if the values are not numbers.
        """
        if len(matrix.shape) != 2:
            raise InputError(f"x: expected shape (rows, columns), got {matrix.shape}")
        check_source(matrix)
        try:
            rows = matrix.tocsr()
        except ValueError as error:
            raise InputError(f"x: expected a valid sparse matrix, got an invalid one ({error}); {REMEDY}") from None
        count, columns = matrix.shape
        if rows is not matrix or getattr(matrix, "format", None) != "csr":
            _check_compressed(rows.data, rows.indices, rows.indptr, columns, count)
        if not _ascending(rows.indices, rows.indptr):
            rows = type(rows)((rows.data, rows.indices, rows.indptr), shape=rows.shape, copy=True)
            rows.has_canonical_format = rows.has_sorted_indices = False
            rows.sum_duplicates()
        values = rows.data
        if values.dtype.kind in "biu" and values.dtype != np.uint8:
            values = values.astype(np.float64)
        if values.dtype not in (np.uint8, np.float32, np.float64):
            raise TypeError(f"x: expected numbers, float32, float64 or integers, got {values.dtype}")
        arrays = Compressed(values, _indices(rows.indices), _indices(rows.indptr))
        return cls.__new__(cls)._set(Compressed(*map(host.kernel_input, arrays)), columns)


def _indices(array: NDArray[Any]) -> NDArray[Any]:
    """Return checked indices with a dtype that kernels are compiled for."""
    return array if array.dtype in (np.int32, np.int64) else array.astype(np.int64)


def check_source(matrix: Any, name: str = "x") -> None:
    """Check a sparse matrix for indices with which SciPy would read or write past an array's end.

    Anything except a two-dimensional sparse matrix passes. `name` is the matrix's name in messages.
    """
    try:
        _check_format(matrix)
    except (InputError, TypeError) as error:
        raise type(error)(str(error).replace("x.", f"{name}.")) from None


def _check_format(matrix: Any) -> None:
    """Check a sparse matrix of any format. Messages call it x."""
    kind = getattr(matrix, "format", None) if is_sparse(matrix) and len(matrix.shape) == 2 else None
    if kind is None:
        return
    count, columns = matrix.shape
    dimensions = {"csr": 1, "csc": 1, "coo": 1, "bsr": 3}.get(kind)
    if dimensions is not None and np.ndim(matrix.data) != dimensions:
        raise InputError(
            f"x.data: expected {dimensions} dimension{'s' * (dimensions > 1)}, got shape {np.shape(matrix.data)}"
        )
    if kind == "csr":
        _check_compressed(matrix.data, matrix.indices, matrix.indptr, columns, count)
    elif kind == "csc":
        _check_compressed(matrix.data, matrix.indices, matrix.indptr, count, columns, ("column", "row"))
    elif kind == "bsr":
        height, width = matrix.blocksize
        lines = ("block row", "block column")
        _check_compressed(matrix.data, matrix.indices, matrix.indptr, columns // width, count // height, lines)
    elif kind == "coo":
        for name, indices, most in zip(("row", "col"), (matrix.row, matrix.col), matrix.shape, strict=True):
            _check_indices(name, indices, matrix.data)
            _check_below(name, indices, most, lambda number: f"value {number}")
    elif kind == "dia" and len(matrix.offsets) != len(matrix.data):
        raise InputError(f"x.offsets: expected {len(matrix.data)} like the rows of x.data, got {len(matrix.offsets)}")
    elif kind == "lil":
        for row, (indices, values) in enumerate(zip(matrix.rows, matrix.data, strict=True)):
            if len(indices) != len(values):
                raise InputError(f"x.rows: expected {len(values)} columns like x.data in row {row}, got {len(indices)}")


def _check_compressed(
    values: Any, indices: Any, starts: Any, most: int, count: int | None = None, lines: Any = ("row", "column")
) -> None:
    """Check the arrays of `count` compressed lines of length `most`. `lines` are the names of both axes."""
    line, across = lines
    _check_indices("indices", indices, values)
    _check_indices("indptr", starts, None)
    if len(starts) != (max(len(starts), 1) if count is None else count + 1):
        raise InputError(f"x.indptr: expected one number for each {line} plus one, got {len(starts)}; {REMEDY}")
    falls = starts[1:] < starts[:-1]
    if falls.any():
        number = int(np.argmax(falls))
        raise InputError(
            f"x.indptr: expected non-decreasing numbers, got {starts[number]} and then {starts[number + 1]} at "
            f"{line} {number}; {REMEDY}"
        )
    first, stop = int(starts[0]), int(starts[-1])
    if first < 0 or stop > len(indices) or (count is not None and first > 0):  # SciPy's first row starts at 0
        raise InputError(f"x.indptr: expected numbers from 0 to {len(indices)}, got {first} to {stop}; {REMEDY}")

    def location(number: int) -> str:
        index = int(np.searchsorted(starts, first + number, side="right")) - 1
        return f"{line} {index}, value {first + number - int(starts[index])}"

    _check_below("indices", indices[first:stop], most, location, across)


def _check_indices(name: str, indices: Any, values: Any) -> None:
    """Check that indices are integers in one dimension, one for each value if values are given."""
    if not isinstance(indices, np.ndarray):
        raise TypeError(f"x.{name}: expected an array, got {type(indices).__name__}")
    if indices.dtype.kind not in "iu":
        raise TypeError(f"x.{name}: expected integers, got {indices.dtype}")
    if indices.ndim != 1:
        raise InputError(f"x.{name}: expected 1 dimension, got shape {indices.shape}")
    count = len(indices) if values is None else values.shape[0] if values.ndim else 0
    if len(indices) != count:
        raise InputError(f"x.{name}: expected {count} like the values in x.data, got {len(indices)}; {REMEDY}")


def _check_below(name: str, indices: Any, most: int, location: Callable[[int], str], axis: str = "") -> None:
    """Check that all indices are from 0 to most - 1. location(number) describes an index for the message."""
    if indices.size and not 0 <= indices.min() <= indices.max() < most:
        number = int(np.argmax((indices < 0) | (indices >= most)))
        raise InputError(
            f"x.{name}: expected {f'{axis}s' if axis else 'numbers'} from 0 to {most - 1}, got {indices[number]} at "
            f"{location(number)}; {REMEDY}"
        )


def _ascending(columns: Any, starts: Any) -> bool:
    """Return whether the columns of each row are strictly ascending."""
    first, stop = int(starts[0]), int(starts[-1])
    rises = columns[first + 1 : stop] > columns[first : stop - 1] if stop > first else np.empty(0, np.bool_)
    begins = starts[(starts > first) & (starts < stop)].astype(np.int64)
    rises[begins - first - 1] = True  # the first of a row may be smaller
    return bool(rises.all())


def is_sparse(x: Any) -> bool:
    """Return whether x is a sparse matrix or array of SciPy, or `SparseRows`."""
    return type(x) is not np.ndarray and (isinstance(x, SparseRows) or hasattr(x, "tocsr"))


def parts_of(name: str, data: Any) -> list[tuple[str, Any]]:
    """Return the arrays of the data, as pairs of a name with prefix `name` and an array."""
    if not isinstance(data, SparseRows):
        return [(name, data)]
    return [(f"{name}.{field}", array) for field, array in zip(Compressed._fields, data.arrays, strict=True)]


def arrays_of(data: Any) -> Any:
    """Return the data for kernels: an array, or the arrays of compressed rows."""
    return data.arrays if isinstance(data, SparseRows) else data
