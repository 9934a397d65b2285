"""The numbers of the mask contract: key, threshold, scale and counter from seed and probability (docs/mask.md)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .checks import integer

__all__ = ["DROP_ALL", "counter", "deviation", "key", "scale", "threshold"]

DROP_ALL = 1 << 32  # the threshold of p = 1


def threshold(p: float) -> int:
    """Return rint(p * 2**32), ties to even. 0 keeps all elements, 2**32 drops all."""
    return round(p * 2.0**32)


def scale(threshold: int, dtype: np.dtype[Any]) -> Any:
    """Return the scale of kept elements, 1 / (1 - p) for p = threshold / 2**32, rounded once.

    The scale is 0 for p = 1. It is a float64 for float64 arrays, else a float32.
    """
    return (np.float64 if dtype == np.float64 else np.float32)(
        0.0 if threshold == DROP_ALL else 2.0**32 / (2.0**32 - threshold)
    )


def deviation(p: float) -> float:
    """Return the standard deviation of dropout's scaled mask, sqrt(p / (1 - p)), for p in [0, 1)."""
    return math.sqrt(p / (1.0 - p))


def key(seed: Any) -> tuple[np.uint64, np.uint64]:
    """Return the low and the high 32 bits of a seed in 0..2**64-1."""
    value = integer(seed, "seed", 0, 2**64 - 1)
    return np.uint64(value & 0xFFFFFFFF), np.uint64(value >> 32)


def counter(stream: Any, step: Any, offset: Any, size: int) -> tuple[np.uint64, np.uint64, np.uint64]:
    """Return stream, step and offset as uint64 for kernels. offset + size is at most 2**63 - 1."""
    return (
        np.uint64(integer(stream, "stream", 0, 2**24 - 1)),
        np.uint64(integer(step, "step", 0, 2**32 - 1)),
        np.uint64(integer(offset, "offset", 0, 2**63 - 1 - size)),
    )
