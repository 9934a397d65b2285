"""Orders and uniform numbers for the network and its data, from the masks' generator in streams of their own."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _checks
from .kernels import cpu
from .kernels.philox import PURPOSE

__all__ = ["order", "uniform"]

NONE = np.uint64(0)


def order(size: int, purpose: str, *, seed: int, step: int = 0) -> NDArray[np.int64]:
    """Return a permutation of 0..size-1: the stable order of one 64-bit word for each row, at a step."""
    words = np.empty(size, np.uint64)
    k0, k1 = _checks.key(seed)
    cpu.random_bits(words, k0, k1, np.uint64(PURPOSE[purpose]), np.uint64(step), NONE)
    return np.argsort(words, kind="stable")


def uniform(out: NDArray[Any], low: float, high: float, purpose: str, *, seed: int, site: int = 0) -> NDArray[Any]:
    """Fill a contiguous float array with numbers of (low, high] and return it."""
    k0, k1 = _checks.key(seed)
    cpu.uniform(out.reshape(-1), float(low), float(high), k0, k1, np.uint64(PURPOSE[purpose] | site), NONE, NONE)
    return out
