"""How arrays get into kernels and out of them: contiguous, aligned, writable, and not overlapping by accident."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import InputError
from ..core.jit import threading_lock

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
]


class _Memory:
    """A read-only array's memory without the flag, for kernels, which write into nothing but `out`.

    Numba would compile every kernel once more for the read-only type.
    """

    def __init__(self, array: NDArray[Any]) -> None:
        self.owner = array
        self.__array_interface__ = array.__array_interface__ | {"data": (array.ctypes.data, False)}


def digest(arrays: Mapping[str, NDArray[Any]], about: str = "") -> str:
    """Return SHA-256 of a text and of named arrays, with their types and shapes."""
    found = hashlib.sha256(about.encode())
    for name, array in arrays.items():
        found.update(f"{name} {array.dtype} {array.shape} ".encode())
        found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()


def kernel_input(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array as the kernels are compiled for: contiguous, aligned, and not marked read-only."""
    if not array.flags.carray:  # contiguous, aligned and writable
        array = np.require(array, requirements=["C", "A"])
    return array if array.flags.writeable else np.asarray(_Memory(array))


def output(out: Any, shape: Sequence[int], dtype: Any) -> NDArray[Any]:
    """Return `out` after checking it, or a new array where it is None."""
    if out is None:
        return np.empty(tuple(shape), dtype)
    if not isinstance(out, np.ndarray):
        raise TypeError(f"out: expected a NumPy array, got {type(out).__name__}")
    if out.dtype != dtype:
        raise TypeError(f"out: expected dtype {np.dtype(dtype)}, got {out.dtype}")
    if out.shape != tuple(shape):
        raise InputError(f"out: expected shape {tuple(shape)}, got {out.shape}")
    if not out.flags.writeable:
        raise InputError("out: expected an array that can be written to, got a read-only one")
    return out if out.flags.forc else refuse_shared_elements(out, out.shape, out.strides, out.itemsize)


def refuse_shared_elements(out: Any, shape: Sequence[int], strides: Sequence[int], itemsize: int) -> Any:
    """Return out after making sure that no two of its elements share memory, as an expanded array's do.

    PyTorch refuses only strides of 0, and decides no harder cases.
    """
    lengths = sorted((abs(stride), n) for n, stride in zip(shape, strides, strict=True) if n != 1)
    reach = itemsize  # bytes of the dimensions so far
    apart = True
    for stride, n in lengths:
        apart = apart and stride >= reach
        reach += (n - 1) * stride
    size = math.prod(int(n) for n in shape)
    if not apart and size and (reach < size * itemsize or _meet(lengths, itemsize)):
        raise InputError(
            f"out: expected an array whose elements have memory of their own, got strides {tuple(strides)} for shape "
            f"{tuple(shape)}; write into a new array, or a copy (numpy.array(out))"
        )
    return out


def _meet(lengths: list[tuple[int, int]], itemsize: int) -> bool:
    """Tell whether two of all elements, so far apart along the dimensions, meet."""
    places = np.zeros(1, np.int64)
    for stride, n in lengths:
        places = (places[:, None] + np.arange(n, dtype=np.int64) * stride).reshape(-1)
    places.sort()
    return bool((np.diff(places) < itemsize).any())


def same(array: NDArray[Any], name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return an array after making sure of its shape and dtype."""
    if array.dtype != dtype:
        raise TypeError(f"{name}: expected dtype {dtype} like the first argument, got {array.dtype}")
    if array.shape != shape:
        raise InputError(f"{name}: expected shape {shape}, got {array.shape}")
    return array


def is_packed(given: Sequence[int], dtype: Any, shape: Sequence[int]) -> bool:
    """Tell whether a mask is the bits of one of a shape, or booleans; TypeError or InputError where it is neither."""
    if dtype == np.bool_:
        return False
    if dtype != np.uint8:
        raise TypeError(f"mask: expected an array of bool, or of uint8 for bits, got {dtype}")
    expected = ((math.prod(shape) + 7) // 8,)
    if tuple(given) != expected:
        raise InputError(f"mask: expected shape {expected} for the bits of {tuple(shape)}, got {tuple(given)}")
    return True


def flat_output(result: NDArray[Any]) -> tuple[NDArray[Any], Callable[[], NDArray[Any]]]:
    """Return what a kernel can write into, as one dimension, and a call that brings it into `result`."""
    plain = np.asarray(result)  # without a subclass's own ideas of shape: a matrix stays a matrix when it is flattened
    if plain.flags.c_contiguous and plain.flags.aligned:
        return plain.reshape(-1), lambda: result
    flat = np.empty(result.size, result.dtype)

    def write_back() -> NDArray[Any]:
        plain[...] = flat.reshape(plain.shape)
        return result

    return flat, write_back


def elementwise(result: NDArray[Any], inputs: list[NDArray[Any]], kernel: Callable[..., None]) -> NDArray[Any]:
    """Call kernel(out, *inputs) on flat arrays and return the result; an input may be the result, or overlap it."""
    flat, write_back = flat_output(result)
    if len(inputs) == 1 and not inputs[0].flags.c_contiguous and not np.may_share_memory(inputs[0], flat):
        np.copyto(flat.reshape(result.shape), inputs[0])  # brought in line where it is wanted, without another array
        inputs = [flat]
    operands = []
    for array in inputs:
        operand = kernel_input(array).reshape(-1)
        if np.may_share_memory(operand, flat) and operand.ctypes.data != flat.ctypes.data:
            operand = operand.copy()  # they overlap, shifted: read all of it before writing
        operands.append(operand)
    with threading_lock():
        kernel(flat, *operands)
    return write_back()


def matrix(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array as a kernel's matrix: all dimensions but the last become rows."""
    array = kernel_input(array)
    return array if array.ndim == 2 else array.reshape(math.prod(array.shape[:-1]), array.shape[-1])


def overlap(a: NDArray[Any], b: NDArray[Any]) -> bool:
    """Tell whether two arrays share an element, or might where that is too hard to tell."""
    if not np.may_share_memory(a, b):  # their bounds are apart
        return False
    try:
        return np.shares_memory(a, b, max_work=10_000)  # type: ignore[arg-type]
    except np.exceptions.TooHardError:
        return True


def no_overlap(out: NDArray[Any], *inputs: NDArray[Any]) -> NDArray[Any]:
    """Return out after making sure that writing into it changes no input."""
    if any(overlap(out, array) for array in inputs):
        raise InputError("out: expected memory of its own, got an array that overlaps another argument")
    return out
