"""Access of several Python threads to one object: many read it at once, or one changes it."""

from __future__ import annotations

import functools
import os
import sys
import threading
import weakref
from collections.abc import Callable
from threading import get_ident
from types import FrameType
from typing import Any, TypeVar, cast

__all__ = ["Access", "access_of", "changes", "reads"]

Method = TypeVar("Method", bound=Callable[..., Any])

_PACKAGE = __name__.partition(".")[0]
_all: weakref.WeakSet[Access] = weakref.WeakSet()
_of_others: weakref.WeakKeyDictionary[Any, Access] = weakref.WeakKeyDictionary()  # they are pickled with what they hold


class Access:
    """The threads that read or change one object at the moment.

    Nobody waits: a call that conflicts with another thread's raises RuntimeError. A thread never conflicts with itself,
    so callbacks predict with the network that is being trained.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()  # held for a few operations on what follows, never during a call
        self._readers: dict[int, int] = {}  # calls of each thread
        self._changer: int | None = None
        self._changes = 0  # calls of that thread that change, one inside the other
        _all.add(self)

    def reading(self, call: str) -> _Reading:
        """Return the context of a call that reads; RuntimeError on entry if another thread changes the object."""
        return _Reading(self, call)

    def changing(self, call: str) -> _Changing:
        """Return the context of a call that changes; RuntimeError on entry if another thread uses the object."""
        return _Changing(self, call)

    def _begin_reading(self, call: str) -> None:
        thread = get_ident()
        if self._changer == thread:  # nobody else touches it meanwhile
            return
        with self._lock:
            if self._changer is not None:
                self._forget_ended_calls()
            if self._changer is not None:
                raise self._conflict(call, "training or changing")
            self._readers[thread] = self._readers.get(thread, 0) + 1

    def _forget_ended_calls(self) -> None:
        """Forget the calls of threads that are in no call of the package: Ctrl-C may end one before it lets go."""
        frames, own = sys._current_frames(), get_ident()
        if self._changer is not None and not _is_inside(frames.get(self._changer)):
            self._changer, self._changes = None, 0
        for thread in [thread for thread in self._readers if thread != own and not _is_inside(frames.get(thread))]:
            del self._readers[thread]

    def _end_reading(self) -> None:
        thread = get_ident()
        if self._changer == thread:
            return
        with self._lock:
            count = self._readers.pop(thread, 0)
            if count > 1:
                self._readers[thread] = count - 1

    def _begin_changing(self, call: str) -> None:
        thread = get_ident()
        if self._changer == thread:
            self._changes += 1
            return
        with self._lock:
            if self._changer is not None or len(self._readers) > (thread in self._readers):
                self._forget_ended_calls()
            if self._changer is not None:
                raise self._conflict(call, "training or changing")
            if len(self._readers) > (thread in self._readers):
                raise self._conflict(call, "using")
            self._changer, self._changes = thread, 1

    def _end_changing(self) -> None:
        self._changes -= 1
        if self._changes <= 0:
            self._changer = None

    def _conflict(self, call: str, what: str) -> RuntimeError:
        return RuntimeError(
            f"{call}: another thread is {what} this {self._name}; wait until it has finished, or give each thread a "
            "copy of its own beforehand (copy.deepcopy)"
        )

    def _forget_other_threads(self) -> None:
        """Keep the calls of this thread only, and take a new lock: a fork keeps no other thread."""
        thread = get_ident()
        self._lock = threading.Lock()
        self._readers = {thread: self._readers[thread]} if thread in self._readers else {}
        if self._changer != thread:
            self._changer, self._changes = None, 0


def _is_inside(frame: FrameType | None) -> bool:
    """Return whether a thread that executes a frame, if it is alive, is in a call of this package."""
    while frame is not None:
        if frame.f_globals.get("__name__", "").partition(".")[0] == _PACKAGE:
            return True
        frame = frame.f_back
    return False


class _Reading:
    __slots__ = ("_access", "_call")

    def __init__(self, access: Access, call: str) -> None:
        self._access, self._call = access, call

    def __enter__(self) -> None:
        self._access._begin_reading(self._call)

    def __exit__(self, *raised: object) -> None:
        self._access._end_reading()


class _Changing(_Reading):
    __slots__ = ()

    def __enter__(self) -> None:
        self._access._begin_changing(self._call)

    def __exit__(self, *raised: object) -> None:
        self._access._end_changing()


def access_of(thing: Any) -> Access:
    """Return the access to a network, its attribute, or to any other object, kept beside it."""
    own = getattr(thing, "access", None)
    if isinstance(own, Access):
        return own
    found = _of_others.get(thing)
    return found or _of_others.setdefault(thing, Access(type(thing).__name__))  # one for all threads: it is atomic


def reads(method: Method) -> Method:
    """Let a method hold its object for reading."""
    call = method.__name__

    @functools.wraps(method)
    def held(self: Any, *arguments: Any, **options: Any) -> Any:
        access = vars(self).get("access") or access_of(self)
        access._begin_reading(call)
        try:
            return method(self, *arguments, **options)
        finally:
            access._end_reading()

    return cast(Method, held)


def changes(method: Method) -> Method:
    """Let a method hold its object for a change."""
    call = method.__name__

    @functools.wraps(method)
    def held(self: Any, *arguments: Any, **options: Any) -> Any:
        access = vars(self).get("access") or access_of(self)
        access._begin_changing(call)
        try:
            return method(self, *arguments, **options)
        finally:
            access._end_changing()

    return cast(Method, held)


def _after_fork() -> None:
    for access in list(_all):
        access._forget_other_threads()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
