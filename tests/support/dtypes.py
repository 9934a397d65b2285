"""Arrays of the dtypes of kernels, by name: float32, float64, float16, and bfloat16 as its bits in uint16."""

import numpy as np


def cast(x, dtype):
    """Return numbers in a dtype: the nearest, ties to even."""
    if dtype != "bfloat16":
        return x.astype(dtype)
    bits = x.astype(np.float32).view(np.uint32).astype(np.uint64)
    rounded = (bits + 0x7FFF + (bits >> np.uint64(16) & np.uint64(1))) >> np.uint64(16)
    return np.where(np.isnan(x), bits >> np.uint64(16) | np.uint64(0x40), rounded).astype(np.uint16)


def widen(x):
    """Return the numbers of an array in the type of computations: half precision as float32."""
    if x.dtype == np.uint16:
        return (x.astype(np.uint32) << np.uint32(16)).view(np.float32)
    return x.astype(np.float32) if x.dtype == np.float16 else x


def scalar(x, dtype):
    """Return a number in the type in which kernels of a dtype compute."""
    return np.float64(x) if dtype == "float64" else np.float32(x)


def same_numbers(a, b):
    """Compare arrays bit for bit, except for the bits of NaN, which differ on a GPU."""
    x, y = widen(a), widen(b)
    return a.dtype == b.dtype and np.array_equal(x, y, equal_nan=True) and _same_signs(x, y)


def _same_signs(x, y):
    return np.array_equal(np.signbit(x) | np.isnan(x), np.signbit(y) | np.isnan(y))
