"""Checks and conversions of a network's inputs: rows, labels, targets, scaling and rates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arrays import host
from ..arrays.convert import on_host, view
from ..arrays.devices import on_device
from ..arrays.half_precision import host_array
from ..arrays.sparse import SparseRows, is_sparse
from ..core import checks
from ..core.errors import InputError
from ..kernels.scalar.activations import ACTIVATIONS

__all__ = [
    "activations",
    "check_finite",
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


_KERNEL_DTYPES = {np.dtype(np.uint8), np.dtype(np.float32), np.dtype(np.float64)}


def rows(x: Any, inputs: int, device: str) -> Any:
    """Return x (rows, inputs) on its device, in uint8, float32 or float64. Other integers on the host become float64.

    SciPy's sparse matrices become `SparseRows`.
    """
    if type(x) is np.ndarray and x.dtype in _KERNEL_DTYPES and x.ndim == 2 and x.shape[1] == inputs:
        return host.kernel_input(x)
    if is_sparse(x):
        compressed = x if isinstance(x, SparseRows) else SparseRows.of(x)
        if compressed.shape[1] != inputs:
            raise InputError(f"x: expected shape (rows, {inputs}), got {compressed.shape}")
        return compressed
    is_device_array = on_device(x)
    array = view(x, "x", device) if is_device_array else _numbers(x)
    if array.dtype.kind in "biu" and array.dtype != np.uint8 and not is_device_array:
        array = array.astype(np.float64)
    if array.dtype not in (np.uint8, np.float32, np.float64):
        kinds = "uint8, float32 or float64 on a device" if is_device_array else "numbers, float32, float64 or integers"
        raise TypeError(f"x: expected an array of {kinds}, got {array.dtype}")
    if array.ndim != 2 or array.shape[1] != inputs:
        raise InputError(f"x: expected shape (rows, {inputs}), got {tuple(array.shape)}")
    return array if is_device_array else host.kernel_input(array)


def _numbers(x: Any) -> NDArray[Any]:
    """Return an array on the host. Raise TypeError for half precision, in which networks do not compute."""
    array, dtype = host_array(x, "x")
    if dtype != str(array.dtype):  # bits of float16 or bfloat16, or a dtype that NumPy lacks
        raise TypeError(f"x: expected an array of numbers, float32, float64 or integers, got {dtype}")
    return array


def check_finite(values: Any, name: str) -> None:
    """Raise InputError for the first NaN or infinity, and name it. Values on a device are copied to the host."""
    array = values.arrays.values if isinstance(values, SparseRows) else values
    array = on_host(array) if array.dtype.kind == "f" else np.empty(0)
    if not np.isfinite(array).all():
        index = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        row, column = values.position_of(index[0]) if isinstance(values, SparseRows) else index
        raise InputError(f"{name}: expected finite numbers, got {array[index]} at [{row}, {column}]")


def check_rows(rows: NDArray[Any], batch_size: int, *arrays: Any) -> None:
    """Raise InputError if a row number is out of range for one of the arrays. None is allowed for an array."""
    if batch_size < 1:
        raise InputError(f"batch_size: expected an integer at least 1, got {batch_size}")
    if rows.dtype != np.int64:
        raise TypeError(f"rows: expected int64, got {rows.dtype}")
    count = min(len(array) for array in arrays if array is not None)
    if rows.size and np.maximum.reduce(rows.view(np.uint64)) >= count:  # a negative number is a large uint64
        raise InputError(f"rows: expected numbers from 0 to {count - 1}, got {rows.min()} to {rows.max()}")


def labels(y: ArrayLike, classes: int) -> NDArray[np.int64]:
    """Return class numbers (rows,) as int64, all below `classes`."""
    array = on_host(y)
    if array.ndim != 1 or array.dtype.kind not in "biu":
        raise InputError(f"y: expected labels (rows,) of integers, got {array.dtype} of shape {array.shape}")
    unsigned = array.view(np.uint64) if array.dtype == np.int64 else array  # a negative label is a large uint64
    in_range = not array.size or (unsigned.max() < classes and (unsigned is not array or array.min() >= 0))
    if not in_range:
        raise InputError(f"y: expected labels from 0 to {classes - 1}, got {array.min()} to {array.max()}")
    return host.kernel_input(array.astype(np.int64, copy=False))


def targets(y: ArrayLike, outputs: int, dtype: np.dtype[Any], loss: str | None = None) -> NDArray[Any]:
    """Return targets (rows, outputs) in a dtype. Shape (rows,) means one output.

    Those of loss "bce" must be in [0, 1], and those of "poisson" at least 0.
    """
    array = on_host(y)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"y: expected numbers, got {array.dtype}")
    if array.ndim == 1 and outputs == 1:
        array = array[:, None]
    if array.ndim != 2 or array.shape[1] != outputs:
        raise InputError(f"y: expected shape (rows, {outputs}), got {array.shape}")
    if loss == "bce" and array.size and not 0 <= array.min() <= array.max() <= 1:
        raise InputError(f"y: expected targets from 0 to 1, got {array.min()} to {array.max()}")
    if loss == "poisson" and (array < 0).any():
        row, column = (int(index) for index in np.argwhere(array < 0)[0])
        raise InputError(
            f"y: expected targets at least 0 for loss poisson, got {array[row, column]:g} at [{row}, {column}]",
            "use another loss",
        )
    return host.kernel_input(array.astype(dtype, copy=False))


def weights(sample_weight: ArrayLike, count: int, dtype: np.dtype[Any], *, scaled: bool = True) -> NDArray[Any]:
    """Return the sample weights (rows,) of n rows: of any sign, or with `scaled` at least 0 and of mean 1."""
    array = on_host(sample_weight)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"sample_weight: expected numbers, got {array.dtype}")
    if array.shape != (count,):
        raise InputError(f"sample_weight: expected shape ({count},) like the rows of x, got {array.shape}")
    array = array.astype(np.float64)
    if not np.isfinite(array).all() or (scaled and not ((array >= 0).all() and array.any())):
        raise InputError(f"sample_weight: expected finite numbers{' at least 0, not all of them 0' * scaled}")
    if scaled:
        array /= array.max()  # the sum stays finite
        array /= array.mean()
    elif np.abs(array).max(initial=0) > np.finfo(dtype).max:
        largest = array[np.abs(array).argmax()]
        raise InputError(f"sample_weight: expected numbers that {dtype} can hold, got {largest:g}")
    return array.astype(dtype)


def scaling(offset: ArrayLike, scale: ArrayLike, columns: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return offset and scale (columns,). Both are finite, and scale is above 0."""
    try:
        offset, scale = (np.broadcast_to(np.asarray(a, np.float64), (columns,)) for a in (offset, scale))
    except ValueError:
        raise InputError(f"offset, scale: expected numbers or arrays ({columns},)") from None
    if not (np.isfinite(offset) & np.isfinite(scale) & (scale > 0)).all():
        raise InputError("offset, scale: expected finite numbers, and scale above 0")
    return offset, scale


