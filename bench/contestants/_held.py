"""Memory: what an object holds, and what a call takes meanwhile."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["held_bytes", "traced_bytes"]

CALLS = 9


def held_bytes(thing: Any) -> int:
    """Return the bytes of all arrays that can be reached from an object, each memory once."""
    found: dict[int, int] = {}
    seen: set[int] = set()
    waiting = [thing]
    while waiting:
        item = waiting.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, np.ndarray):
            while isinstance(item.base, np.ndarray):
                item = item.base
            found[item.ctypes.data] = max(found.get(item.ctypes.data, 0), item.nbytes)
        elif isinstance(item, dict):
            waiting.extend(item.values())
        elif isinstance(item, tuple | list):
            waiting.extend(item)
        elif hasattr(item, "__dict__"):
            waiting.append(vars(item))
    return sum(found.values())


def traced_bytes(call: Callable[[], Any]) -> int:
    """Return the most bytes that NumPy and Python hold at once during a call, beyond those before it.

    The least of some calls: now and then Python keeps a number or a frame of its own.
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
