"""The disk cache of compiled code: files with a digest of their inputs as names, in a folder of the user alone."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.metadata
import os
import pickle
import re
import shutil
import stat
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba.core import compiler, config, serialize
from numba.core.caching import _Cache
from numba.misc.appdirs import AppDirs

from . import identity

__all__ = ["FOLDER", "DeviceCache", "DiskCache", "describe"]

_VERSIONS = 8  # the number of source versions whose compiled code is kept
_PLAIN_FILE = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))  # no links, no blocking
_DIGEST = hashlib.sha256().digest_size  # bytes at the start of an entry


def _choose_folder() -> Path | None:
    """Return the folder of the cache, or None if the cache is off.

    It is off with NUMBA_DROPOUT_CACHE=0, without the JIT, and without readable sources. The folder is
    never inside the package: it would remain after an uninstallation, and Python would import it as an empty package
    instead of a later editable installation.
    """
    if config.DISABLE_JIT or os.environ.get("NUMBA_DROPOUT_CACHE", "1") == "0" or identity.SOURCES is None:
        return None
    base = Path(config.CACHE_DIR or AppDirs(appname="numba", appauthor=False).user_cache_dir)
    return base / "numba_dropout" / identity.SOURCES


FOLDER = _choose_folder()  # created at first use. None if the cache is off


# ---------------------------------------------------------------- trust


def _others_may_write(status: os.stat_result) -> bool:
    """Return whether another user can write to a file or folder. A private group has no other user."""
    if status.st_mode & stat.S_IWOTH:
        return True
    return bool(status.st_mode & stat.S_IWGRP) and not _is_private_group(status.st_gid)


def _is_private_group(number: int) -> bool:
    """Return whether a group is the user's private group, which many systems create with the user's name."""
    import grp
    import pwd

    try:
        user, group = pwd.getpwuid(os.geteuid()), grp.getgrgid(number)
    except KeyError:
        return False
    return user.pw_gid == number and group.gr_name == user.pw_name and set(group.gr_mem) <= {user.pw_name}


def _is_ours(status: os.stat_result) -> bool:
    """Return whether a file or folder belongs to the user or to root, who can change any code anyway."""
    return status.st_uid in (0, os.geteuid())


def _objection(folder: Path) -> str | None:
    """Return the reason not to use a folder, or None if only the user can write to it.

    OpenSSH has the same rule for keys: the folder and its parents, up to the user's home, belong to the user or root,
    and other users cannot write to them. Parents of `numba_dropout` may be open to all if they are sticky, as /tmp is.
    """
    try:
        return _distrust(folder)
    except (OSError, RuntimeError) as error:  # the path is too long, a loop of links, or in another user's home
        return f"{folder}: {getattr(error, 'strerror', None) or error}"


def _distrust(folder: Path) -> str | None:
    """Return the reason or None. Raise OSError, or RuntimeError for a loop of links, if the path cannot be resolved."""
    if not folder.is_absolute():
        base = folder.parent.parent
        if config.CACHE_DIR:
            return f"NUMBA_CACHE_DIR is not an absolute path: {base}"
        return f"there is no home folder, and {base} is not an absolute path"
    real = folder.resolve()
    present = next(folder for folder in (real, *real.parents) if folder.exists())
    if not present.is_dir():
        return f"{present} is not a folder"
    if present != real and not os.access(present, os.W_OK | os.X_OK):
        return f"you cannot write to {present}"
    if not hasattr(os, "geteuid"):  # Windows: only the user can write to a user's folders
        return None
    home = Path(os.path.expanduser("~")).resolve()
    for parent in (present, *present.parents):
        status = os.stat(parent)
        if not _is_ours(status):
            return f"{parent} belongs to another user"
        sticky = parent not in (real, real.parent) and status.st_mode & stat.S_ISVTX
        if _others_may_write(status) and not sticky:
            return f"other users can write to {parent}"
        if parent == home:
            break
    return None


@functools.cache
def _warn(reason: str) -> None:
    """Warn that compiled code is not cached, once for each reason."""
    warnings.warn(
        f"compiled code is not cached: {reason}; set NUMBA_CACHE_DIR to an absolute folder that only you can write to, "
        "or NUMBA_DROPOUT_CACHE=0",
        RuntimeWarning,
        stacklevel=2,
    )


@functools.cache
def _usable(folder: Path) -> bool:
    """Return whether a folder can be used. Warn once if not."""
    objection = _objection(folder)
    if objection is not None:
        _warn(objection)
    return objection is None


def _uncacheable_setting() -> str | None:
    """Return the Numba setting under which code refers to addresses of the process or to its sources, or None."""
    return "NUMBA_DEBUGINFO" if config.DEBUGINFO_DEFAULT else "NUMBA_OPT=0" if config.OPT == 0 else None


def describe() -> str:
    """Return the cache's folder, or the reason why there is none, as a line of text."""
    if FOLDER is None:
        return "not cached"
    reason = _objection(FOLDER) or _uncacheable_setting()
    return str(FOLDER) if reason is None else f"not cached: {reason}"


