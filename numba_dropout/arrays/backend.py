"""Backends: checks, memory and kernels for the arrays of a call, on the host or on a CUDA device."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..core import checks
from ..core.errors import InputError
from ..kernels import cpu
from ..kernels.simd import aligned
from . import devices, half_precision, host
from .memory import HostMemory

__all__ = ["Backend", "backend_named", "backend_of"]

FULL_PRECISION = ("float32", "float64")
DTYPES = (*FULL_PRECISION, "float16", "bfloat16")


class Backend(Protocol):
    """Array functions of operations. `result` and `out` are the caller's arrays. All others are for kernels."""

    @property
    def kernels(self) -> ModuleType:
        """Return the module of kernels for these arrays."""

    def working(self) -> contextlib.AbstractContextManager[Any]:
        """Return the context for calls of kernels."""

    def float_array(self, value: Any, name: str, ndim: int | None = None, *, halves: bool = False) -> Any:
        """Return an array of a dtype that kernels support.

        If `halves` is True, these include float16 and bfloat16. The array may have the bits of half precision.
        """

    def output(self, out: Any, shape: Sequence[int], dtype: Any, name: str = "out") -> Any:
        """Return `out` after checking it, or a new array if it is None."""

    def flat_output(self, result: Any) -> tuple[Any, Callable[[], Any]]:
        """Return a flat array for a kernel's output, and a function that copies it to `result` and returns `result`."""

    def elementwise(self, result: Any, inputs: list[Any], kernel: Callable[..., None]) -> Any:
        """Call kernel(out, *inputs) on flat arrays and return the result. An input may be the result."""

    def mask_array(self, mask: Any, shape: Sequence[int]) -> tuple[Any, bool]:
        """Return a mask for kernels, and whether it is packed: the bits of a mask of the given shape."""

    def to_device(self, values: NDArray[Any]) -> Any:
        """Return host values in memory that kernels can read."""

    def empty(self, size: int, dtype: Any) -> Any:
        """Return an uninitialized flat array for kernels."""

    def copy(self, array: Any) -> Any:
        """Return a copy of an array."""

    def without_overlap(self, array: Any, result: Any) -> Any:
        """Return an array, or a copy of it if it may share memory with the result."""

    def assign(self, result: Any, array: Any) -> Any:
        """Copy an array to the result, and return the result."""

    def put(self, result: Any, values: NDArray[Any]) -> Any:
        """Copy flat host values to the result, and return the result."""

    def kernel_input(self, array: Any) -> Any:
        """Return an array with the layout that kernels are compiled for."""

    def matrix(self, array: Any) -> Any:
        """Return an array as a matrix for kernels: all dimensions except the last become rows."""

    def zero_size_like(self, array: Any) -> Any:
        """Return an empty array in place of an optional argument."""

    def no_overlap(self, out: Any, *inputs: Any, name: str = "out") -> Any:
        """Return out, or raise InputError if it overlaps an input."""


class _Host(HostMemory):
    """NumPy arrays, and objects that NumPy converts to arrays."""

    kernels = cpu
    output = staticmethod(host.output)
    flat_output = staticmethod(host.flat_output)
    elementwise = staticmethod(host.elementwise)
    kernel_input = staticmethod(host.kernel_input)
    matrix = staticmethod(host.matrix)
    no_overlap = staticmethod(host.no_overlap)

    def float_array(self, value: Any, name: str, ndim: int | None = None, *, halves: bool = False) -> NDArray[Any]:
        """Return a float32 or float64 array or, if `halves` is True, the bits of a float16 or bfloat16 array.

        If `ndim` is given, the array must have that number of dimensions.
        """
        if type(value) is not np.ndarray and devices.on_device(value):
            raise TypeError(f"{name}: expected an array on the host like the first argument, got one on a CUDA device")
        array, dtype = half_precision.host_array(value, name)
        if dtype not in (DTYPES if halves else FULL_PRECISION):
            expected = "float32, float64, float16 or bfloat16" if halves else "float32 or float64"
            raise TypeError(f"{name}: expected an array of {expected}, got {dtype}")
        if ndim is not None and array.ndim != ndim:
            raise InputError(f"{name}: expected {ndim} dimension{'s' * (ndim != 1)}, got shape {array.shape}")
        return array

    def mask_array(self, mask: Any, shape: Sequence[int]) -> tuple[NDArray[Any], bool]:
        """Return a mask for kernels, and whether it is packed: the bits of a mask of the given shape."""
        array = checks.as_array(mask)
        return host.kernel_input(array), host.is_packed(array.shape, array.dtype, shape)

    def empty(self, size: int, dtype: Any) -> NDArray[Any]:
        return np.empty(size, dtype)  # not zeros, as networks need: a kernel writes all of it

    def copy(self, array: NDArray[Any]) -> NDArray[Any]:
        return array.copy()

    def without_overlap(self, array: NDArray[Any], result: NDArray[Any]) -> NDArray[Any]:
        return array.copy() if np.may_share_memory(array, result) else array

    def assign(self, result: NDArray[Any], array: NDArray[Any]) -> NDArray[Any]:
        np.copyto(half_precision.bits_of(result), array)
        return result

    def zero_size_like(self, array: NDArray[Any]) -> NDArray[Any]:
        return np.empty(0, array.dtype)

    def put(self, result: NDArray[Any], values: NDArray[Any]) -> NDArray[Any]:
        np.copyto(result, values.reshape(result.shape))
        return result


