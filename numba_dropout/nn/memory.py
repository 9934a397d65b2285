"""The memory of a network's arrays, on the host or on a CUDA device, with one interface."""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
from numba.core import config
from numpy.typing import NDArray

from ..arrays import devices
from ..arrays.convert import on_host
from ..core import checks, errors
from ..core.jit import threading_lock
from ..kernels.simd import aligned
from .passes import Passes, PassSpec, compiled

__all__ = ["Memory", "memory_of"]

OUT_OF_MEMORY = 2  # CUDA_ERROR_OUT_OF_MEMORY
SMALLER = "train on fewer rows, or with device cpu"


class Memory(Protocol):
    """The interface of the memory of a network's arrays."""

    device: str  # "cpu", "cuda:0", ...
    precision: str  # of the factors of matrix products

    def zeros(self, size: int, dtype: Any) -> Any:
        """Return a flat array of zeros."""

    def empty(self, size: int, dtype: Any) -> Any:
        """Return a flat array of unspecified values."""

    def copy(self, values: Any) -> Any:
        """Return a copy of values in this memory, or the same array if it is there already."""

    def stage(self, name: str, values: Any) -> Any:
        """Return a copy of values, in the same array for all batches with the same name and shape."""

    def write(self, array: Any, values: NDArray[Any]) -> None:
        """Copy host values into an array."""

    def read(self, array: Any) -> NDArray[Any]:
        """Return an array's values on the host. An array on the host is returned unchanged."""

    def working(self) -> contextlib.AbstractContextManager[Any]:
        """Return the context for each call of the passes."""

    def turn(self) -> contextlib.AbstractContextManager[Any]:
        """Return the context for a full call, from its upload to the copy of its outputs: a lock on a device."""

    def passes(self, spec: PassSpec) -> Passes:
        """Return the passes with the kernels for this memory."""

    def make_sure(self, needed: int, what: str, remedy: Callable[[int], str]) -> None:
        """Raise DeviceError if `needed` bytes are not free. The message ends with remedy(free)."""


class _Host:
    device = "cpu"
    precision = "float32"

    def passes(self, spec: PassSpec) -> Passes:
        return _PASSES.setdefault(spec, compiled(spec))  # `compiled` may return different objects to two threads

    def zeros(self, size: int, dtype: Any) -> NDArray[Any]:
        return aligned(size, dtype)

    empty = zeros

    def copy(self, values: Any) -> NDArray[Any]:
        return values if type(values) is np.ndarray else on_host(values)

    def stage(self, name: str, values: Any) -> NDArray[Any]:
        return self.copy(values)

    def write(self, array: NDArray[Any], values: NDArray[Any]) -> None:
        array[...] = values

    def read(self, array: NDArray[Any]) -> NDArray[Any]:
        return array

    def working(self) -> contextlib.AbstractContextManager[Any]:
        return threading_lock()

    def turn(self) -> contextlib.AbstractContextManager[Any]:
        return _NO_TURN

    def make_sure(self, needed: int, what: str, remedy: Callable[[int], str]) -> None:
        """Do nothing: the operating system allocates memory when a program writes to it."""


class _Device:
    """The memory of a CUDA device, and the stream for all work of a network."""

    def __init__(self, number: int, precision: str) -> None:
        from numba import cuda

        from ..kernels.cuda import on_stream, products_in
        from . import cuda_graphs

        self.device = f"cuda:{number}"
        self.passes = cuda_graphs.passes
        self._cuda, self._on_stream = cuda, on_stream
        self._products_in, self.precision = products_in, precision
        self._context = cuda.gpus[number]
        self._staged: dict[str, Any] = {}
        self._turn = threading.RLock()  # threads share the stream and its recordings
        with self._context:
            self._stream = cuda.stream()

    def zeros(self, size: int, dtype: Any) -> Any:
        return self.copy(np.zeros(size, dtype))

    def empty(self, size: int, dtype: Any) -> Any:
        with self.working(), self._allocating(size * np.dtype(dtype).itemsize, f"{size:,} numbers"):
            return self._cuda.device_array(size, dtype, stream=self._stream).bind(0)

    def copy(self, values: Any) -> Any:
        if devices.on_device(values):
            return values
        with self.working(), self._allocating(values.nbytes, f"an array of shape {values.shape}"):
            device_array = self._cuda.to_device(np.ascontiguousarray(values), stream=self._stream)
            self._stream.synchronize()  # the caller may change the values afterwards
        return device_array.bind(0)  # other code uses the default stream, which synchronizes with this one

    def stage(self, name: str, values: Any) -> Any:
        device_array = self._staged.get(name)
        if device_array is None or device_array.shape != values.shape or device_array.dtype != values.dtype:
            device_array = self._staged[name] = self._like(values)
        with self.working():
            device_array.copy_to_device(values, stream=self._stream)
        return device_array

    def _like(self, values: Any) -> Any:
        flat = self.empty(math.prod(values.shape), values.dtype)
        return flat.reshape(*values.shape)

    def write(self, array: Any, values: NDArray[Any]) -> None:
        with self.working():
            array.copy_to_device(np.ascontiguousarray(values, array.dtype), stream=self._stream)
            self._stream.synchronize()

    def read(self, array: Any) -> NDArray[Any]:
        with self.working():
            values = array.copy_to_host(stream=self._stream)
            self._stream.synchronize()
        return values

    def turn(self) -> contextlib.AbstractContextManager[Any]:
        return self._turn

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        with self._turn, self._context, self._on_stream(self._stream), self._products_in(self.precision):
            try:
                yield
            except Exception as error:  # CudaAPIError of numba-cuda, or the exception of another allocator
                if getattr(error, "code", None) != OUT_OF_MEMORY:
                    raise
                raise errors.DeviceError(f"{self.device}: out of memory; {SMALLER}") from error

    def make_sure(self, needed: int, what: str, remedy: Callable[[int], str]) -> None:
        try:
            with self._context:
                context = self._cuda.current_context()
                free, total = context.get_memory_info()
                if needed > free and not config.ENABLE_CUDASIM:
                    context.deallocations.clear()  # numba-cuda delays deallocations
                    free, total = context.get_memory_info()
        except (NotImplementedError, AttributeError):  # another library manages the memory and has no such information
            return
        if needed > free:
            available = f"{checks.amount(free)} of {checks.amount(total)} are free"
            raise errors.DeviceError(
                f"{self.device}: {what} needs {checks.amount(needed)}, and {available}; {remedy(free)}"
            )

    @contextlib.contextmanager
    def _allocating(self, needed: int, what: str) -> Iterator[None]:
        """Raise DeviceError with the size of the array if it does not fit."""
        self.make_sure(needed, what, lambda free: SMALLER)
        try:
            yield
        except Exception as error:
            if getattr(error, "code", None) != OUT_OF_MEMORY:
                raise
            size = checks.amount(needed)
            raise errors.DeviceError(
                f"{self.device}: {what} needs {size} of contiguous memory, which is not free; {SMALLER}"
            ) from error


_HOST = _Host()
_NO_TURN = contextlib.nullcontext()
_PASSES: dict[PassSpec, Passes] = {}


def memory_of(device: str, precision: str = "float32") -> Memory:
    """Return the memory of a device by its name, as in `devices.resolve`. InputError if it cannot be used."""
    name = devices.resolve(device, precision)
    return _HOST if name == "cpu" else _Device(devices.number_of(name), precision)
