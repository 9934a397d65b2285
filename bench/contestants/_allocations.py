"""Memory: the arrays of an object, and the peak of a call."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["array_bytes", "peak_bytes"]

CALLS = 9


def array_bytes(root: Any) -> int:
    """Return the bytes of all arrays reachable from an object, counting shared memory once."""
    sizes: dict[int, int] = {}
    seen: set[int] = set()
    stack = [root]
    while stack:
        item = stack.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, np.ndarray):
            while isinstance(item.base, np.ndarray):
                item = item.base
            sizes[item.ctypes.data] = max(sizes.get(item.ctypes.data, 0), item.nbytes)
        elif isinstance(item, dict):
            stack.extend(item.values())
        elif isinstance(item, tuple | list):
            stack.extend(item)
        elif hasattr(item, "__dict__"):
            stack.append(vars(item))
    return sum(sizes.values())


def peak_bytes(call: Callable[[], Any]) -> int:
    """Return the peak of the bytes that NumPy and Python allocate during a call.

    It is the minimum over several calls, because Python sometimes keeps numbers or frames.
    """
    tracemalloc.start()
    try:
        return min(_peak(call) for _ in range(CALLS))
    finally:
        tracemalloc.stop()


def _peak(call: Callable[[], Any]) -> int:
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    call()
    return tracemalloc.get_traced_memory()[1] - before
