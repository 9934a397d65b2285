"""Arrays in a CUDA device's memory, as CuPy, PyTorch, JAX and numba.cuda have them, and how kernels get at them.

No element is copied: a kernel works on the caller's memory, on the caller's current stream, and writes into an array
that the caller's library made.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numba import cuda

from ..core.errors import InputError
from ..kernels import cuda as kernels
from ..kernels.cuda._launch import current_stream, on_stream
from .devices import on_device
from .host import is_packed, refuse_shared_elements
from .interop import Description, Jax, Numba, external, library_of

__all__ = ["Cuda", "device_of", "named", "view"]


def _dtype_of(found: Description) -> np.dtype[Any]:
    try:
        return np.dtype("uint16" if found.dtype == "bfloat16" else found.dtype)
    except TypeError:
        raise InputError(f"expected numbers of a type that NumPy has, or bfloat16, got {found.dtype}") from None


def _device_array(found: Description, owner: Any) -> Any:
    """Return an array of numba.cuda on memory that belongs to `owner`; bfloat16 by its bits."""
    dtype = _dtype_of(found)
    interface = {
        "version": 3,
        "shape": found.shape,
        "strides": None if found.strides is None or _in_line(found, dtype.itemsize) else found.strides,
        "typestr": dtype.str,
        "data": (found.address, found.read_only),
    }
    return cuda.from_cuda_array_interface(interface, owner=owner, sync=False)


def _in_line(found: Description, size: int) -> bool:
    """Tell whether all elements follow each other; the strides of dimensions of size 1 mean nothing."""
    if 0 in found.shape:
        return True
    for length, stride in zip(reversed(found.shape), reversed(found.strides or ()), strict=True):
        if length != 1 and stride != size:
            return False
        size *= length
    return True


def device_of(x: Any) -> int | None:
    """Return the number of the device that an array is on; None where its library does not say."""
    if getattr(x, "__cuda_ndarray__", False):
        context = getattr(getattr(x, "gpu_data", None), "context", None)
        return None if context is None else int(context.device.id)
    return library_of(x).describe(x).device


def _view(x: Any) -> tuple[Any, Description | None]:
    """Return x as an array of numba.cuda, and what it was found to be, None for one that is so already."""
    if getattr(x, "__cuda_ndarray__", False):
        return x, None
    found = _sound(library_of(x).describe(x))
    return _device_array(found, x), found


def _sound(found: Description) -> Description:
    """Return a description after making sure that kernels can address all of it: a wrong one ends the CUDA context."""
    size = _dtype_of(found).itemsize
    if any(n < 0 for n in found.shape) or (found.strides is not None and len(found.strides) != len(found.shape)):
        raise InputError(f"expected a shape and a stride for each dimension, got {found.shape} and {found.strides}")
    if 0 in found.shape:
        return found
    if not found.address:
        raise InputError(f"expected elements in memory, got a null pointer for shape {tuple(found.shape)}")
    if found.address % size or any(stride % size for stride in found.strides or ()):
        raise InputError(
            f"expected elements on multiples of their {size} bytes, got address {found.address:#x} and strides "
            f"{found.strides}; copy the array"
        )
    return found


def _contiguous(array: Any) -> bool:
    return bool(array.is_c_contiguous())


@contextlib.contextmanager
def named(argument: str) -> Iterator[None]:
    """Put an argument's name before what is wrong with it."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{argument}: {error}") from None


def view(x: Any) -> Any:
    """Return a contiguous array of numba.cuda on the memory of x, once all that its stream had to do is done."""
    array, found = _view(x)
    if not _contiguous(array):
        array, found = _view(library_of(x).in_line(x))
    if found is None and array.stream:
        array.stream.synchronize()
    elif found is not None and found.stream:
        external(found.stream).synchronize()
    return array


