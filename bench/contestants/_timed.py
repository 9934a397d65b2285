"""What a contestant is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

__all__ = ["Timed"]


class Timed(NamedTuple):
    """Something to be timed: `call` returns when its result is there, `check` raises where the result is wrong.

    `role`: "own" is this project, "peer" does the same work elsewhere, "aside" does other work, as its name says,
    "limit" is the machine. A call counts as `times` times the case.
    """

    call: Callable[[], Any]
    role: str
    check: Callable[[], None] = lambda: None
    times: float = 1.0
