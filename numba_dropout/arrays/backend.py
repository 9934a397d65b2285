"""Where the arrays of a call are, and so what checks and holds them, and which kernels work on them."""

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
from ..core.jit import threading_lock
from ..kernels import cpu
from ..kernels.simd import aligned
from . import devices, host

__all__ = ["Allocate", "Place", "place_called", "place_of"]

Allocate = Callable[[int, Any], Any]  # (size, dtype): a flat array


class Place(Protocol):
    """What the operations do with arrays; `result` and `out` are of the caller's kind, all else is for kernels."""

    @property
    def kernels(self) -> ModuleType:
        """Return the kernels for arrays of this place."""

    def working(self) -> contextlib.AbstractContextManager[Any]:
        """Return what every call of a kernel is wrapped in."""

    def float_array(self, value: Any, name: str, ndim: int | None = None, *, halves: bool = False) -> Any:
        """Return an array of a dtype that there are kernels for; `halves`: of float16 and bfloat16 too."""

    def output(self, out: Any, shape: Sequence[int], dtype: Any) -> Any:
        """Return `out` after checking it, or a new array where it is None."""

    def flat_output(self, result: Any) -> tuple[Any, Callable[[], Any]]:
        """Return what a kernel can write into, as one dimension, and a call that brings it into `result`."""

    def elementwise(self, result: Any, inputs: list[Any], kernel: Callable[..., None]) -> Any:
        """Call kernel(out, *inputs) on flat arrays and return the result; an input may be the result."""

    def mask_array(self, mask: Any, shape: Sequence[int]) -> tuple[Any, bool]:
        """Return a mask for kernels, and whether it is the bits of one of a shape."""

    def bring(self, values: NDArray[Any]) -> Any:
        """Return values of the host where kernels find them."""

    def empty(self, size: int, dtype: Any) -> Any:
        """Return a flat array for kernels, with whatever values."""

    def copy(self, array: Any) -> Any:
        """Return a copy of an array."""

    def apart(self, array: Any, result: Any) -> Any:
        """Return an array, or a copy where writing into a result would change it."""

    def assign(self, result: Any, array: Any) -> Any:
        """Copy an array into a result, as it is."""

    def put(self, result: Any, values: NDArray[Any]) -> Any:
        """Copy values of the host, in one dimension, into a result."""

    def kernel_input(self, array: Any) -> Any:
        """Return an array as the kernels are compiled for."""

    def matrix(self, array: Any) -> Any:
        """Return an array as a kernel's matrix: all dimensions but the last become rows."""

    def nothing_like(self, array: Any) -> Any:
        """Return an empty array, which stands for one that is not given."""

    def no_overlap(self, out: Any, *inputs: Any) -> Any:
        """Return out after making sure that writing into it changes no input."""


class _Host:
    """NumPy's arrays, and what becomes one."""

    kernels = cpu
    working = staticmethod(threading_lock)
    output = staticmethod(host.output)
    flat_output = staticmethod(host.flat_output)
    elementwise = staticmethod(host.elementwise)
    kernel_input = staticmethod(host.kernel_input)
    matrix = staticmethod(host.matrix)
    no_overlap = staticmethod(host.no_overlap)

    def float_array(self, value: Any, name: str, ndim: int | None = None, *, halves: bool = False) -> NDArray[Any]:
        """Return a float32 or float64 array, of a number of dimensions where one is asked for."""
        if type(value) is not np.ndarray and devices.on_device(value):
            raise TypeError(f"{name}: expected an array on the host like the first, got one on a CUDA device")
        return checks.float_array(value, name, ndim)

    def mask_array(self, mask: Any, shape: Sequence[int]) -> tuple[NDArray[Any], bool]:
        """Return a mask for kernels, and whether it is the bits of one of a shape."""
        array = checks.as_array(mask)
        return host.kernel_input(array), host.is_packed(array.shape, array.dtype, shape)

    def bring(self, values: NDArray[Any]) -> NDArray[Any]:
        return values

    def empty(self, size: int, dtype: Any) -> NDArray[Any]:
        return np.empty(size, dtype)

    def copy(self, array: NDArray[Any]) -> NDArray[Any]:
        return array.copy()

    def apart(self, array: NDArray[Any], result: NDArray[Any]) -> NDArray[Any]:
        return array.copy() if np.may_share_memory(array, result) else array

    def assign(self, result: NDArray[Any], array: NDArray[Any]) -> NDArray[Any]:
        np.copyto(result, array)
        return result

    def nothing_like(self, array: NDArray[Any]) -> NDArray[Any]:
        return np.empty(0, array.dtype)

    def put(self, result: NDArray[Any], values: NDArray[Any]) -> NDArray[Any]:
        np.copyto(result, values.reshape(result.shape))
        return result


