"""Half precision on the host: arrays of float16 and bfloat16 as arrays of their bits, which kernels take.

NumPy has no bfloat16. Arrays of the package ml_dtypes and of JAX have its dtype, and PyTorch gives the bits.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core import checks

__all__ = ["array_dtype", "bits_of", "host_array", "name_of"]

FLOAT16_BITS, BFLOAT16_BITS = np.dtype(np.int16), np.dtype(np.uint16)
NAMES = {np.dtype(np.float32): "float32", np.dtype(np.float64): "float64"}
HALVES = {FLOAT16_BITS: "float16", BFLOAT16_BITS: "bfloat16"}


def name_of(dtype: Any) -> str:
    """Return the name of the dtype of a caller's array, for the dtype of the array that kernels take."""
    dtype = np.dtype(dtype)
    return HALVES.get(dtype) or str(dtype)


def array_dtype(dtype: Any) -> np.dtype[Any]:
    """Return the dtype of a new NumPy array, for the dtype of the array that kernels take."""
    dtype = np.dtype(dtype)
    if dtype.itemsize != 2:
        return dtype
    if dtype == BFLOAT16_BITS:
        return _bfloat16()
    return np.dtype(np.float16) if dtype == FLOAT16_BITS else dtype


def bits_of(array: NDArray[Any]) -> NDArray[Any]:
    """Return the bits of an array of float16 or bfloat16, on the same memory. Other arrays are returned unchanged."""
    dtype = array.dtype
    if dtype.itemsize != 2:
        return array
    if dtype == np.float16:
        return array.view(FLOAT16_BITS)
    return array.view(BFLOAT16_BITS) if dtype.name == "bfloat16" else array


def host_array(value: Any, name: str) -> tuple[NDArray[Any], str]:
    """Return the argument called `name` as an array on the host, and the name of its dtype.

    Half precision becomes its bits. The array is empty if NumPy lacks the dtype.
    """
    dtype = "" if type(value) is np.ndarray else str(getattr(value, "dtype", "")).removeprefix("torch.")
    try:
        if dtype == "bfloat16" and hasattr(value, "requires_grad"):  # a tensor of PyTorch
            bits = value if value.requires_grad else value.view(sys.modules["torch"].int16)
            return np.asarray(bits).view(BFLOAT16_BITS), dtype
        array = checks.as_array(value)
    except (TypeError, BufferError, RuntimeError) as error:  # RuntimeError for a tensor that requires a gradient
        if not dtype or isinstance(error, RuntimeError):
            raise TypeError(f"{name}: {error}") from None
        return np.empty(0), dtype
    return bits_of(array), NAMES.get(array.dtype) or str(array.dtype)


def _bfloat16() -> np.dtype[Any]:
    """Return the dtype of NumPy arrays of bfloat16. Only callers that have one, or JAX, need the package."""
    import ml_dtypes

    return np.dtype(ml_dtypes.bfloat16)
