"""Rows of which most values are zero, compressed (CSR): they stay so in memory, and become dense a batch at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import _arrays
from ._checks import InputError

__all__ = ["Compressed", "SparseRows", "arrays_of", "is_sparse", "parts_of"]


class Compressed(NamedTuple):
    """The arrays of compressed rows, as kernels take them."""

    values: Any  # (V,): all rows' values, row by row
    columns: Any  # (V,) integers: the column of each, at most one of each in a row
    starts: Any  # (N + 1,) integers: where each row begins


class SparseRows:
    """Compressed rows (N, C) that can be counted, cut and brought elsewhere.

    Attributes
    ----------
    arrays : Compressed
    shape : (N, C)
    dtype : of the values
    """

    def __init__(self, arrays: Compressed, columns: int) -> None:
        self.arrays = arrays
        self.shape = len(arrays.starts) - 1, columns
        self.dtype = arrays.values.dtype

    def __len__(self) -> int:
        return int(self.shape[0])

    def __getitem__(self, rows: slice) -> SparseRows:
        """Return neighbouring rows, on the same memory."""
        first, stop, _ = rows.indices(len(self))
        return SparseRows(self.arrays._replace(starts=self.arrays.starts[first : stop + 1]), self.shape[1])

    def map(self, function: Callable[[Any], Any]) -> SparseRows:
        """Return the rows with a function applied to each of their arrays."""
        return SparseRows(Compressed(*map(function, self.arrays)), self.shape[1])

    def place_of(self, number: int) -> tuple[int, int]:
        """Return row and column of one of the values."""
        row = np.searchsorted(self.arrays.starts, number, side="right") - 1
        return int(row), int(self.arrays.columns[number])

    def to_array(self) -> NDArray[Any]:
        """Return all rows, dense."""
        values, columns, starts = self.arrays
        result = np.zeros(self.shape, self.dtype)
        here = slice(starts[0], starts[-1])
        result[np.repeat(np.arange(len(self)), np.diff(starts)), columns[here]] = values[here]
        return result

    @classmethod
    def of(cls, matrix: Any) -> SparseRows:
        """Return SciPy's sparse matrix or array of any format; values of other integers than uint8 become float64.

        TypeError where its values are no numbers.
        """
        rows = matrix.tocsr()
        if not rows.has_canonical_format:
            rows = rows.copy()
            rows.sum_duplicates()
        values = rows.data
        if values.dtype.kind in "biu" and values.dtype != np.uint8:
            values = values.astype(np.float64)
        if values.dtype not in (np.uint8, np.float32, np.float64):
            raise TypeError(f"x: expected numbers, float32, float64 or integers, got {values.dtype}")
        if len(rows.shape) != 2:
            raise InputError(f"x: expected shape (rows, columns), got {rows.shape}")
        return cls(Compressed(*map(_arrays.kernel_input, (values, rows.indices, rows.indptr))), rows.shape[1])


def is_sparse(x: Any) -> bool:
    """Return whether x is a sparse matrix or array as SciPy has them, or `SparseRows`."""
    return isinstance(x, SparseRows) or hasattr(x, "tocsr")


def parts_of(name: str, data: Any) -> list[tuple[str, Any]]:
    """Return the arrays that data consist of, with names that begin with a given one."""
    if not isinstance(data, SparseRows):
        return [(name, data)]
    return [(f"{name}.{part}", array) for part, array in zip(Compressed._fields, data.arrays, strict=True)]


def arrays_of(data: Any) -> Any:
    """Return data as kernels take them: an array, or the arrays of compressed rows."""
    return data.arrays if isinstance(data, SparseRows) else data