def sizes(layer_sizes: Any, loss: str) -> list[int]:
    """Return the units of each layer, the input first."""
    if isinstance(layer_sizes, str) or not isinstance(layer_sizes, Sequence | np.ndarray) or len(layer_sizes) < 2:
        raise InputError(f"sizes: expected at least two numbers of units, input and output, got {layer_sizes!r}")
    units = [checks.integer(size, "sizes", 1, 2**31 - 1) for size in layer_sizes]
    if loss == "cross_entropy" and units[-1] < 2:
        raise InputError(f"sizes: expected at least 2 outputs for classes, got {units[-1]}")
    return units


def activations(activation: Any, hidden: int) -> list[str]:
    """Return the names of the activations of the hidden layers, from one name or one for each."""
    names = [activation] * hidden if isinstance(activation, str) else activation
    names = names.tolist() if isinstance(names, np.ndarray) else names
    if not isinstance(names, Sequence) or len(names) != hidden:
        raise InputError(
            f"activation: expected one name, or one for each of the {hidden} hidden layers, got {activation!r}"
        )
    for name in [activation] if isinstance(activation, str) else names:
        checks.choice(name, "activation", ACTIVATIONS)
    return list(names)


def rates(dropout: Any, units: list[int]) -> list[Any]:
    """Return the rates of the hidden layers, each a number or an array (units,), from one rate or one for each."""
    hidden = len(units)
    is_sequence = isinstance(dropout, Sequence) and not isinstance(dropout, str)
    if is_sequence or (isinstance(dropout, np.ndarray) and dropout.ndim):
        if len(dropout) != hidden:
            raise InputError(
                f"dropout: expected one rate, or one for each of the {hidden} hidden layers, got {dropout}"
            )
        return [_rate(p, "dropout", n) for p, n in zip(dropout, units, strict=True)]
    return [checks.probability(dropout, "dropout")] * hidden


def _rate(p: Any, name: str, units: int) -> Any:
    """Return a probability, or an array (units,) of probabilities."""
    if isinstance(p, str) or not (isinstance(p, Sequence) or np.ndim(p)):
        return checks.probability(p, name)
    try:
        array = np.array(on_host(p), np.float64)
    except ValueError:  # nested lists of different lengths, or strings
        raise TypeError(f"{name}: expected a rate, or one for each of {units} units, got {p!r}") from None
    if array.shape != (units,):
        raise InputError(f"{name}: expected a rate for each of {units} units, got shape {array.shape}")
    for value in array:
        checks.probability(value, name)
    return array


def input_rate(p: Any, inputs: int) -> Any:
    """Return the rate of the input, a number or an array (inputs,)."""
    return _rate(p, "input_dropout", inputs)


def strength(value: Any, name: str, variant: str) -> float | None:
    """Return the strength of a regularizer, at least 0, or None. Only Concrete dropout has one."""
    if value is None:
        return None
    if variant != "concrete":
        raise InputError(f"{name}: only valid with variant='concrete', got {value!r}")
    return checks.number(value, name, at_least=0)