def _read(file: Path) -> bytes:
    """Return the content of an entry. Raise OSError if it is missing, ValueError if it is not the user's or damaged."""
    handle = os.open(file, os.O_RDONLY | _PLAIN_FILE)
    with open(handle, "rb") as opened:
        if hasattr(os, "geteuid"):
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode) or not _is_ours(status) or _others_may_write(status):
                raise ValueError(f"{file}: other users can write to this file")
        content = opened.read()
    if hashlib.sha256(content[_DIGEST:]).digest() != content[:_DIGEST]:
        raise ValueError(f"{file}: damaged")
    return content[_DIGEST:]


def _write(file: Path, content: bytes) -> None:
    """Write an entry atomically."""
    _make_folder(file.parent)
    handle, temporary = tempfile.mkstemp(dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as output:
            output.write(hashlib.sha256(content).digest())
            output.write(content)
        os.replace(temporary, file)
    except BaseException:
        os.unlink(temporary)
        raise


def _make_folder(folder: Path) -> None:
    """Create the folder of the current sources, and delete those of the oldest versions."""
    if not folder.is_dir():
        for missing in reversed([parent for parent in (folder, *folder.parents) if not parent.exists()]):
            missing.mkdir(mode=0o700, exist_ok=True)  # independent of the umask: other users must not write there
        versions = [other for other in folder.parent.iterdir() if re.fullmatch("[0-9a-f]{16}", other.name)]
        versions.sort(key=lambda other: other.stat().st_mtime, reverse=True)
        for other in versions[_VERSIONS:]:  # only these: NUMBA_CACHE_DIR may contain a package of this name
            shutil.rmtree(other, ignore_errors=True)


# ---------------------------------------------------------------- Numba's interface


class DiskCache(_Cache):
    """A cache with one file for each specialization, named by a digest of everything that its code depends on.

    Numba's cache has an index and numbered files. Two processes that compile at the same time can leave an index that
    refers to the other's code (Numba issues 4807 and 10128). Here a name has one content only, files are renamed into
    place, and there is no index.

    A missing or damaged file, or one that cannot be written, costs compilation time and does not change results.
    """

    def __init__(self, function: Callable[..., Any], folder: Path) -> None:
        self._function: Any = function
        self._stem = function.__name__
        self._folder = folder

    @property
    def cache_path(self) -> str:
        """Return the folder."""
        return str(self._folder)

    def _identity(self) -> str:
        return identity.identity(self._function)

    def _file(self, sig: Any, codegen: Any) -> Path:
        key = repr((self._identity(), sig, codegen.magic_tuple()))
        return self._folder / f"{self._stem}-{hashlib.sha256(key.encode()).hexdigest()[:24]}.nbc"

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the compiled code of a signature, or None if it is not cached."""
        target_context.refresh()
        numba.get_num_threads()  # loads the threading layer, whose functions the code is linked to
        if not _usable(self._folder):
            return None
        with contextlib.suppress(Exception):
            content = pickle.loads(_read(self._file(sig, target_context.codegen())))
            return compiler.CompileResult._rebuild(target_context, *content)

    def save_overload(self, sig: Any, data: Any) -> None:
        """Write the compiled code of a signature to its file, if it can be cached."""
        if data.library.has_dynamic_globals or _uncacheable_setting() or not _usable(self._folder):
            return
        *content, _ = data._reduce()  # the last are environments of linked functions, which no code uses
        try:
            _write(self._file(sig, data.codegen), serialize.dumps((*content, ())))
        except OSError as error:  # a full or read-only disk costs only time
            _warn(f"{self._folder}: {error.strerror or error}")

    def enable(self) -> None:
        """Do nothing: a disabled cache is never attached."""

    def disable(self) -> None:
        """Do nothing: a disabled cache is never attached."""

    def flush(self) -> None:
        """Delete all files of the function."""
        for file in self._folder.glob(f"{self._stem}-*.nbc"):
            file.unlink(missing_ok=True)


class DeviceCache(DiskCache):
    """The disk cache for kernels of numba-cuda, with one file for each compute capability.

    The driver loads each kernel as a separate module, so symbols of different kernels do not conflict.
    """

    def _identity(self) -> str:
        from numba.cuda.core import config as cuda_config

        about = importlib.metadata.version("numba-cuda"), identity.settings(cuda_config)
        return super()._identity() + hashlib.sha256(repr(about).encode()).hexdigest()[:24]

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the compiled code of a signature, or None if it is not cached."""
        from numba.cuda.dispatcher import _Kernel

        target_context.refresh()
        if not _usable(self._folder):
            return None
        with contextlib.suppress(Exception):
            return _Kernel._rebuild(**pickle.loads(_read(self._file(sig, target_context.codegen()))))

    def save_overload(self, sig: Any, data: Any) -> None:
        """Write the compiled code of a signature to its file, if it can be cached."""
        from numba.cuda.serialize import dumps

        if _usable(self._folder):
            with contextlib.suppress(Exception):
                _write(self._file(sig, data.codegen), dumps(data._reduce_states()))
