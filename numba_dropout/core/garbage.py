"""Suspension of Python's garbage collection, from several threads at once."""

from __future__ import annotations

import contextlib
import gc
import os
import threading
from collections.abc import Iterator

__all__ = ["suspended_collection"]

_lock = threading.RLock()  # a signal's handler may run while its thread holds the lock
_users: set[int] = set()
_enabled = True  # whether to enable the collection after the last user


class _User:
    """A call that needs the collection to be suspended. It also leaves if Ctrl-C ends the call before its exit."""

    def __init__(self) -> None:
        global _enabled
        with _lock:
            if not _users:
                _enabled = gc.isenabled()
            _users.add(id(self))
            gc.disable()

    def leave(self) -> None:
        """Enable the collection after the last user, unless it was off before the first."""
        with _lock:
            if id(self) in _users:
                _users.discard(id(self))
                if not _users and _enabled:
                    gc.enable()

    __del__ = leave


@contextlib.contextmanager
def suspended_collection() -> Iterator[None]:
    """Suspend the collection of garbage. It goes on after the last thread has left, unless it was off before."""
    user = _User()
    try:
        yield
    finally:
        user.leave()


def _after_fork() -> None:
    """Forget the other threads, which a forked process does not have."""
    global _lock
    _lock = threading.RLock()
    if _users and _enabled:
        gc.enable()
    _users.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
