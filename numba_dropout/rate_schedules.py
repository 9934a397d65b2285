"""Courses of the dropout rates over training: functions of (steps, total steps) that return factors on all rates.

Steps (n,) count from 0 on, from the network's first; factors (n,), or one for all, lie in [0, 1], 1 being the
network's own rates.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _checks
from ._rates import rates_of

__all__ = ["RATE_SCHEDULES", "RateSchedule", "early", "rate_schedule", "rates_at"]

RateSchedule = Callable[[NDArray[np.float64], int], NDArray[np.float64]]


def _constant(steps: NDArray[np.float64], total: int) -> NDArray[np.float64]:
    """Keep the rates."""
    return np.ones_like(steps)


def _linear(steps: NDArray[np.float64], total: int) -> NDArray[np.float64]:
    """Rise from 0 to 1."""
    return np.minimum(steps / max(total - 1, 1), 1.0)


def _cosine(steps: NDArray[np.float64], total: int) -> NDArray[np.float64]:
    """Rise from 0 to 1 along half a cosine."""
    return 0.5 * (1.0 - np.cos(np.pi * _linear(steps, total)))


def _curriculum(steps: NDArray[np.float64], total: int) -> NDArray[np.float64]:
    """Rise from 0 towards 1, nine tenths of it in the first quarter (Morerio et al., ICCV 2017, equation 3)."""
    return 1.0 - np.exp(-10.0 * steps / max(total, 1))


def early(share: float = 0.2) -> RateSchedule:
    """Return the schedule that keeps the rates for a share of all steps, and drops nothing after them.

    Source: Liu et al., ICML 2023, section 4 (early dropout).
    """
    return functools.partial(_early, share=_checks.probability(share, "share"))


def _early(steps: NDArray[np.float64], total: int, *, share: float) -> NDArray[np.float64]:
    return (steps < share * total).astype(np.float64)


RATE_SCHEDULES: dict[str, RateSchedule] = {
    "constant": _constant,
    "linear": _linear,
    "cosine": _cosine,
    "curriculum": _curriculum,
    "early": early(),
}


def rates_at(rates: NDArray[np.float64], dtype: Any, *, deviations: bool) -> tuple[NDArray[np.uint64], NDArray[Any]]:
    """Return thresholds and scales, or Gaussian noise's deviations, for rates (steps, sites)."""
    found = rates_of(rates, dtype, "dropout_schedule")
    if not deviations:
        return found.thresholds, found.scales
    if (found.thresholds == _checks.EVERYTHING).any():
        raise _checks.InputError("dropout_schedule: expected probabilities below 1 for variant gaussian, got 1")
    return found.thresholds, np.where(found.thresholds, np.sqrt(rates / (1.0 - rates)), 0.0).astype(dtype)


def rate_schedule(given: str | RateSchedule) -> RateSchedule:
    """Return a schedule by its name, or as it is given."""
    if callable(given):
        return given
    if not isinstance(given, str) or given not in RATE_SCHEDULES:
        raise _checks.InputError(f"dropout_schedule: expected one of {', '.join(RATE_SCHEDULES)}, got {given!r}")
    return RATE_SCHEDULES[given]
