"""What a contestant is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from numba.core import config

__all__ = ["Timed", "queued"]

QUEUED = 2 if config.ENABLE_CUDASIM else 20  # calls that a device is given at once: it works while the host launches


class Timed(NamedTuple):
    """Something to be timed: `call` returns when its result is there, `check` raises where the result is wrong.

    `role`: "own" is this project, "peer" does the same work elsewhere, "aside" does other work, as its name says,
    "limit" is the machine. A call counts as `times` times the case.
    """

    call: Callable[[], Any]
    role: str
    check: Callable[[], None] = lambda: None
    times: float = 1.0


def queued(call: Callable[[], Any], wait: Callable[[], Any], role: str, check: Callable[[], None]) -> Timed:
    """Return what times calls that only launch: many of them, until wait() tells that the device has done all."""

    def calls() -> None:
        for _ in range(QUEUED):
            call()
        wait()

    return Timed(calls, role, check, QUEUED)
