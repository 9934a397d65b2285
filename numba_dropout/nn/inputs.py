"""What a network is given, as it takes it: rows, labels, targets, scaling and rates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arrays import host
from ..arrays.convert import on_host, view
from ..arrays.devices import on_device
from ..arrays.sparse import SparseRows, is_sparse
from ..core import checks
from ..core.errors import InputError

__all__ = [
    "check_rows",
    "input_rate",
    "labels",
    "rates",
    "rows",
    "scaling",
    "sizes",
    "strength",
    "targets",
    "weights",
]


_AS_THEY_ARE = {np.dtype(np.uint8), np.dtype(np.float32), np.dtype(np.float64)}  # dtypes that kernels take


def rows(x: Any, inputs: int, device: str) -> Any:
    """Return x (rows, inputs) where it is, of uint8, float32 or float64; other integers on the host become float64.

    Sparse ones of SciPy's become `SparseRows`.
    """
    if type(x) is np.ndarray and x.dtype in _AS_THEY_ARE and x.ndim == 2 and x.shape[1] == inputs:
        return host.kernel_input(x)
    if is_sparse(x):
        compressed = x if isinstance(x, SparseRows) else SparseRows.of(x)
        if compressed.shape[1] != inputs:
            raise InputError(f"x: expected shape (rows, {inputs}), got {compressed.shape}")
        return compressed
    there = on_device(x)
    array = view(x, "x", device) if there else checks.as_array(x)
    if array.dtype.kind in "biu" and array.dtype != np.uint8 and not there:
        array = array.astype(np.float64)
    if array.dtype not in (np.uint8, np.float32, np.float64):
        kinds = "uint8, float32 or float64 on a device" if there else "numbers, float32, float64 or integers"
        raise TypeError(f"x: expected an array of {kinds}, got {array.dtype}")
    if array.ndim != 2 or array.shape[1] != inputs:
        raise InputError(f"x: expected shape (rows, {inputs}), got {tuple(array.shape)}")
    return array if there else host.kernel_input(array)


def check_rows(rows: NDArray[Any], batch_size: int, *given: Any) -> None:
    """Make sure that all numbers of rows are of rows that each of some arrays has, None aside."""
    if batch_size < 1:
        raise InputError(f"batch_size: expected an integer at least 1, got {batch_size}")
    if rows.dtype != np.int64:
        raise TypeError(f"rows: expected int64, got {rows.dtype}")
    count = min(len(array) for array in given if array is not None)
    if rows.size and np.maximum.reduce(rows.view(np.uint64)) >= count:  # numbers below 0 are the largest of these
        raise InputError(f"rows: expected numbers from 0 to {count - 1}, got {rows.min()} to {rows.max()}")


def labels(y: ArrayLike, classes: int) -> NDArray[np.int64]:
    """Return class numbers (rows,) below `classes`."""
    array = on_host(y)
    if array.ndim != 1 or array.dtype.kind not in "biu":
        raise InputError(f"y: expected labels (rows,) of integers, got {array.dtype} of shape {array.shape}")
    unsigned = array.view(np.uint64) if array.dtype == np.int64 else array  # a negative label is a large one
    inside = not array.size or (unsigned.max() < classes and (unsigned is not array or array.min() >= 0))
    if not inside:
        raise InputError(f"y: expected labels from 0 to {classes - 1}, got {array.min()} to {array.max()}")
    return host.kernel_input(array.astype(np.int64, copy=False))


def targets(y: ArrayLike, outputs: int, dtype: np.dtype[Any], *, unit: bool) -> NDArray[Any]:
    """Return targets (rows, outputs) of a dtype, (rows,) being a column; `unit` bounds them to [0, 1]."""
    array = on_host(y)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"y: expected numbers, got {array.dtype}")
    if array.ndim == 1 and outputs == 1:
        array = array[:, None]
    if array.ndim != 2 or array.shape[1] != outputs:
        raise InputError(f"y: expected shape (rows, {outputs}), got {array.shape}")
    if unit and array.size and not 0 <= array.min() <= array.max() <= 1:
        raise InputError(f"y: expected targets from 0 to 1, got {array.min()} to {array.max()}")
    return host.kernel_input(array.astype(dtype, copy=False))


def weights(given: ArrayLike, count: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return the weights (rows,) of so many rows, at least 0 and not all of them, divided by their mean."""
    array = on_host(given)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"sample_weight: expected numbers, got {array.dtype}")
    if array.shape != (count,):
        raise InputError(f"sample_weight: expected shape ({count},) like the rows of x, got {array.shape}")
    array = array.astype(np.float64)
    if not (np.isfinite(array) & (array >= 0)).all() or not array.any():
        raise InputError("sample_weight: expected finite numbers at least 0, not all of them 0")
    largest = array / array.max()  # their sum stays finite
    return (largest / largest.mean()).astype(dtype)


