"""CUDA arrays of CuPy, PyTorch, JAX and numba.cuda, and their views for kernels.

No element is copied: a kernel works on the caller's memory and on the caller's current stream, and writes to an array
that the caller's library has allocated.
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
from ..kernels.cuda._launch import current_stream
from .cuda_memory import CudaStream
from .devices import on_device
from .host import is_packed, refuse_shared_elements
from .interop import Description, Jax, Numba, external, library_of

__all__ = ["Cuda", "device_of", "named", "view"]


def _dtype_of(info: Description) -> np.dtype[Any]:
    """Return the NumPy dtype of a description. It is uint16 for bfloat16."""
    try:
        return np.dtype("uint16" if info.dtype == "bfloat16" else info.dtype)
    except TypeError:
        raise InputError(f"expected a NumPy dtype or bfloat16, got {info.dtype}") from None


def _device_array(info: Description, owner: Any) -> Any:
    """Return a numba.cuda array on memory that belongs to `owner`. bfloat16 becomes uint16."""
    dtype = _dtype_of(info)
    interface = {
        "version": 3,
        "shape": info.shape,
        "strides": None if info.strides is None or _is_contiguous(info, dtype.itemsize) else info.strides,
        "typestr": dtype.str,
        "data": (info.address, info.read_only),
    }
    return cuda.from_cuda_array_interface(interface, owner=owner, sync=False)


def _is_contiguous(info: Description, size: int) -> bool:
    """Return whether an array is C-contiguous. Strides of dimensions of size 1 are ignored."""
    if 0 in info.shape:
        return True
    for length, stride in zip(reversed(info.shape), reversed(info.strides or ()), strict=True):
        if length != 1 and stride != size:
            return False
        size *= length
    return True


def device_of(x: Any) -> int | None:
    """Return the number of an array's device, or None if its library does not give it."""
    if getattr(x, "__cuda_ndarray__", False):
        context = getattr(getattr(x, "gpu_data", None), "context", None)
        return None if context is None else int(context.device.id)
    return library_of(x).describe(x).device


def _view(x: Any) -> tuple[Any, Description | None]:
    """Return x as a numba.cuda array, and its description. The description of a numba.cuda array is None."""
    if getattr(x, "__cuda_ndarray__", False):
        return x, None
    info = _check_description(library_of(x).describe(x))
    return _device_array(info, x), info


def _check_description(info: Description) -> Description:
    """Return a description after checking its addresses: an invalid access would end the CUDA context."""
    size = _dtype_of(info).itemsize
    if any(n < 0 for n in info.shape) or (info.strides is not None and len(info.strides) != len(info.shape)):
        raise InputError(f"expected a length and a stride for each dimension, got {info.shape} and {info.strides}")
    if 0 in info.shape:
        return info
    if not info.address:
        raise InputError(f"got a null pointer as the address of an array of shape {tuple(info.shape)}")
    if info.address % size or any(stride % size for stride in info.strides or ()):
        raise InputError(
            f"expected elements aligned to {size} bytes, got address {info.address:#x} and strides "
            f"{info.strides}; copy the array"
        )
    return info


def _contiguous(array: Any) -> bool:
    """Return whether a numba.cuda array is C-contiguous."""
    return bool(array.is_c_contiguous())


