"""Suspension of Python's garbage collection, from several threads at once."""

from __future__ import annotations

import contextlib
import gc
import os
import threading
from collections.abc import Iterator

__all__ = ["suspended_collection"]

_lock = threading.RLock()  # a signal's handler may run while its thread holds the lock
_users = 0
_enabled = True  # whether to enable the collection after the last user


@contextlib.contextmanager
def suspended_collection() -> Iterator[None]:
    """Suspend the collection of garbage. It goes on after the last thread has left, unless it was off before."""
    global _enabled, _users
    with _lock:
        if _users == 0:
            _enabled = gc.isenabled()
        _users += 1
        gc.disable()
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0 and _enabled:
                gc.enable()


def _after_fork() -> None:
    """Forget the other threads, which a forked process does not have."""
    global _lock, _users
    _lock = threading.RLock()
    if _users and _enabled:
        gc.enable()
    _users = 0


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