class Cuda:
    """The place of one call of an operation on arrays on a device: `_places.Host` for device memory."""

    kernels = kernels

    def __init__(self, first: Any, name: str, number: int | None = None) -> None:
        """Take library, device and stream from the call's first array, an argument's; None is numba.cuda's."""
        self._library = Numba() if first is None else library_of(first)
        self._like = Description(0, (), None, "", number, 0, False)
        if first is not None and not getattr(first, "__cuda_ndarray__", False):
            with named(name):
                self._like = self._library.describe(first)
            if None not in (number, self._like.device) and number != self._like.device:
                raise InputError(f"{name}: expected an array on cuda:{number}, got one on cuda:{self._like.device}")
        elif first is not None and first.stream:
            self._like = self._like._replace(stream=int(first.stream))

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        """Launch on the caller's device and stream."""
        number = self._like.device
        stream = external(self._like.stream) if self._like.stream else 0
        with cuda.gpus[number] if number is not None else contextlib.nullcontext(), on_stream(stream):
            yield

    def float_array(self, value: Any, name: str, ndim: int | None = None, *, halves: bool = False) -> Any:
        """Return an array of float32, or with `halves` of float16 or bfloat16, of a number of dimensions."""
        if not on_device(value):
            raise TypeError(f"{name}: expected an array on the device like the first, got {type(value).__name__}")
        with named(name):
            array, found = _view(value)
            if not _contiguous(array):
                array, found = _view(library_of(value).in_line(value))
        dtype = str(array.dtype) if found is None else found.dtype
        kinds = ("float32", "float16", "bfloat16") if halves else ("float32",)
        if dtype not in kinds:
            raise TypeError(f"{name}: expected an array of {' or '.join(kinds)} on a CUDA device, got {dtype}")
        if found is not None and None not in (found.device, self._like.device) and found.device != self._like.device:
            raise InputError(f"{name}: expected an array on cuda:{self._like.device}, got one on cuda:{found.device}")
        if ndim is not None and array.ndim != ndim:
            raise InputError(f"{name}: expected {ndim} dimension{'s' * (ndim != 1)}, got shape {tuple(array.shape)}")
        return array

    def output(self, out: Any, shape: Sequence[int], dtype: Any) -> Any:
        """Return `out` after checking it, or a new array of the caller's kind; dtype uint16 is bfloat16's bits."""
        name = np.dtype(dtype).name
        name = "bfloat16" if name == "uint16" else name
        if out is None:
            with self.working():
                return self._library.empty(tuple(shape), name, self._like)
        if not on_device(out) or isinstance(self._library, Jax):
            kind = "none: JAX's arrays cannot be written to" if isinstance(self._library, Jax) else "one on the device"
            raise TypeError(f"out: expected {kind}, got {type(out).__name__}")
        with named("out"):
            array, found = _view(out)
        given = array.dtype.name if found is None else found.dtype
        if given != name:
            raise TypeError(f"out: expected dtype {name}, got {given}")
        if tuple(array.shape) != tuple(shape):
            raise InputError(f"out: expected shape {tuple(shape)}, got {tuple(array.shape)}")
        if found is not None and found.read_only:
            raise InputError("out: expected an array that can be written to, got a read-only one")
        if tuple(array.strides or ()):
            refuse_shared_elements(out, tuple(shape), tuple(array.strides), array.dtype.itemsize)
        return out

    def flat_output(self, result: Any) -> tuple[Any, Callable[[], Any]]:
        """Return what a kernel can write into, as one dimension, and a call that brings it into `result`."""
        array, found = _view(result)
        if _contiguous(array):
            return array.reshape(array.size), lambda: self._library.finish(result)
        shape, dtype = tuple(array.shape), array.dtype.name if found is None else found.dtype
        straight = self._library.empty(shape, dtype, self._like)

        def write_back() -> Any:
            self._library.assign(result, straight)
            return result

        return _view(straight)[0].reshape(array.size), write_back

    def elementwise(self, result: Any, inputs: list[Any], kernel: Callable[..., None]) -> Any:
        """Call kernel(out, *inputs) on flat arrays and return the result; an input may be the result, or overlap it."""
        with self.working():
            flat, write_back = self.flat_output(result)
            operands = [array.reshape(array.size) for array in inputs]
            shifted = [_overlap(flat, array) and _address(flat) != _address(array) for array in operands]
            operands = [self.copy(a) if apart else a for a, apart in zip(operands, shifted, strict=True)]
            kernel(flat, *operands)
            return write_back()

    def mask_array(self, mask: Any, shape: Sequence[int]) -> tuple[Any, bool]:
        """Return a mask for kernels, and whether it is the bits of one of a shape."""
        if not on_device(mask):
            raise TypeError(f"mask: expected an array on the device like the first, got {type(mask).__name__}")
        with named("mask"):
            array = _view(mask)[0]
            array = array if _contiguous(array) else _view(library_of(mask).in_line(mask))[0]
        return array, is_packed(tuple(array.shape), array.dtype, shape)

    def bring(self, values: np.ndarray[Any, Any]) -> Any:
        """Return a copy of values of the host, on the device."""
        with self.working():
            return cuda.to_device(values, stream=current_stream())

    def empty(self, size: int, dtype: Any) -> Any:
        """Return a flat array for kernels, with whatever values."""
        with self.working():
            return cuda.device_array(size, dtype, stream=current_stream())

    def copy(self, array: Any) -> Any:
        """Return a copy of a contiguous array, for kernels."""
        with self.working():
            stream = current_stream()
            other = cuda.device_array(tuple(array.shape), array.dtype, stream=stream)
            other.copy_to_device(array, stream=stream)
        return other

    def apart(self, array: Any, result: Any) -> Any:
        """Return an array, or a copy where writing into a result would change it."""
        return self.copy(array) if _overlap(array, _view(result)[0]) else array

    def assign(self, result: Any, array: Any) -> Any:
        """Copy a contiguous array into a result, as it is."""
        with self.working():
            flat, write_back = self.flat_output(result)
            if array.size and _address(flat) != _address(array):
                flat.copy_to_device(array.reshape(array.size), stream=current_stream())
            return write_back()

    def put(self, result: Any, values: np.ndarray[Any, Any]) -> Any:
        """Copy values of the host, in one dimension, into a result."""
        with self.working():
            flat, write_back = self.flat_output(result)
            flat.copy_to_device(values, stream=current_stream())
            return write_back()

    def kernel_input(self, array: Any) -> Any:
        """Return an array as kernels take it, which `float_array` has seen to."""
        return array

    def matrix(self, array: Any) -> Any:
        """Return an array as a kernel's matrix: all dimensions but the last become rows."""
        return array if array.ndim == 2 else array.reshape(math.prod(array.shape[:-1]), array.shape[array.ndim - 1])

    def nothing_like(self, array: Any) -> Any:
        """Return an empty array, which stands for one that is not given."""
        return array.reshape(array.size)[:0]

    def no_overlap(self, out: Any, *inputs: Any) -> Any:
        """Return out after making sure that writing into it changes no input."""
        array = _view(out)[0]
        if any(_overlap(array, other if hasattr(other, "__cuda_ndarray__") else _view(other)[0]) for other in inputs):
            raise InputError("out: expected memory of its own, got an array that overlaps another argument")
        return out


def _address(array: Any) -> int:
    interface = getattr(array, "__cuda_array_interface__", None) or array.__array_interface__
    return int(interface["data"][0])


def _overlap(a: Any, b: Any) -> bool:
    """Tell whether the bounds of two arrays meet."""
    first, second = _address(a), _address(b)
    return bool(a.size and b.size) and first < second + _extent(b) and second < first + _extent(a)


def _extent(array: Any) -> int:
    """Return the bytes from an array's first element to its end."""
    reach = sum((n - 1) * stride for n, stride in zip(array.shape, array.strides, strict=True))
    return int(reach + array.dtype.itemsize)
