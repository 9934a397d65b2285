"""Timed calls: a contestant's operation with its check."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from numba.core import config

__all__ = ["Timed", "queued"]

# Calls per synchronization, so that the device works while the host launches.
QUEUED = 2 if config.ENABLE_CUDASIM else 20


class Timed(NamedTuple):
    """An operation to time. `call` returns when its result is complete, and `check` raises if the result is wrong.

    `role` is "own" for this project, "peer" for the same work in another library, "aside" for other work, which its
    name describes, and "limit" for a limit of the hardware. A call counts as `times` times the case.
    """

    call: Callable[[], Any]
    role: str
    check: Callable[[], None] = lambda: None
    times: float = 1.0


def queued(call: Callable[[], Any], wait: Callable[[], Any], role: str, check: Callable[[], None]) -> Timed:
    """Return a timed call for an asynchronous operation: many calls, then wait() until the device is done."""

    def calls() -> None:
        for _ in range(QUEUED):
            call()
        wait()

    return Timed(calls, role, check, QUEUED)
