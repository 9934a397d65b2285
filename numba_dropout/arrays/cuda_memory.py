"""A CUDA device and a stream for all work on it, and the memory of a network there."""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numba import cuda
from numba.core import config
from numpy.typing import NDArray

from ..core import checks
from ..core.errors import DeviceError
from ..kernels.cuda import on_stream, products_in
from .devices import on_device

__all__ = ["CudaMemory", "CudaStream"]

OUT_OF_MEMORY = 2  # CUDA_ERROR_OUT_OF_MEMORY


class CudaStream:
    """A CUDA device and the stream on which kernels and copies run."""

    remedy = "use smaller arrays, or arrays on the host"  # if memory is short

    def __init__(self, number: int | None, stream: Any) -> None:
        """Use a device, or the current one if `number` is None, and a numba.cuda stream (0 is the default one)."""
        self.device = "cuda" if number is None else f"cuda:{number}"
        self._context = contextlib.nullcontext() if number is None else cuda.gpus[number]
        self._stream = stream

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        """Return the context for calls of kernels. Raise DeviceError if memory is short."""
        with self._context, on_stream(self._stream):
            try:
                yield
            except Exception as error:  # CudaAPIError of numba-cuda, or the exception of another allocator
                if getattr(error, "code", None) != OUT_OF_MEMORY:
                    raise
                raise DeviceError(f"{self.device}: out of memory; {self.remedy}") from error


class CudaMemory(CudaStream):
    """The memory of a CUDA device as `Memory`, with a stream of its own."""

    remedy = "train on fewer rows, or with device cpu"

    def __init__(self, number: int, precision: str) -> None:
        with cuda.gpus[number]:
            super().__init__(number, cuda.stream())
        self.precision = precision
        self._staged: dict[str, Any] = {}
        self._turn = threading.RLock()  # threads share the stream and its recordings

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        """Return the context for calls of kernels: the device, the stream, its lock and the precision of products."""
        with self._turn, products_in(self.precision), super().working():
            yield

    def zeros(self, size: int, dtype: Any) -> Any:
        """Return a flat array of zeros."""
        return self.to_device(np.zeros(size, dtype))

    def empty(self, size: int, dtype: Any) -> Any:
        """Return an uninitialized flat array. Raise DeviceError if it does not fit."""
        with self.working(), self._allocating(size * np.dtype(dtype).itemsize, f"{size:,} numbers"):
            return cuda.device_array(size, dtype, stream=self._stream).bind(0)

    def to_device(self, values: Any) -> Any:
        """Return a copy of values on the device, or the same array if it is on one."""
        if on_device(values):
            return values
        with self.working(), self._allocating(values.nbytes, f"an array of shape {values.shape}"):
            device_array = cuda.to_device(np.ascontiguousarray(values), stream=self._stream)
            self._stream.synchronize()  # the caller may change the values afterwards
        return device_array.bind(0)  # other code uses the default stream, which synchronizes with this one

    def stage(self, name: str, values: Any) -> Any:
        """Return a copy of values, in the same array for all batches with the same name and shape."""
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
        """Copy host values into an array."""
        with self.working():
            array.copy_to_device(np.ascontiguousarray(values, array.dtype), stream=self._stream)
            self._stream.synchronize()

    def read(self, array: Any) -> NDArray[Any]:
        """Return a copy of an array on the host."""
        with self.working():
            values = array.copy_to_host(stream=self._stream)
            self._stream.synchronize()
        return values

    def turn(self) -> contextlib.AbstractContextManager[Any]:
        """Return the lock for a full call, from its upload to the copy of its outputs."""
        return self._turn

    def make_sure(self, needed: int, what: str, remedy: Callable[[int], str]) -> None:
        """Raise DeviceError if `needed` bytes are not free. The message ends with remedy(free)."""
        try:
            with self._context:
                context = cuda.current_context()
                free, total = context.get_memory_info()
                if needed > free and not config.ENABLE_CUDASIM:
                    context.deallocations.clear()  # numba-cuda delays deallocations
                    free, total = context.get_memory_info()
        except (NotImplementedError, AttributeError):  # another library manages the memory and has no such information
            return
        if needed > free:
            available = f"{checks.amount(free)} of {checks.amount(total)} are free"
            raise DeviceError(f"{self.device}: {what} needs {checks.amount(needed)}, and {available}; {remedy(free)}")

    @contextlib.contextmanager
    def _allocating(self, needed: int, what: str) -> Iterator[None]:
        """Raise DeviceError with the size of the array if it does not fit."""
        self.make_sure(needed, what, lambda free: self.remedy)
        try:
            yield
        except Exception as error:
            if getattr(error, "code", None) != OUT_OF_MEMORY:
                raise
            size = checks.amount(needed)
            raise DeviceError(
                f"{self.device}: {what} needs {size} of contiguous memory, which is not free; {self.remedy}"
            ) from error
