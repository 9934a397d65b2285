"""Checks of arguments, before any kernel runs.

Messages give the argument, the rule and the value.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import InputError

__all__ = [
    "amount",
    "as_array",
    "choice",
    "factors",
    "integer",
    "number",
    "probability",
]


def _float(value: Any, name: str) -> float:
    """Return a number as a float. Texts and arrays are not numbers."""
    try:
        if isinstance(value, str | bytes) or getattr(value, "ndim", 0) > 0:  # an array of one element is not a number
            raise TypeError
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise TypeError(f"{name}: expected a number, got {value!r}") from None


def number(value: Any, name: str, *, above: float | None = None, at_least: float | None = None) -> float:
    """Return a finite float, greater than `above` or at least `at_least`."""
    result = _float(value, name)
    bound = f"above {above:g}" if above is not None else f"at least {at_least:g}" if at_least is not None else None
    outside = (above is not None and not result > above) or (at_least is not None and not result >= at_least)
    if outside or not math.isfinite(result):
        rule = "a finite number" if bound is None else f"a number {bound}"
        raise InputError(f"{name}: expected {rule}, got {value!r}")
    return result


def integer(value: Any, name: str, low: int, high: int) -> int:
    """Return an integer from low to high, both included."""
    try:
        result = operator.index(value)
    except TypeError:
        raise TypeError(f"{name}: expected an integer, got {value!r}") from None
    if not low <= result <= high:
        raise InputError(f"{name}: expected an integer from {low} to {high}, got {result}")
    return result


def choice(value: Any, name: str, choices: Iterable[str]) -> str:
    """Return a text that is one of the choices."""
    names = tuple(choices)
    if not isinstance(value, str) or value not in names:
        raise InputError(f"{name}: expected one of {', '.join(names)}, got {value!r}")
    return value


def probability(p: Any, name: str = "p") -> float:
    """Return a dropout probability in [0, 1] as a float64."""
    result = _float(p, name)
    if not 0.0 <= result <= 1.0:
        raise InputError(f"{name}: dropout probability has to be between 0 and 1, but got {result!r}")
    return result


def factors(schedule: Any, steps: NDArray[np.float64], total: int, name: str) -> NDArray[np.float64]:
    """Return the factors (n,) of a schedule, a function of (steps (n,), total steps). It is not called for n = 0."""
    if not steps.size:
        return steps
    result = schedule(steps, total)
    try:
        array = np.asarray(result)
    except ValueError:  # lists of different lengths
        array = np.empty(0, object)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name}: expected a function that returns numbers, got one that returned {result!r}")
    if array.shape not in ((), steps.shape):
        raise InputError(f"{name}: expected a factor for each of {steps.size} steps, got shape {array.shape}")
    return np.broadcast_to(array, steps.shape).astype(np.float64)


def amount(size: float) -> str:
    """Format a number of bytes with a binary unit, such as "1.5 MiB"."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if size < 1024 or unit == "GiB":
            break
        size /= 1024
    return f"{size:.3g} {unit}"


def as_array(value: Any) -> NDArray[Any]:
    """Return an array on the host as a NumPy array, on the same memory if possible."""
    only_dlpack = hasattr(value, "__dlpack__") and not hasattr(value, "__array__")
    if only_dlpack and not hasattr(value, "__array_interface__"):
        return np.from_dlpack(value)
    return np.asarray(value)
