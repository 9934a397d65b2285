"""Where a network's arrays are: in the host's memory or a CUDA device's, by the same calls."""

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
    """What a network asks of the memory that its arrays are in."""

    device: str  # "cpu", "cuda:0", ...
    precision: str  # of products' factors

    def zeros(self, size: int, dtype: Any) -> Any:
        """Return a flat array of zeros."""

    def empty(self, size: int, dtype: Any) -> Any:
        """Return a flat array of whatever values."""

    def copy(self, values: Any) -> Any:
        """Return values there: the same array where they are there already."""

    def stage(self, name: str, values: Any) -> Any:
        """Return values as `copy` does, in the same array for every batch of the same shape that comes by a name."""

    def write(self, array: Any, values: NDArray[Any]) -> None:
        """Copy host values into an array."""

    def read(self, array: Any) -> NDArray[Any]:
        """Return an array's values on the host; on the host it is the same array."""

    def working(self) -> contextlib.AbstractContextManager[Any]:
        """Return what every call of a composition is wrapped in."""

    def turn(self) -> contextlib.AbstractContextManager[Any]:
        """Return what a whole call is wrapped in, from its upload to the copy of its outputs: on a device a lock."""

    def passes(self, choice: PassSpec) -> Passes:
        """Return the composition over this memory's kernels."""

    def make_sure(self, needed: int, what: str, remedy: Callable[[int], str]) -> None:
        """Raise InputError where so many bytes are not free; remedy(free) says what would help."""


class _Host:
    device = "cpu"
    precision = "float32"

    def passes(self, choice: PassSpec) -> Passes:
        return _COMPOSED.setdefault(choice, compiled(choice))  # its cache may give two threads two of them

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
        """Leave it to the system, which gives memory when it is written to."""


class _Device:
    """The memory of a CUDA device, and a stream on which all of a network's work is done."""

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
        self._turn = threading.RLock()  # threads share the stream, and what is being recorded on it
        with self._context:
            self._stream = cuda.stream()

    def zeros(self, size: int, dtype: Any) -> Any:
        return self.copy(np.zeros(size, dtype))

    def empty(self, size: int, dtype: Any) -> Any:
        with self.working(), self._asking(size * np.dtype(dtype).itemsize, f"{size:,} numbers"):
            return self._cuda.device_array(size, dtype, stream=self._stream).bind(0)

    def copy(self, values: Any) -> Any:
        if devices.on_device(values):
            return values
        with self.working(), self._asking(values.nbytes, f"an array of shape {values.shape}"):
            there = self._cuda.to_device(np.ascontiguousarray(values), stream=self._stream)
            self._stream.synchronize()  # the values may change from here on
        return there.bind(0)  # what others do with it is on their stream, and waited for

    def stage(self, name: str, values: Any) -> Any:
        there = self._staged.get(name)
        if there is None or there.shape != values.shape or there.dtype != values.dtype:
            there = self._staged[name] = self._like(values)
        with self.working():
            there.copy_to_device(values, stream=self._stream)
        return there

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
            except Exception as error:  # numba-cuda's CudaAPIError, and what an allocator in its place raises
                if getattr(error, "code", None) != OUT_OF_MEMORY:
                    raise
                raise errors.DeviceError(f"{self.device}: out of memory; {SMALLER}") from error

    def make_sure(self, needed: int, what: str, remedy: Callable[[int], str]) -> None:
        try:
            with self._context:
                context = self._cuda.current_context()
                free, total = context.get_memory_info()
                if needed > free and not config.ENABLE_CUDASIM:
                    context.deallocations.clear()  # what was let go of, and is kept a while
                    free, total = context.get_memory_info()
        except (NotImplementedError, AttributeError):  # another library manages the memory, and does not tell
            return
        if needed > free:
            there = f"{checks.amount(free)} of {checks.amount(total)} are free"
            raise errors.DeviceError(
                f"{self.device}: {what} needs {checks.amount(needed)}, and {there}; {remedy(free)}"
            )

    @contextlib.contextmanager
    def _asking(self, needed: int, what: str) -> Iterator[None]:
        """Say what did not fit where memory is asked for and not there."""
        self.make_sure(needed, what, lambda free: SMALLER)
        try:
            yield
        except Exception as error:
            if getattr(error, "code", None) != OUT_OF_MEMORY:
                raise
            size = checks.amount(needed)
            raise errors.DeviceError(
                f"{self.device}: {what} needs {size}, which are not free in one piece; {SMALLER}"
            ) from error


_HOST = _Host()
_NO_TURN = contextlib.nullcontext()
_COMPOSED: dict[PassSpec, Passes] = {}


def memory_of(device: str, precision: str = "float32") -> Memory:
    """Return the memory of a device by its name, as `devices.resolve` takes it; InputError where it is not there."""
    name = devices.resolve(device, precision)
    return _HOST if name == "cpu" else _Device(devices.number_of(name), precision)
