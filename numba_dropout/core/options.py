"""Options in messages, written as the command line or as a call in Python takes them."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextvars import ContextVar
from typing import Any

__all__ = ["command_line", "is_command_line", "option", "options"]

_COMMAND_LINE: ContextVar[bool] = ContextVar("command_line", default=False)
FLAGS = {"dates": "date", "ids": "id", "samples": "mc"}  # keyword arguments with another name on the command line


@contextlib.contextmanager
def command_line(is_command_line: bool = True) -> Iterator[None]:
    """Write the options in messages as those of a command within a `with` block."""
    token = _COMMAND_LINE.set(is_command_line)
    try:
        yield
    finally:
        _COMMAND_LINE.reset(token)


def is_command_line() -> bool:
    """Return whether the reader of messages runs a command."""
    return _COMMAND_LINE.get()


def option(name: str, value: Any = None, *, metavar: str = "") -> str:
    """Return an option for a message: `--drop 'a b'` on the command line, `drop=['a b']` in Python.

    Parameters
    ----------
    name : str
        The keyword argument.
    value : object, optional
        Its value. None stands for any: `--drop`, `drop=...`.
    metavar : str
        A word for any value: `--target NAME`, `target=NAME`.
    """
    if not is_command_line():
        plain = list(value) if isinstance(value, tuple) else value
        return f"{name}={(metavar or '...') if value is None else repr(plain)}"
    flag = FLAGS.get(name, name).replace("_", "-")
    if value is None:
        return f"--{flag} {metavar}".rstrip()
    if isinstance(value, bool):
        return f"--{flag}" if value else f"--no-{flag}"
    if isinstance(value, Mapping):
        value = [f"{key}={each}" for key, each in value.items()]
    values = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    return " ".join(_flag(flag, str(each)) for each in values)


def options(values: Mapping[str, Any]) -> str:
    """Return several options for a message, by name."""
    return (" " if is_command_line() else ", ").join(option(name, value) for name, value in values.items())


def _flag(flag: str, value: str) -> str:
    """Return a flag and its value. One that may look like a flag follows an equals sign."""
    quoted = f'"{value}"' if "'" in value and not set(value) & set('"$`!\\') else shlex.quote(value)
    return f"--{flag}{'=' if flag == 'missing' or value.startswith('-') else ' '}{quoted}"
