"""Arrays that begin a cache line."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .vectors import CACHE_LINE

__all__ = ["aligned"]


def aligned(size: int, dtype: Any) -> NDArray[Any]:
    """Return a flat array of zeros that begins a cache line: threads then meet between lines, not within one."""
    itemsize = np.dtype(dtype).itemsize
    memory = np.zeros(size * itemsize + CACHE_LINE, np.uint8)
    start = -memory.ctypes.data % CACHE_LINE
    return memory[start : start + size * itemsize].view(dtype)