class _Borrowed(_Host):
    """Arrays of another library in the host's memory, whose results become that library's by DLPack, uncopied.

    Those that only describe their memory (`__array_interface__`) have no library: results are NumPy's.
    """

    def __init__(self, to_theirs: Callable[[NDArray[Any]], Any]) -> None:
        self._to_theirs = to_theirs
        self._outputs: dict[int, Any] = {}

    def float_array(self, value: Any, name: str, ndim: int | None = None, *, halves: bool = False) -> NDArray[Any]:
        try:
            return super().float_array(value, name, ndim, halves=halves)
        except RuntimeError as error:  # PyTorch's, of a tensor with a gradient
            raise TypeError(f"{name}: {error}") from None

    def output(self, out: Any, shape: Sequence[int], dtype: Any) -> NDArray[Any]:
        if out is None:  # JAX takes over what begins a cache line, and copies all else
            return aligned(math.prod(shape), dtype).reshape(shape)
        if type(out) is np.ndarray or not _describes_memory(out):
            return host.output(out, shape, dtype)
        memory = checks.as_array(out)
        self._outputs[id(memory)] = out
        return host.output(memory, shape, dtype)

    def flat_output(self, result: NDArray[Any]) -> tuple[Any, Callable[[], Any]]:
        flat, write_back = host.flat_output(result)
        return flat, lambda: self._theirs(write_back())

    def elementwise(self, result: NDArray[Any], inputs: list[Any], kernel: Callable[..., None]) -> Any:
        return self._theirs(host.elementwise(result, inputs, kernel))

    def assign(self, result: NDArray[Any], array: NDArray[Any]) -> Any:
        return self._theirs(super().assign(result, array))

    def put(self, result: NDArray[Any], values: NDArray[Any]) -> Any:
        return self._theirs(super().put(result, values))

    def _theirs(self, result: NDArray[Any]) -> Any:
        """Return a result as the library's: the `out` that was given, or a new array on the same memory."""
        given = self._outputs.get(id(result))
        return self._to_theirs(result) if given is None else given


_HOST = _Host()


def place_of(first: Any, name: str) -> Place:
    """Return the place of a call by its first array, an argument's."""
    if type(first) is np.ndarray:
        return _HOST
    if not devices.on_device(first):
        return _on_host(first)
    from .cuda import Cuda

    return Cuda(first, name)


def _on_host(first: Any) -> Place:
    """Return the place of arrays in the host's memory, by the first of a call."""
    others = _describes_memory(first) and not isinstance(first, np.ndarray | np.generic)
    return _Borrowed(_importer(first)) if others else _HOST


def _describes_memory(array: Any) -> bool:
    return hasattr(array, "__dlpack__") or hasattr(array, "__array_interface__")


def _importer(array: Any) -> Callable[[NDArray[Any]], Any]:
    """Return what makes an array of a library from one of NumPy's, on the same memory."""
    if hasattr(array, "__array_namespace__"):  # the array API standard's way; PyTorch has none
        return array.__array_namespace__().from_dlpack
    library = sys.modules[type(array).__module__.partition(".")[0]] if hasattr(array, "__dlpack__") else None
    return getattr(library, "from_dlpack", np.asarray)


def place_called(device: str, out: Any) -> Place:
    """Return the place of a call without input arrays, by the name of a device, and by `out` where that is given."""
    name = devices.resolve(device)
    if name == "cpu":
        return _on_host(out)
    from .cuda import Cuda

    return Cuda(out, "out", devices.number_of(name))
