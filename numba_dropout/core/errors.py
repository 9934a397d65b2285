"""The exceptions of the package, in addition to Python's."""

import sys
import warnings
from types import FrameType

__all__ = ["DeviceError", "InputError", "missing", "warn"]


class InputError(ValueError):
    """Invalid input. The message gives the argument, the problem and, if possible, the remedy after a semicolon."""

    def __init__(self, problem: str = "", remedy: str = "") -> None:
        super().__init__(f"{problem}; {remedy}" if remedy else problem)
        self.problem, self.remedy = problem, remedy


class DeviceError(InputError):
    """A device that does not support a valid network, because of its dtype or its size."""


def warn(message: str) -> None:
    """Warn of a doubt about the user's data, at the line outside this package that led to it."""
    level, frame = 1, sys._getframe()
    caller: FrameType | None = frame
    while caller is not None and caller.f_globals.get("__name__", "").startswith("numba_dropout."):
        level, caller = level + 1, caller.f_back
    warnings.warn(message, UserWarning, stacklevel=level)


def missing(what: str, package: str, extra: str) -> str:
    """Return a message for a missing library: what requires it, the package, and this package's extra."""
    return f"{what}: pip install {package} (or the extra [{extra}])"
