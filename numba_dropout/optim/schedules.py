"""Learning-rate schedules: functions of (steps, total steps) that return factors."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..core import checks

__all__ = ["SCHEDULES", "Schedule", "constant", "cosine", "inverse_time", "schedule_name", "step_decay"]


# A schedule takes step numbers from 0 on and the total number of steps, and returns factors on the learning rate.
Schedule = Callable[[NDArray[np.float64], int], NDArray[np.float64]]


def constant(steps: NDArray[np.float64], total: int) -> NDArray[np.float64]:
    """Return factors of 1, which keep the learning rate."""
    return np.ones_like(steps)


def cosine(steps: NDArray[np.float64], total: int) -> NDArray[np.float64]:
    """Return factors that fall from 1 to 0 along half a cosine over all steps.

    References
    ----------
    Loshchilov & Hutter, ICLR 2017, without restarts.
    """
    return 0.5 * (1.0 + np.cos(np.pi * np.minimum(steps / max(total, 1), 1.0)))


def inverse_time(decay_steps: float = 1000.0) -> Schedule:
    """Return the schedule 1 / (1 + step / decay_steps) (Robbins & Monro, 1951)."""
    decay_steps = checks.number(decay_steps, "decay_steps", above=0)
    return functools.partial(_inverse_time, decay_steps=decay_steps)


def _inverse_time(steps: NDArray[np.float64], total: int, *, decay_steps: float) -> NDArray[np.float64]:
    return 1.0 / (1.0 + steps / decay_steps)


def step_decay(decay_steps: float = 1000.0, factor: float = 0.1) -> Schedule:
    """Return the schedule factor ** (step // decay_steps)."""
    decay_steps = checks.number(decay_steps, "decay_steps", above=0)
    factor = checks.number(factor, "factor", above=0)
    return functools.partial(_step_decay, decay_steps=decay_steps, factor=factor)


def _step_decay(steps: NDArray[np.float64], total: int, *, decay_steps: float, factor: float) -> NDArray[np.float64]:
    return factor ** (steps // decay_steps)


SCHEDULES: dict[str, Schedule] = {
    "constant": constant,
    "inverse": inverse_time(),
    "cosine": cosine,
    "step": step_decay(),
}


def schedule_name(schedule: str | Schedule) -> str:
    """Return the name of a schedule: the string, or the name of the function with its bound arguments."""
    if isinstance(schedule, functools.partial):
        return f"{schedule_name(schedule.func)} {schedule.keywords}"
    return schedule if isinstance(schedule, str) else getattr(schedule, "__qualname__", type(schedule).__qualname__)
