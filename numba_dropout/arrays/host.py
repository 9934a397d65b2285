"""NumPy arrays for kernels: contiguous, aligned and writable inputs, and outputs without unintended overlap."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import InputError
from ..core.jit import threading_lock
from .half_precision import array_dtype, bits_of, name_of

__all__ = [
    "digest",
    "elementwise",
    "flat_output",
    "is_packed",
    "kernel_input",
    "matrix",
    "no_overlap",
    "output",
    "overlap",
    "refuse_shared_elements",
    "same",
    "writable",
]


class _Writable:
    """A read-only array as a writable one, for kernels, which write to `out` only.

    Numba would compile each kernel again for the read-only type.
    """

    def __init__(self, array: NDArray[Any]) -> None:
        self.owner = array
        self.__array_interface__ = array.__array_interface__ | {"data": (array.ctypes.data, False)}


def digest(arrays: Mapping[str, NDArray[Any]], about: str = "") -> str:
    """Return the SHA-256 digest of a text and of named arrays, including dtypes and shapes."""
    result = hashlib.sha256(about.encode())
    for name, array in arrays.items():
        result.update(f"{name} {array.dtype} {array.shape} ".encode())
        result.update(np.ascontiguousarray(array).data)
    return result.hexdigest()


def kernel_input(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array with the layout that kernels are compiled for: contiguous, aligned, not read-only."""
    if not array.flags.carray:  # contiguous, aligned and writable
        array = np.require(array, requirements=["C", "A"])
    return array if array.flags.writeable else np.asarray(_Writable(array))


def output(out: Any, shape: Sequence[int], dtype: Any, name: str = "out") -> NDArray[Any]:
    """Return `out` after checking it, or a new array if it is None."""
    if out is None:
        return np.empty(tuple(shape), array_dtype(dtype))
    if not isinstance(out, np.ndarray):
        raise TypeError(f"{name}: expected a NumPy array, got {type(out).__name__}")
    if out.dtype != dtype or out.dtype.kind in "iu":  # bits are the dtype of kernels only
        found = str(out.dtype)
        if found != name_of(dtype):
            raise TypeError(f"{name}: expected dtype {name_of(dtype)}, got {found}")
    return writable(out, shape, name)


def writable(out: NDArray[Any], shape: Sequence[int], name: str) -> NDArray[Any]:
    """Return `out` after checking its shape and memory."""
    if out.shape != tuple(shape):
        raise InputError(f"{name}: expected shape {tuple(shape)}, got {out.shape}")
    if not out.flags.writeable:
        raise InputError(f"{name}: expected a writable array, got a read-only one")
    return out if out.flags.forc else refuse_shared_elements(out, out.shape, out.strides, out.itemsize, name)


def refuse_shared_elements(
    out: Any, shape: Sequence[int], strides: Sequence[int], itemsize: int, name: str = "out"
) -> Any:
    """Return out, or raise InputError if two of its elements share memory, as in an expanded array.

    PyTorch only checks for strides of 0.
    """
    lengths = sorted((abs(stride), n) for n, stride in zip(shape, strides, strict=True) if n != 1)
    reach = itemsize  # bytes that the dimensions so far extend over
    nested = True
    for stride, n in lengths:
        nested = nested and stride >= reach
        reach += (n - 1) * stride
    size = math.prod(int(n) for n in shape)
    if not nested and size and (reach < size * itemsize or _elements_overlap(lengths, itemsize)):
        raise InputError(
            f"{name}: expected an array whose elements do not share memory, got strides {tuple(strides)} for shape "
            f"{tuple(shape)}; write into a new array, or a copy (numpy.array(out))"
        )
    return out


def _elements_overlap(lengths: list[tuple[int, int]], itemsize: int) -> bool:
    """Return whether two elements overlap, for (stride, length) of each dimension."""
    offsets = np.zeros(1, np.int64)
    for stride, n in lengths:
        offsets = (offsets[:, None] + np.arange(n, dtype=np.int64) * stride).reshape(-1)
    offsets.sort()
    return bool((np.diff(offsets) < itemsize).any())


def same(array: NDArray[Any], name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return an array after checking its shape and dtype."""
    if array.dtype != dtype:
        names = name_of(dtype), name_of(array.dtype)
        raise TypeError(f"{name}: expected dtype {names[0]} like the first argument, got {names[1]}")
    if array.shape != shape:
        raise InputError(f"{name}: expected shape {shape}, got {array.shape}")
    return array


def is_packed(mask_shape: Sequence[int], dtype: Any, shape: Sequence[int]) -> bool:
    """Return True for the bits of a mask of the given shape, and False for booleans. Otherwise raise an error."""
    if dtype == np.bool_:
        return False
    if dtype != np.uint8:
        raise TypeError(f"mask: expected an array of bool, or of uint8 for bits, got {dtype}")
    expected = ((math.prod(shape) + 7) // 8,)
    if tuple(mask_shape) != expected:
        raise InputError(f"mask: expected shape {expected} for the bits of {tuple(shape)}, got {tuple(mask_shape)}")
    return True


def flat_output(result: NDArray[Any]) -> tuple[NDArray[Any], Callable[[], NDArray[Any]]]:
    """Return a flat array for a kernel's output, and a function that copies it to `result` and returns `result`."""
    plain = bits_of(np.asarray(result))  # not a subclass: np.matrix keeps two dimensions in reshape
    if plain.flags.c_contiguous and plain.flags.aligned:
        return plain.reshape(-1), lambda: result
    flat = np.empty(plain.size, plain.dtype)

    def write_back() -> NDArray[Any]:
        plain[...] = flat.reshape(plain.shape)
        return result

    return flat, write_back


def elementwise(result: NDArray[Any], inputs: list[NDArray[Any]], kernel: Callable[..., None]) -> NDArray[Any]:
    """Call kernel(out, *inputs) on flat arrays and return the result. An input may be the result, or overlap it."""
    flat, write_back = flat_output(result)
    if len(inputs) == 1 and not inputs[0].flags.c_contiguous and not np.may_share_memory(inputs[0], flat):
        np.copyto(flat.reshape(result.shape), inputs[0])  # makes it contiguous without another array
        inputs = [flat]
    operands = []
    for array in inputs:
        operand = kernel_input(array).reshape(-1)
        if np.may_share_memory(operand, flat) and operand.ctypes.data != flat.ctypes.data:
            operand = operand.copy()  # a shifted overlap: the kernel would overwrite unread elements
        operands.append(operand)
    with threading_lock():
        kernel(flat, *operands)
    return write_back()


def matrix(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array as a matrix for kernels: all dimensions except the last become rows."""
    array = kernel_input(array)
    return array if array.ndim == 2 else array.reshape(math.prod(array.shape[:-1]), array.shape[-1])


def overlap(a: NDArray[Any], b: NDArray[Any]) -> bool:
    """Return whether two arrays share an element, or may share one if an exact test is too expensive."""
    if not np.may_share_memory(a, b):  # disjoint bounds
        return False
    try:
        return np.shares_memory(a, b, max_work=10_000)  # type: ignore[arg-type]
    except np.exceptions.TooHardError:
        return True


def no_overlap(out: NDArray[Any], *inputs: NDArray[Any], name: str = "out") -> NDArray[Any]:
    """Return out, or raise InputError if it overlaps an input."""
    if any(overlap(out, array) for array in inputs):
        raise InputError(f"{name}: expected separate memory, got an array that overlaps another argument")
    return out
