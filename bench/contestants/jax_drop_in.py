"""Dropout of this project in a step of JAX, with and without it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba_dropout import jax as drop_in

from ..cases import Case
from .jax_peer import VERSIONS, configure, pair

__all__ = ["CONTESTANTS", "MEMORY", "PAIRS", "VERSIONS", "configure"]


def _pairs(case: Case) -> dict[str, tuple[Callable[[], float], Callable[[], float]]]:
    return {"numba-dropout": pair(case, "threefry2x32", lambda key, x, p: drop_in.dropout(x, p, seed=key))}


CONTESTANTS: dict[str, Any] = {}
PAIRS = {"jax_adds": _pairs}
MEMORY: dict[str, Any] = {}