class _ForeignHost(_Host):
    """Arrays of another library in host memory. Results become arrays of that library through DLPack, without a copy.

    Results for arrays with only `__array_interface__` are NumPy arrays.
    """

    def __init__(self, first: Any) -> None:
        self._first = first
        self._outputs: dict[int, Any] = {}

    def output(self, out: Any, shape: Sequence[int], dtype: Any, name: str = "out") -> NDArray[Any]:
        if out is None:  # JAX copies memory that is not aligned to cache lines
            return aligned(math.prod(shape), dtype).reshape(shape)
        if type(out) is np.ndarray or not _describes_memory(out):
            return host.output(out, shape, dtype, name)
        memory, found = half_precision.host_array(out, name)
        if found != half_precision.name_of(dtype):
            raise TypeError(f"{name}: expected dtype {half_precision.name_of(dtype)}, got {found}")
        self._outputs[id(memory)] = out
        return host.writable(memory, shape, name)

    def flat_output(self, result: NDArray[Any]) -> tuple[Any, Callable[[], Any]]:
        flat, write_back = host.flat_output(result)
        return flat, lambda: self._converted(write_back())

    def elementwise(self, result: NDArray[Any], inputs: list[Any], kernel: Callable[..., None]) -> Any:
        return self._converted(host.elementwise(result, inputs, kernel))

    def assign(self, result: NDArray[Any], array: NDArray[Any]) -> Any:
        return self._converted(super().assign(result, array))

    def put(self, result: NDArray[Any], values: NDArray[Any]) -> Any:
        return self._converted(super().put(result, values))

    def _converted(self, result: NDArray[Any]) -> Any:
        """Return a result as an array of the library: the argument `out`, or a new array on the same memory."""
        out = self._outputs.get(id(result))
        if out is not None:
            return out
        bits = half_precision.bits_of(result)
        if half_precision.name_of(bits.dtype) == "bfloat16":
            return _from_bfloat16(self._first, bits)
        return _importer(self._first)(result.view(half_precision.array_dtype(result.dtype)))


_HOST = _Host()


def backend_of(first: Any, name: str) -> Backend:
    """Return the backend for a call whose first array is `first`, the argument called `name`."""
    if type(first) is np.ndarray:
        return _HOST
    if not devices.on_device(first):
        return _on_host(first)
    from .cuda import Cuda

    return Cuda(first, name)


def _on_host(first: Any) -> Backend:
    """Return the backend for a call whose first array is in host memory."""
    foreign = _describes_memory(first) and not isinstance(first, np.ndarray | np.generic)
    return _ForeignHost(first) if foreign else _HOST


def _describes_memory(array: Any) -> bool:
    return hasattr(array, "__dlpack__") or hasattr(array, "__array_interface__")


def _importer(array: Any) -> Callable[[NDArray[Any]], Any]:
    """Return the library's function that wraps a NumPy array without a copy."""
    if hasattr(array, "__array_namespace__"):  # the array API standard, which PyTorch does not implement
        return array.__array_namespace__().from_dlpack
    library = sys.modules[type(array).__module__.partition(".")[0]] if hasattr(array, "__dlpack__") else None
    return getattr(library, "from_dlpack", np.asarray)


def _from_bfloat16(like: Any, bits: NDArray[Any]) -> Any:
    """Return a bfloat16 array of the library of `like`, on the memory of its bits. NumPy's DLPack lacks the dtype."""
    libraries = devices.libraries_of(like)
    if "torch" in libraries:
        torch = sys.modules["torch"]
        return torch.from_dlpack(bits.view(np.int16)).view(torch.bfloat16)
    array = bits.view(half_precision.array_dtype(bits.dtype))
    if "jaxlib" in libraries:
        return sys.modules["jax"].device_put(array, may_alias=True)
    return like.__array_namespace__().asarray(array) if hasattr(like, "__array_namespace__") else array


def backend_named(device: str, out: Any) -> Backend:
    """Return the backend for a call without input arrays, from the name of a device, and from `out` if given."""
    name = devices.resolve(device)
    if name == "cpu":
        return _on_host(out)
    from .cuda import Cuda

    return Cuda(out, "out", devices.number_of(name))