def scaling(shift: ArrayLike, stretch: ArrayLike, columns: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return shift and stretch (columns,), finite, and the second above 0."""
    try:
        shift, stretch = (np.broadcast_to(np.asarray(a, np.float64), (columns,)) for a in (shift, stretch))
    except ValueError:
        raise InputError(f"shift, stretch: expected numbers or arrays ({columns},)") from None
    if not (np.isfinite(shift) & np.isfinite(stretch) & (stretch > 0)).all():
        raise InputError("shift, stretch: expected finite numbers, the second above 0")
    return shift, stretch


def sizes(given: Any, loss: str) -> list[int]:
    """Return the units of each layer, the input first."""
    if isinstance(given, str) or not isinstance(given, Sequence | np.ndarray) or len(given) < 2:
        raise InputError(f"sizes: expected at least two numbers of units, input and output, got {given!r}")
    units = [checks.integer(size, "sizes", 1, 2**31 - 1) for size in given]
    if loss == "cross_entropy" and units[-1] < 2:
        raise InputError(f"sizes: expected at least 2 outputs for classes, got {units[-1]}")
    return units


def rates(dropout: Any, units: list[int]) -> list[Any]:
    """Return a rate for each hidden layer, or an array of one for each of its units, from one or as many."""
    hidden = len(units)
    several = isinstance(dropout, Sequence) and not isinstance(dropout, str)
    if several or (isinstance(dropout, np.ndarray) and dropout.ndim):
        if len(dropout) != hidden:
            raise InputError(
                f"dropout: expected one rate, or one for each of the {hidden} hidden layers, got {dropout}"
            )
        return [_rate(p, "dropout", n) for p, n in zip(dropout, units, strict=True)]
    return [checks.probability(dropout, "dropout")] * hidden


def _rate(p: Any, name: str, units: int) -> Any:
    """Return a probability, or an array (units,) of them."""
    if isinstance(p, str) or not (isinstance(p, Sequence) or np.ndim(p)):
        return checks.probability(p, name)
    try:
        array = np.array(on_host(p), np.float64)
    except ValueError:  # lists of several lengths, or texts
        raise TypeError(f"{name}: expected a rate, or one for each of {units} units, got {p!r}") from None
    if array.shape != (units,):
        raise InputError(f"{name}: expected a rate for each of {units} units, got shape {array.shape}")
    for value in array:
        checks.probability(value, name)
    return array


def input_rate(p: Any, inputs: int) -> Any:
    """Return the input's rate, or an array of one for each input."""
    return _rate(p, "input_dropout", inputs)


def strength(value: Any, name: str, variant: str) -> float | None:
    """Return a regulariser's strength, at least 0, or None; only Concrete dropout has one."""
    if value is None:
        return None
    if variant != "concrete":
        raise InputError(f"{name}: expected none but for variant concrete, got {value!r}")
    return checks.number(value, name, at_least=0)
