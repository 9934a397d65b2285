"""Keep compiled code on disk, under names that say all it depends on: no stale code, no index to race for."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import os
import pickle
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba.core import compiler, config, serialize
from numba.core.caching import _Cache
from numba.misc.appdirs import AppDirs

__all__ = ["FOLDER", "DeviceCache", "DiskCache"]

_PACKAGE = Path(__file__).parent
_VERSIONS = 8  # versions of the sources whose compiled code is kept


def _source_hash() -> str:
    """Hash all that compiled code is made from: Numba itself notices only edits of the outermost function's file."""
    digest = hashlib.sha256()
    composition = [_PACKAGE / name for name in ("_jit.py", "_disk_cache.py", "backprop.py", "network.py")]
    files = [*composition, *sorted((_PACKAGE / "kernels").rglob("*.py"))]
    for file in files:
        digest.update(file.relative_to(_PACKAGE).as_posix().encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _choose_folder() -> Path | None:
    """Choose where compiled code is kept; None turns the cache off (NUMBA_DROPOUT_CACHE=0, or no JIT).

    Never inside the package: an uninstallation would leave that folder behind, and Python would find it as an empty
    package before the next, editable, installation.
    """
    if config.DISABLE_JIT or os.environ.get("NUMBA_DROPOUT_CACHE", "1") == "0":
        return None
    base = Path(config.CACHE_DIR or AppDirs(appname="numba", appauthor=False).user_cache_dir)
    try:
        return base / "numba_dropout" / _source_hash()
    except OSError:  # the sources cannot be read (a zip archive): nothing to tell stale code by
        return None


class DiskCache(_Cache):
    """Keep each specialisation in a file of its own, named by all that it depends on.

    Numba's own cache keeps an index beside numbered files; two processes that compile at the same time can leave
    an index that names the other's code (Numba issues 4807 and 10128). Here a name stands for one content only,
    files appear whole by a rename, and there is no index to race for.
    """

    def __init__(self, function: Callable[..., Any], folder: Path) -> None:
        cells = function.__closure__ or ()
        self._identity: tuple[Any, ...] = (
            numba.__version__,
            sys.version_info[:2],
            function.__module__,
            function.__qualname__,
            tuple(_name(cell.cell_contents) for cell in cells),
        )
        self._stem = function.__name__
        self._folder = folder

    @property
    def cache_path(self) -> str:
        return str(self._folder)

    def _file(self, sig: Any, codegen: Any) -> Path:
        key = repr((self._identity, sig, codegen.magic_tuple()))
        return self._folder / f"{self._stem}-{hashlib.sha256(key.encode()).hexdigest()[:24]}.nbc"

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        target_context.refresh()
        numba.get_num_threads()  # the code calls the threading layer's functions: they must be there to link
        try:
            data = self._file(sig, target_context.codegen()).read_bytes()
            return compiler.CompileResult._rebuild(target_context, *pickle.loads(data))
        except (OSError, EOFError, pickle.UnpicklingError):
            return None  # not there, or not whole: it is compiled again

    def save_overload(self, sig: Any, data: Any) -> None:
        if data.lifted or data.library.has_dynamic_globals:
            raise RuntimeError(f"{self._stem} cannot be kept on disk: it refers to an address of this process")
        self._write(self._file(sig, data.codegen), serialize.dumps(data._reduce()))

    def _write(self, file: Path, content: bytes) -> None:
        with contextlib.suppress(OSError):  # a full or read-only disk costs time, not the result
            _make_folder(self._folder)
            handle, temporary = tempfile.mkstemp(dir=self._folder)
            try:
                with os.fdopen(handle, "wb") as output:
                    output.write(content)
                os.replace(temporary, file)
            except BaseException:
                os.unlink(temporary)
                raise

    def enable(self) -> None:
        """Do nothing: a cache that is off is never attached."""

    def disable(self) -> None:
        """Do nothing: a cache that is off is never attached."""

    def flush(self) -> None:
        for file in self._folder.glob(f"{self._stem}-*.nbc"):
            file.unlink(missing_ok=True)


class DeviceCache(DiskCache):
    """The same for kernels of numba-cuda, each for the compute capability of a device.

    What cannot be kept, or be read by another version, is compiled again: it costs time, not the result.
    """

    def __init__(self, function: Callable[..., Any], folder: Path) -> None:
        super().__init__(function, folder)
        self._identity = (*self._identity, importlib.metadata.version("numba-cuda"))

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        from numba.cuda.dispatcher import _Kernel

        target_context.refresh()
        with contextlib.suppress(Exception):
            return _Kernel._rebuild(**pickle.loads(self._file(sig, target_context.codegen()).read_bytes()))

    def save_overload(self, sig: Any, data: Any) -> None:
        from numba.cuda.serialize import dumps

        with contextlib.suppress(Exception):
            self._write(self._file(sig, data.codegen), dumps(data._reduce_states()))


def _make_folder(folder: Path) -> None:
    """Make the folder of these sources, and let go of those that have not been written to for longest."""
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        others = sorted(folder.parent.iterdir(), key=lambda other: other.stat().st_mtime, reverse=True)
        for other in others[_VERSIONS:]:
            shutil.rmtree(other, ignore_errors=True)


def _name(value: Any) -> str:
    """Name what a closure holds: a function or module by its path, the rest by its value."""
    value = getattr(value, "py_func", value)
    path = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    if path is None:
        return repr(value)
    line = value.__code__.co_firstlineno if hasattr(value, "__code__") else 0  # two branches may define one name
    inner = getattr(value, "__closure__", None) or ()
    return f"{getattr(value, '__module__', '')}:{path}:{line}:{[_name(cell.cell_contents) for cell in inner]}"


FOLDER = _choose_folder()  # made by the first use; None where nothing is kept
