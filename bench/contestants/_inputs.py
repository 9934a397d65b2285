"""What all contestants are given: the same numbers, at addresses that begin a cache line."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numba_dropout.kernels import simd

from ..cases import Case

__all__ = ["aligned", "batch", "factors", "layer", "positive"]


def aligned(shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """Return an array of zeros, in memory that has been touched.

    Where malloc happens to put an array otherwise changes figures from run to run.
    """
    memory = simd.aligned(math.prod(shape), dtype)
    memory[:] = 0
    return memory.reshape(shape)


def _filled(shape: tuple[int, ...], dtype: Any, seed: int, low: float) -> NDArray[Any]:
    out = aligned(shape, dtype)
    np.random.default_rng(seed).random(out=out, dtype=out.dtype)
    out += out.dtype.type(low)
    return out


def positive(case: Case) -> NDArray[Any]:
    """Return numbers from 0.5 to 1.5: one that has become 0 was dropped."""
    return _filled(case.shape, case.dtype, 1, 0.5)


def layer(case: Case) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return x (B, C), weight (K, C) and dy (B, K), around 0."""
    rows, inputs, units = case.shape
    shapes = ((rows, inputs), (units, inputs), (rows, units))
    x, weight, dy = (_filled(shape, case.dtype, seed, -0.5) for seed, shape in enumerate(shapes))
    return x, weight, dy


def factors(form: str, x: Any, weight: Any, dy: Any) -> tuple[Any, Any]:
    """Return the left and right side of a product of a layer, in a form of `cases.FORMS`."""
    return {"forward": (x, weight.T), "dinp": (dy, weight), "dweight": (dy.T, x)}[form]


def batch(case: Case, times: int = 1) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return rows from 0 to 1 for so many batches, and classes that a linear function of them tells apart."""
    *units, rows = case.shape
    x = _filled((rows * times, units[0]), case.dtype, 2, 0.0)
    teacher = np.random.default_rng(3).standard_normal((units[0], units[-1]))
    return x, np.argmax((x - 0.5) @ teacher, axis=1)