@contextlib.contextmanager
def named(argument: str) -> Iterator[None]:
    """Prefix the messages of InputError with an argument's name."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{argument}: {error}") from None


def view(x: Any) -> Any:
    """Return a contiguous numba.cuda array on the memory of x, after synchronizing its stream."""
    array, info = _view(x)
    if not _contiguous(array):
        array, info = _view(library_of(x).contiguous(x))
    if info is None and array.stream:
        array.stream.synchronize()
    elif info is not None and info.stream:
        external(info.stream).synchronize()
    return array


class Cuda(CudaStream):
    """Backend for one operation on device arrays, on the caller's device and stream."""

    kernels = kernels

    def __init__(self, first: Any, name: str, number: int | None = None) -> None:
        """Use the library, device and stream of `first`, the argument called `name`.

        If `first` is None, use numba.cuda on device `number`. Otherwise, if `number` is given, `first` must be on that
        device.
        """
        self._library = Numba() if first is None else library_of(first)
        self._like = Description(0, (), None, "", number, 0, False)
        if first is not None and not getattr(first, "__cuda_ndarray__", False):
            with named(name):
                self._like = self._library.describe(first)
            if None not in (number, self._like.device) and number != self._like.device:
                raise InputError(f"{name}: expected an array on cuda:{number}, got one on cuda:{self._like.device}")
        elif first is not None and first.stream:
            self._like = self._like._replace(stream=int(first.stream))
        super().__init__(self._like.device, external(self._like.stream) if self._like.stream else 0)

    def float_array(self, value: Any, name: str, ndim: int | None = None, *, halves: bool = False) -> Any:
        """Return a float32 array or, if `halves` is True, one of float32, float16 or bfloat16.

        If `ndim` is given, the array must have that number of dimensions.
        """
        if not on_device(value):
            raise TypeError(
                f"{name}: expected an array on the device like the first argument, got {type(value).__name__}"
            )
        with named(name):
            array, info = _view(value)
            if not _contiguous(array):
                array, info = _view(library_of(value).contiguous(value))
        dtype = str(array.dtype) if info is None else info.dtype
        if dtype != "float32" and not (halves and dtype in ("float16", "bfloat16")):
            expected = "float32, float16 or bfloat16" if halves else "float32"
            raise TypeError(f"{name}: expected an array of {expected} on a CUDA device, got {dtype}")
        if info is not None and None not in (info.device, self._like.device) and info.device != self._like.device:
            raise InputError(f"{name}: expected an array on cuda:{self._like.device}, got one on cuda:{info.device}")
        if ndim is not None and array.ndim != ndim:
            raise InputError(f"{name}: expected {ndim} dimension{'s' * (ndim != 1)}, got shape {tuple(array.shape)}")
        return array

    def output(self, out: Any, shape: Sequence[int], dtype: Any, name: str = "out") -> Any:
        """Return `out` after checking it, or a new array of the caller's library. The dtype uint16 means bfloat16."""
        expected = np.dtype(dtype).name
        expected = "bfloat16" if expected == "uint16" else expected
        if out is None:
            with self.working():
                return self._library.empty(tuple(shape), expected, self._like)
        if isinstance(self._library, Jax):
            raise TypeError(f"{name}: not supported for JAX arrays, which are immutable")
        if not on_device(out):
            raise TypeError(f"{name}: expected an array on the device, got {type(out).__name__}")
        with named(name):
            array, info = _view(out)
        actual = array.dtype.name if info is None else info.dtype
        if actual != expected:
            raise TypeError(f"{name}: expected dtype {expected}, got {actual}")
        if tuple(array.shape) != tuple(shape):
            raise InputError(f"{name}: expected shape {tuple(shape)}, got {tuple(array.shape)}")
        if info is not None and info.read_only:
            raise InputError(f"{name}: expected a writable array, got a read-only one")
        if tuple(array.strides or ()):
            refuse_shared_elements(out, tuple(shape), tuple(array.strides), array.dtype.itemsize, name)
        return out

    def flat_output(self, result: Any) -> tuple[Any, Callable[[], Any]]:
        """Return a flat array for a kernel's output, and a function that copies it to `result` and returns `result`."""
        array, info = _view(result)
        if _contiguous(array):
            return array.reshape(array.size), lambda: self._library.finish(result)
        shape, dtype = tuple(array.shape), array.dtype.name if info is None else info.dtype
        contiguous = self._library.empty(shape, dtype, self._like)

        def write_back() -> Any:
            """Copy the flat array to `result` and return `result`."""
            self._library.assign(result, contiguous)
            return result

        return _view(contiguous)[0].reshape(array.size), write_back

    def elementwise(self, result: Any, inputs: list[Any], kernel: Callable[..., None]) -> Any:
        """Call kernel(out, *inputs) on flat arrays and return the result. An input may be the result, or overlap it."""
        with self.working():
            flat, write_back = self.flat_output(result)
            operands = [array.reshape(array.size) for array in inputs]
            shifted = [_overlap(flat, array) and _address(flat) != _address(array) for array in operands]
            operands = [self.copy(a) if copied else a for a, copied in zip(operands, shifted, strict=True)]
            kernel(flat, *operands)
            return write_back()

    def mask_array(self, mask: Any, shape: Sequence[int]) -> tuple[Any, bool]:
        """Return a mask for kernels, and whether it is packed: the bits of a mask of the given shape."""
        if not on_device(mask):
            raise TypeError(f"mask: expected an array on the device like the first argument, got {type(mask).__name__}")
        with named("mask"):
            array = _view(mask)[0]
            array = array if _contiguous(array) else _view(library_of(mask).contiguous(mask))[0]
        return array, is_packed(tuple(array.shape), array.dtype, shape)

    def to_device(self, values: np.ndarray[Any, Any]) -> Any:
        """Return a copy of host values on the device."""
        with self.working():
            return cuda.to_device(values, stream=current_stream())

    def empty(self, size: int, dtype: Any) -> Any:
        """Return an uninitialized flat array for kernels."""
        with self.working():
            return cuda.device_array(size, dtype, stream=current_stream())

    def copy(self, array: Any) -> Any:
        """Return a copy of a contiguous array, for kernels."""
        with self.working():
            stream = current_stream()
            result = cuda.device_array(tuple(array.shape), array.dtype, stream=stream)
            result.copy_to_device(array, stream=stream)
        return result

    def without_overlap(self, array: Any, result: Any) -> Any:
        """Return an array, or a copy of it if it overlaps the result."""
        return self.copy(array) if _overlap(array, _view(result)[0]) else array

    def assign(self, result: Any, array: Any) -> Any:
        """Copy a contiguous array to the result, and return the result."""
        with self.working():
            flat, write_back = self.flat_output(result)
            if array.size and _address(flat) != _address(array):
                flat.copy_to_device(array.reshape(array.size), stream=current_stream())
            return write_back()

    def put(self, result: Any, values: np.ndarray[Any, Any]) -> Any:
        """Copy flat host values to the result, and return the result."""
        with self.working():
            flat, write_back = self.flat_output(result)
            flat.copy_to_device(values, stream=current_stream())
            return write_back()

    def kernel_input(self, array: Any) -> Any:
        """Return the array, which `float_array` has already made contiguous."""
        return array

    def matrix(self, array: Any) -> Any:
        """Return an array as a matrix for kernels: all dimensions except the last become rows."""
        return array if array.ndim == 2 else array.reshape(math.prod(array.shape[:-1]), array.shape[array.ndim - 1])

    def zero_size_like(self, array: Any) -> Any:
        """Return an empty array in place of an optional argument."""
        return array.reshape(array.size)[:0]

    def no_overlap(self, out: Any, *inputs: Any, name: str = "out") -> Any:
        """Return out, or raise InputError if it overlaps an input."""
        array = _view(out)[0]
        if any(_overlap(array, other if hasattr(other, "__cuda_ndarray__") else _view(other)[0]) for other in inputs):
            raise InputError(f"{name}: expected separate memory, got an array that overlaps another argument")
        return out


def _address(array: Any) -> int:
    """Return the address of an array's first element."""
    interface = getattr(array, "__cuda_array_interface__", None) or array.__array_interface__
    return int(interface["data"][0])


def _overlap(a: Any, b: Any) -> bool:
    """Return whether the memory bounds of two arrays overlap."""
    first, second = _address(a), _address(b)
    return bool(a.size and b.size) and first < second + _extent(b) and second < first + _extent(a)


def _extent(array: Any) -> int:
    """Return the number of bytes from an array's first element to its end."""
    last = sum((n - 1) * stride for n, stride in zip(array.shape, array.strides, strict=True))
    return int(last + array.dtype.itemsize)
