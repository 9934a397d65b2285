"""Interoperability with numba.cuda, CuPy, PyTorch and JAX: descriptions of their CUDA arrays, and new arrays."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np
from numba import cuda

from ..core.errors import InputError
from .devices import libraries_of

__all__ = ["Description", "Jax", "Numba", "external", "library_of"]


class Description(NamedTuple):
    """Properties of an array that kernels need."""

    address: int
    shape: tuple[int, ...]
    strides: tuple[int, ...] | None  # in bytes, or None for a C-contiguous array
    dtype: str  # NumPy's name, or bfloat16
    device: int | None  # number of the device, or None for the current one
    stream: int  # the caller's current stream. 0 is the default one
    read_only: bool


def _native(typestr: str) -> str:
    """Return NumPy's name of a dtype. Raise InputError unless it has native byte order."""
    dtype = np.dtype(typestr)
    if not dtype.isnative:
        raise InputError(f"expected native byte order, got {typestr}")
    return dtype.name


class Numba:
    """Arrays of numba.cuda, and of other libraries with `__cuda_array_interface__` that have no class here."""

    kind = "an array of numba.cuda"

    def describe(self, x: Any) -> Description:
        """Return the description of an array. Raise InputError if kernels do not support it."""
        interface = x.__cuda_array_interface__
        address, read_only = interface["data"]
        name = "bfloat16" if interface["typestr"].endswith("V2") else _native(interface["typestr"])
        if interface.get("mask") is not None:
            raise InputError("expected an array without a mask, got a masked one")
        stream = interface.get("stream") or 0
        return Description(address, interface["shape"], interface.get("strides"), name, None, stream, read_only)

    def empty(self, shape: tuple[int, ...], dtype: str, like: Description) -> Any:
        """Return an uninitialized array of the library on the same device."""
        stream = external(like.stream) if like.stream else 0
        return cuda.device_array(shape, np.uint16 if dtype == "bfloat16" else dtype, stream=stream)

    def contiguous(self, x: Any) -> Any:
        """Return a C-contiguous copy."""
        raise InputError("expected a C-contiguous array, got one with other strides")

    def assign(self, out: Any, values: Any) -> None:
        """Copy values into an array that is not C-contiguous."""
        raise InputError("out: expected a C-contiguous array, got one with other strides")

    def finish(self, result: Any) -> Any:
        """Return a result as an array of the library."""
        return result


class _Torch(Numba):
    kind = "a tensor of PyTorch"

    def __init__(self) -> None:
        import torch

        self._torch = torch

    def describe(self, x: Any) -> Description:
        if x.requires_grad:
            raise InputError("expected a tensor without requires_grad (x.detach()), got one with it")
        strides = tuple(stride * x.element_size() for stride in x.stride())
        stream = self._torch.cuda.current_stream(x.device).cuda_stream
        name = str(x.dtype).removeprefix("torch.")
        return Description(x.data_ptr(), tuple(x.shape), strides, name, x.device.index, stream, False)

    def empty(self, shape: tuple[int, ...], dtype: str, like: Description) -> Any:
        return self._torch.empty(shape, dtype=getattr(self._torch, dtype), device=f"cuda:{like.device}")

    def contiguous(self, x: Any) -> Any:
        return x.contiguous()

    def assign(self, out: Any, values: Any) -> None:
        out.copy_(values)


class _CuPy(Numba):
    kind = "an array of CuPy"

    def __init__(self) -> None:
        import cupy

        self._cupy = cupy

    def describe(self, x: Any) -> Description:
        stream = self._cupy.cuda.get_current_stream().ptr
        return Description(x.data.ptr, x.shape, x.strides, x.dtype.name, x.device.id, stream, False)

    def empty(self, shape: tuple[int, ...], dtype: str, like: Description) -> Any:
        return self._cupy.empty(shape, self._cupy.dtype(dtype))

    def contiguous(self, x: Any) -> Any:
        return self._cupy.ascontiguousarray(x)

    def assign(self, out: Any, values: Any) -> None:
        out[...] = values


class Jax(Numba):
    """Arrays of JAX, which are immutable. Its streams are not accessible: calls synchronize before and after."""

    kind = "an array of JAX"

    def __init__(self) -> None:
        import jax

        self._jax = jax

    def describe(self, x: Any) -> Description:
        """Return the description of an array, after its computation has finished."""
        if len(x.devices()) > 1:
            raise InputError("expected an array on one device, got one on several devices")
        (device,) = x.devices()
        number = getattr(device, "local_hardware_id", None)
        x.block_until_ready()
        return Description(x.unsafe_buffer_pointer(), x.shape, None, x.dtype.name, number, 0, True)

    def finish(self, result: Any) -> Any:
        """Return a result as a JAX array, after its computation has finished."""
        from cuda.core.utils import StridedMemoryView

        cuda.synchronize()
        converted = self._jax.dlpack.from_dlpack(StridedMemoryView.from_any_interface(result, stream_ptr=-1))
        return self._jax.lax.bitcast_convert_type(converted, "bfloat16") if converted.dtype == "uint16" else converted


_LIBRARIES = {"torch": _Torch, "cupy": _CuPy, "jaxlib": Jax, "jax": Jax}
_loaded: dict[str, Numba] = {}


def library_of(x: Any) -> Numba:
    """Return the adapter of the library that x belongs to, which is already imported."""
    name = next((name for name in libraries_of(x) if name in _LIBRARIES), "numba")
    if name not in _loaded:
        _loaded[name] = _LIBRARIES.get(name, Numba)()
    return _loaded[name]


@functools.lru_cache(64)
def external(pointer: int) -> Any:
    """Return the numba.cuda stream for another library's stream, always the same object, the key of cached launches."""
    return cuda.external_stream(pointer)
