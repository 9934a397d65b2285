"""The identity of compiled functions: a digest of everything that their code depends on, for symbol and file names."""

from __future__ import annotations

import hashlib
import os
import sys
import types
import weakref
from typing import Any

import numba
import numpy as np
from numba.core import config

__all__ = ["identity", "settings", "source_hash"]

_PACKAGE = os.path.dirname(os.path.dirname(__file__))

# Numba's settings that do not change compiled code. All others, also those of later versions, are part of the digest.
_WITHOUT_EFFECT = {
    "CACHE_DIR",
    "CACHE_LOCATOR_CLASSES",
    "CHROME_TRACE",
    "COLOR_SCHEME",
    "CUDA_DRIVER",
    "CUDA_INCLUDE_PATH",
    "DEVELOPER_MODE",
    "DISABLE_PERFORMANCE_WARNINGS",
    "FULL_TRACEBACKS",
    "GDB_BINARY",
    "HIGHLIGHT_DUMPS",
    "NUMBA_DEFAULT_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "SHOW_HELP",
    "THREADING_LAYER",
    "THREADING_LAYER_PRIORITY",
}
_PLAIN = (bool, int, float, str, bytes, type(None), np.generic, np.dtype)

_digests: weakref.WeakKeyDictionary[types.FunctionType, str] = weakref.WeakKeyDictionary()


def source_hash() -> str | None:
    """Return a hash of all sources of the package: any of them may define compiled code or its constants.

    Return None without readable sources, as in a zip archive: stale code could not be detected.
    """
    digest = hashlib.sha256()
    folders = sorted(os.walk(_PACKAGE))  # as strings: pathlib takes twice the time, at every import
    files = [os.path.join(folder, name) for folder, _, names in folders for name in sorted(names) if name[-3:] == ".py"]
    try:
        for path in files:
            with open(path, "rb") as file:
                content = file.read()
            digest.update(f"{path[len(_PACKAGE) :]} {len(content)}\n".encode())
            digest.update(content)
    except OSError:
        return None
    return digest.hexdigest()[:16] if files else None


def settings(module: types.ModuleType = config) -> tuple[tuple[str, str], ...]:
    """Return the current settings of Numba, or of another module, that compiled code may depend on."""
    return tuple(
        (name, repr(value))
        for name, value in sorted(vars(module).items())
        if name.isupper() and not name.startswith("_") and name not in _WITHOUT_EFFECT
    )


def identity(function: types.FunctionType) -> str:
    """Return a digest of versions, sources, settings, and the function with its closure."""
    about = (numba.__version__, sys.version_info[:2], SOURCES, settings(), _digest_of(function))
    return hashlib.sha256(repr(about).encode()).hexdigest()[:24]


def _digest_of(function: types.FunctionType) -> str:
    """Return a digest of a function: its location, its code, its closure and its defaults."""
    digest = _digests.get(function)
    if digest is None:
        code = function.__code__
        location = function.__module__, function.__qualname__, code.co_firstlineno  # two branches may define one name
        content = code.co_code.hex(), code.co_names, _described(code.co_consts)
        closure = tuple(_described(cell.cell_contents) for cell in function.__closure__ or ())
        about = repr((location, content, closure, _described(function.__defaults__)))
        digest = _digests[function] = hashlib.sha256(about.encode()).hexdigest()
    return digest


def _described(value: Any) -> Any:
    """Return a description of a closure's value for the digest, the same in every process.

    Raise TypeError if there is none. A compiled function and an intrinsic are described by their Python function.
    """
    value = getattr(value, "py_func", getattr(value, "_defn", value))
    if isinstance(value, types.FunctionType):
        return _digest_of(value)
    if isinstance(value, types.ModuleType | types.BuiltinFunctionType | type):
        return type(value).__name__, getattr(value, "__module__", ""), getattr(value, "__qualname__", value.__name__)
    if isinstance(value, types.CodeType):  # a nested function
        return value.co_code.hex(), value.co_names, _described(value.co_consts)
    if isinstance(value, tuple):
        return type(value).__name__, tuple(_described(item) for item in value)
    if isinstance(value, frozenset):
        return sorted(map(repr, map(_described, value)))
    if isinstance(value, _PLAIN) or value is Ellipsis:
        return type(value).__name__, repr(value)
    raise TypeError(f"closure of a compiled function: expected constants and functions, got {type(value).__name__}")


SOURCES = source_hash()
