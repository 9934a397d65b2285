"""Cache lines: aligned arrays and prefetching."""

from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray

from . import vectors
from .intrinsic import intrinsic
from .vectors import CACHE_LINE

__all__ = ["aligned", "read_ahead"]


def aligned(size: int, dtype: Any) -> NDArray[Any]:
    """Return a flat array of zeros aligned to a cache line, so that threads do not share a line."""
    itemsize = np.dtype(dtype).itemsize
    memory = np.zeros(size * itemsize + CACHE_LINE, np.uint8)
    start = -memory.ctypes.data % CACHE_LINE
    return memory[start : start + size * itemsize].view(dtype)


def _read_ahead(array, start, size):
    """Prefetch `size` bytes, a constant, from element `start` of a contiguous array on.

    The bytes may lie outside the array.
    """


@intrinsic(_read_ahead, prefer_literal=True)
def read_ahead(typing_context, array, start, size):
    """Emit the IR of `_read_ahead`."""
    if not isinstance(size, types.IntegerLiteral):
        return None

    def generate(context, builder, signature, arguments):
        address = vectors.View(context, builder, signature.args[0], arguments[0]).flat_address(arguments[1])
        for line in range(0, size.literal_value, CACHE_LINE):
            vectors.prefetch(builder, address, line)
        return context.get_dummy_value()

    return types.none(array, types.int64, size), generate
