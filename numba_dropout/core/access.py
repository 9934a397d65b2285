"""Access of several Python threads to one object: several readers at once, or one writer."""

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

from .garbage import suspended_collection

__all__ = ["Access", "access_of", "changes", "reads"]

Method = TypeVar("Method", bound=Callable[..., Any])

_PACKAGE = __name__.partition(".")[0]
_all: weakref.WeakSet[Access] = weakref.WeakSet()
# For objects without an attribute `access`, which would be pickled with them.
_by_object: weakref.WeakKeyDictionary[Any, Access] = weakref.WeakKeyDictionary()


class Access:
    """The threads that currently read or change one object.

    No call waits: one that conflicts with another thread's raises RuntimeError. A thread never conflicts with itself.
    Callbacks can predict with the network that is being trained.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()  # guards the attributes below, never held during a call
        self._readers: dict[int, int] = {}  # the number of open calls of each thread
        self._changer: int | None = None
        self._changes = 0  # the number of its open calls, which may be nested
        _all.add(self)

    def reading(self, call: str) -> _Reading:
        """Return a context for a call that reads. Raise RuntimeError on entry if another thread changes the object."""
        return _Reading(self, call)

    def changing(self, call: str) -> _Changing:
        """Return a context for a call that changes. Raise RuntimeError on entry if another thread uses the object."""
        return _Changing(self, call)

    def _begin_reading(self, call: str) -> None:
        """Register a call that reads, or raise RuntimeError if another thread changes the object."""
        thread = get_ident()
        if self._changer == thread:  # no other thread can use the object
            return
        with self._lock:
            if self._changer is not None:
                self._forget_ended_calls()
            if self._changer is not None:
                raise self._conflict(call, "training or changing")
            self._readers[thread] = self._readers.get(thread, 0) + 1

    def _forget_ended_calls(self) -> None:
        """Forget the calls of threads that run no code of the package: Ctrl-C may end a call before its exit."""
        frames, current = _current_frames(), get_ident()
        if self._changer is not None and not _is_inside(frames.get(self._changer)):
            self._changer, self._changes = None, 0
        for thread in [thread for thread in self._readers if thread != current and not _is_inside(frames.get(thread))]:
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
        """Register a call that changes, or raise RuntimeError if another thread uses the object."""
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

    def _conflict(self, call: str, activity: str) -> RuntimeError:
        """Return the error of a call while another thread uses the object."""
        return RuntimeError(
            f"{call}: another thread is {activity} this {self._name}; wait until it has finished, or give each thread "
            "its own copy beforehand (copy.deepcopy)"
        )

    def _forget_other_threads(self) -> None:
        """Keep only the calls of this thread, and create a new lock: a forked process has no other thread."""
        thread = get_ident()
        self._lock = threading.Lock()
        self._readers = {thread: self._readers[thread]} if thread in self._readers else {}
        if self._changer != thread:
            self._changer, self._changes = None, 0


def _current_frames() -> dict[int, FrameType]:
    """Return the current frame of each thread.

    Garbage is not collected meanwhile: before 3.11.9, Python holds the lock that threads need to start and to end while
    finalizers run, and can deadlock (python/cpython issue 106883).
    """
    with suspended_collection():
        return sys._current_frames()


def _is_inside(frame: FrameType | None) -> bool:
    """Return whether a thread with this current frame is in a call of this package. None is an ended thread."""
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


def access_of(x: Any) -> Access:
    """Return the access of an object: the attribute of a network, or an entry of a table for any other object."""
    attribute = getattr(x, "access", None)
    if isinstance(attribute, Access):
        return attribute
    access = _by_object.get(x)
    return access or _by_object.setdefault(x, Access(type(x).__name__))  # atomic: all threads get the same one


def reads(method: Method) -> Method:
    """Decorate a method that reads its object."""
    call = method.__name__

    @functools.wraps(method)
    def guarded(self: Any, *arguments: Any, **options: Any) -> Any:
        access = vars(self).get("access") or access_of(self)
        access._begin_reading(call)
        try:
            return method(self, *arguments, **options)
        finally:
            access._end_reading()

    return cast(Method, guarded)


def changes(method: Method) -> Method:
    """Decorate a method that changes its object."""
    call = method.__name__

    @functools.wraps(method)
    def guarded(self: Any, *arguments: Any, **options: Any) -> Any:
        access = vars(self).get("access") or access_of(self)
        access._begin_changing(call)
        try:
            return method(self, *arguments, **options)
        finally:
            access._end_changing()

    return cast(Method, guarded)


def _after_fork() -> None:
    for access in list(_all):
        access._forget_other_threads()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
