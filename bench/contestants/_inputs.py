"""The inputs of all contestants: equal numbers in arrays aligned to cache lines."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numba_dropout.kernels import simd

from ..cases import Case

__all__ = ["aligned", "batch", "factors", "layer", "positive"]


def aligned(shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """Return an array of zeros, aligned to a cache line, in memory that has been written.

    Otherwise the address from malloc changes the results from run to run.
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
    """Return numbers from 0.5 to 1.5, so that a 0 in the result is a dropped element."""
    return _filled(case.shape, case.dtype, 1, 0.5)


def layer(case: Case) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return x (B, C), weight (K, C) and dy (B, K), around 0."""
    rows, inputs, units = case.shape
    shapes = ((rows, inputs), (units, inputs), (rows, units))
    x, weight, dy = (_filled(shape, case.dtype, seed, -0.5) for seed, shape in enumerate(shapes))
    return x, weight, dy


def factors(form: str, x: Any, weight: Any, dy: Any) -> tuple[Any, Any]:
    """Return the left and right operands of a layer's product in a form of `cases.FORMS`."""
    return {"forward": (x, weight.T), "dinp": (dy, weight), "dweight": (dy.T, x)}[form]


def batch(case: Case, times: int = 1) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return random rows in [0, 1) for several batches, and classes that a linear function separates."""
    *units, rows = case.shape
    x = _filled((rows * times, units[0]), case.dtype, 2, 0.0)
    teacher = np.random.default_rng(3).standard_normal((units[0], units[-1]))
    return x, np.argmax((x - 0.5) @ teacher, axis=1)
