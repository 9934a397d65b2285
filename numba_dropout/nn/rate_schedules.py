"""Schedules of the dropout rates: functions of (steps, total steps) that return factors on all rates.

Steps (n,) count from 0, the network's first step. Factors (n,), or one for all steps, lie in [0, 1]. A factor of 1
keeps the network's rates.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core import checks, contract, errors
from ..functional._rates import rates_of
from .variants import KINDS
from .variants.kinds import check_rate_schedule

__all__ = ["RATE_SCHEDULES", "RateSchedule", "RateScheduler", "early", "rate_schedule"]

RateSchedule = Callable[[NDArray[np.float64], int], NDArray[np.float64]]


def _constant(steps: NDArray[np.float64], total: int) -> NDArray[np.float64]:
    """Return factors of 1, which keep the rates."""
    return np.ones_like(steps)


def _linear(steps: NDArray[np.float64], total: int) -> NDArray[np.float64]:
    """Return factors that rise from 0 to 1."""
    return np.minimum(steps / max(total - 1, 1), 1.0)


def _cosine(steps: NDArray[np.float64], total: int) -> NDArray[np.float64]:
    """Return factors that rise from 0 to 1 along half a cosine."""
    return 0.5 * (1.0 - np.cos(np.pi * _linear(steps, total)))


def _curriculum(steps: NDArray[np.float64], total: int) -> NDArray[np.float64]:
    """Return factors that rise from 0 towards 1, to 0.9 in the first quarter.

    References
    ----------
    Morerio et al., ICCV 2017, equation 3.
    """
    return 1.0 - np.exp(-10.0 * steps / max(total, 1))


def early(share: float = 0.2) -> RateSchedule:
    """Return the schedule that keeps the rates for a share of all steps and drops nothing afterwards.

    References
    ----------
    Liu et al., ICML 2023, section 4 (early dropout).
    """
    return functools.partial(_early, share=checks.probability(share, "share"))


def _early(steps: NDArray[np.float64], total: int, *, share: float) -> NDArray[np.float64]:
    return (steps < share * total).astype(np.float64)


RATE_SCHEDULES: dict[str, RateSchedule] = {
    "constant": _constant,
    "linear": _linear,
    "cosine": _cosine,
    "curriculum": _curriculum,
    "early": early(),
}


class RateScheduler:
    """The rates of a network's sites at each step: the network's rates, or those of a schedule.

    rates : those of the network, of a variant `kind`. thresholds, scales : arrays (sites,) for them.
    """

    def __init__(self, rates: Sequence[Any], thresholds: NDArray[np.uint64], scales: NDArray[Any], kind: str) -> None:
        self._rates, self._kind = rates, kind
        self._constant = thresholds, scales
        self._repeated = thresholds[None], scales[None]
        self._schedule: tuple[RateSchedule, int] | None = None

    def start(self, schedule: RateSchedule, total: int) -> None:
        """Start a schedule of `total` steps. It ends with `stop`."""
        check_rate_schedule(self._kind)
        self._schedule = schedule, total

    def stop(self) -> None:
        """Return to the network's rates."""
        self._schedule = None

    def at(self, first: int, steps: int) -> tuple[NDArray[np.uint64], NDArray[Any]]:
        """Return thresholds and the variant's scales (steps, sites) of n steps from the first on."""
        if self._schedule is None:
            if len(self._repeated[0]) != steps:
                self._repeated = self._constant[0][None].repeat(steps, 0), self._constant[1][None].repeat(steps, 0)
            return self._repeated
        schedule, total = self._schedule
        numbers = np.arange(first, first + steps, dtype=np.float64)
        rates = np.outer(checks.factors(schedule, numbers, total, "dropout_schedule"), self._rates)
        site_rates = rates_of(rates, self._constant[1].dtype, "dropout_schedule")
        variant = KINDS[self._kind]
        if not variant.takes_one and (site_rates.thresholds == contract.DROP_ALL).any():
            raise errors.InputError(
                f"dropout_schedule: expected probabilities below 1 with variant={self._kind!r}, got 1"
            )
        return site_rates.thresholds, variant.scales(rates, site_rates)


def rate_schedule(schedule: str | RateSchedule) -> RateSchedule:
    """Return the schedule with a name. A function is returned unchanged."""
    if callable(schedule):
        return schedule
    return RATE_SCHEDULES[checks.choice(schedule, "dropout_schedule", RATE_SCHEDULES)]
