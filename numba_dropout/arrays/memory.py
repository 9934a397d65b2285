"""Memory of the host or of a CUDA device, with one interface: allocation, copies and the stream of all work."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..core.jit import threading_lock
from ..kernels.simd import aligned
from . import devices
from .convert import on_host

__all__ = ["Allocate", "HostMemory", "Memory", "memory_of"]

Allocate = Callable[[int, Any], Any]  # (size, dtype) -> flat array


class Memory(Protocol):
    """The interface of memory for arrays of kernels."""

    device: str  # "cpu", "cuda:0", ...
    precision: str  # precision of the factors of matrix products

    def zeros(self, size: int, dtype: Any) -> Any:
        """Return a flat array of zeros."""

    def empty(self, size: int, dtype: Any) -> Any:
        """Return an uninitialized flat array."""

    def to_device(self, values: Any) -> Any:
        """Return a copy of values in this memory, or the same array if it is there already."""

    def stage(self, name: str, values: Any) -> Any:
        """Return a copy of values, in the same array for all batches with the same name and shape."""

    def write(self, array: Any, values: NDArray[Any]) -> None:
        """Copy host values into an array."""

    def read(self, array: Any) -> NDArray[Any]:
        """Return an array's values on the host. An array on the host is returned unchanged."""

    def working(self) -> contextlib.AbstractContextManager[Any]:
        """Return the context for calls of kernels."""

    def turn(self) -> contextlib.AbstractContextManager[Any]:
        """Return the context for a full call, from its upload to the copy of its outputs: a lock on a device."""

    def make_sure(self, needed: int, what: str, remedy: Callable[[int], str]) -> None:
        """Raise DeviceError if `needed` bytes are not free. The message ends with remedy(free)."""


class HostMemory:
    """The memory of the host: arrays are NumPy's, and aligned to cache lines."""

    device = "cpu"
    precision = "float32"

    def zeros(self, size: int, dtype: Any) -> NDArray[Any]:
        """Return a flat array of zeros."""
        return aligned(size, dtype)

    empty = zeros

    def to_device(self, values: Any) -> NDArray[Any]:
        """Return values as a NumPy array, the same one if they are one."""
        return values if type(values) is np.ndarray else on_host(values)

    def stage(self, name: str, values: Any) -> NDArray[Any]:
        """Return values as a NumPy array."""
        return self.to_device(values)

    def write(self, array: NDArray[Any], values: NDArray[Any]) -> None:
        """Copy values into an array."""
        array[...] = values

    def read(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return the array."""
        return array

    def working(self) -> contextlib.AbstractContextManager[Any]:
        """Return the lock that some threading layers need around parallel code."""
        return threading_lock()

    def turn(self) -> contextlib.AbstractContextManager[Any]:
        """Return a context that does nothing: calls have buffers of their own."""
        return _NO_TURN

    def make_sure(self, needed: int, what: str, remedy: Callable[[int], str]) -> None:
        """Do nothing: the operating system allocates memory when a program writes to it."""


_HOST = HostMemory()
_NO_TURN = contextlib.nullcontext()


def memory_of(device: str, precision: str = "float32") -> Memory:
    """Return the memory of the device with a name of `devices.resolve`. Raise InputError if it cannot be used."""
    name = devices.resolve(device, precision)
    if name == "cpu":
        return _HOST
    from .cuda_memory import CudaMemory

    return CudaMemory(devices.number_of(name), precision)
