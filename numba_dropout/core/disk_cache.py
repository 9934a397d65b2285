"""Compiled code on disk: under names of all that it depends on, loaded only from where nobody else can write."""

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

_VERSIONS = 8  # versions of the sources whose compiled code is kept
_PLAIN_FILE = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))  # no link, and no wait
_DIGEST = hashlib.sha256().digest_size  # bytes in front of an entry


def _choose_folder() -> Path | None:
    """Choose where compiled code is kept; None turns the cache off (NUMBA_DROPOUT_CACHE=0, or no JIT).

    Never inside the package: an uninstallation would leave that folder behind, and Python would find it as an empty
    package before the next, editable, installation.
    """
    if config.DISABLE_JIT or os.environ.get("NUMBA_DROPOUT_CACHE", "1") == "0" or identity.SOURCES is None:
        return None
    base = Path(config.CACHE_DIR or AppDirs(appname="numba", appauthor=False).user_cache_dir)
    return base / "numba_dropout" / identity.SOURCES


FOLDER = _choose_folder()  # made by the first use; None where nothing is kept


# ---------------------------------------------------------------- what may be loaded


def _others_may_write(status: os.stat_result) -> bool:
    """Return whether another user may write to a file or folder; the only member of a group is no other."""
    if status.st_mode & stat.S_IWOTH:
        return True
    return bool(status.st_mode & stat.S_IWGRP) and not _is_private_group(status.st_gid)


def _is_private_group(number: int) -> bool:
    """Return whether a group is the user's own, of the same name, as many systems make one for each user."""
    import grp
    import pwd

    try:
        user, group = pwd.getpwuid(os.geteuid()), grp.getgrgid(number)
    except KeyError:
        return False
    return user.pw_gid == number and group.gr_name == user.pw_name and set(group.gr_mem) <= {user.pw_name}


def _is_ours(status: os.stat_result) -> bool:
    """Return whether a file or folder belongs to the user, or to root, who needs no plant."""
    return status.st_uid in (0, os.geteuid())


def _objection(folder: Path) -> str | None:
    """Return why code is not kept in a folder, or None where only the user can put something there.

    As OpenSSH asks of keys: the folder and those that it lies in, up to the user's home, belong to the user or to root,
    and others cannot write to them. Those above `numba_dropout` may be open to all if only owners rename there, as in
    /tmp.
    """
    try:
        return _distrust(folder)
    except (
        OSError,
        RuntimeError,
    ) as error:  # a path that cannot be looked at: too long, in a circle, in another's home
        return f"{folder}: {getattr(error, 'strerror', None) or error}"


def _distrust(folder: Path) -> str | None:
    """Do what `_objection` does; OSError, or RuntimeError for links in a circle, where the path cannot be followed."""
    if not folder.is_absolute():
        base = folder.parent.parent
        if config.CACHE_DIR:
            return f"NUMBA_CACHE_DIR is no absolute path: {base}"
        return f"there is no home folder, and {base} is no absolute path"
    real = folder.resolve()
    present = next(place for place in (real, *real.parents) if place.exists())
    if not present.is_dir():
        return f"{present} is no folder"
    if present != real and not os.access(present, os.W_OK | os.X_OK):
        return f"you cannot write to {present}"
    if not hasattr(os, "geteuid"):  # Windows, whose users' folders are their own
        return None
    home = Path(os.path.expanduser("~")).resolve()
    for place in (present, *present.parents):
        status = os.stat(place)
        if not _is_ours(status):
            return f"{place} belongs to another user"
        sticky = place not in (real, real.parent) and status.st_mode & stat.S_ISVTX
        if _others_may_write(status) and not sticky:
            return f"others can write to {place}"
        if place == home:
            break
    return None


@functools.cache
def _say(reason: str) -> None:
    """Warn once for each reason that compiled code is not kept."""
    warnings.warn(
        f"compiled code is not kept: {reason}; set NUMBA_CACHE_DIR to an absolute folder that only you can write to, "
        "or NUMBA_DROPOUT_CACHE=0",
        RuntimeWarning,
        stacklevel=2,
    )


@functools.cache
def _usable(folder: Path) -> bool:
    """Return whether code may be kept in a folder, and say once why not."""
    objection = _objection(folder)
    if objection is not None:
        _say(objection)
    return objection is None


def _unkept_settings() -> str | None:
    """Return the setting of Numba under which code refers to addresses of the process, or to its sources."""
    return "NUMBA_DEBUGINFO" if config.DEBUGINFO_DEFAULT else "NUMBA_OPT=0" if config.OPT == 0 else None


def describe() -> str:
    """Return where compiled code is kept, or why it is not, for people."""
    if FOLDER is None:
        return "not kept"
    reason = _objection(FOLDER) or _unkept_settings()
    return str(FOLDER) if reason is None else f"not kept: {reason}"


def _read(file: Path) -> bytes:
    """Return the content of an entry; OSError where it is not there, ValueError where it is another's or damaged."""
    handle = os.open(file, os.O_RDONLY | _PLAIN_FILE)
    with open(handle, "rb") as opened:
        if hasattr(os, "geteuid"):
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode) or not _is_ours(status) or _others_may_write(status):
                raise ValueError(f"{file}: others can write to this file")
        content = opened.read()
    if hashlib.sha256(content[_DIGEST:]).digest() != content[:_DIGEST]:
        raise ValueError(f"{file}: damaged")
    return content[_DIGEST:]


def _write(file: Path, content: bytes) -> None:
    """Write an entry, whole or not at all."""
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
    """Make the folder of these sources, and let go of those that have not been written to for longest."""
    if not folder.is_dir():
        for missing in reversed([place for place in (folder, *folder.parents) if not place.exists()]):
            missing.mkdir(mode=0o700, exist_ok=True)  # whatever the umask: others must not write to one of them
        versions = [other for other in folder.parent.iterdir() if re.fullmatch("[0-9a-f]{16}", other.name)]
        versions.sort(key=lambda other: other.stat().st_mtime, reverse=True)
        for other in versions[_VERSIONS:]:  # nothing else: NUMBA_CACHE_DIR may be where a package of this name lies
            shutil.rmtree(other, ignore_errors=True)


# ---------------------------------------------------------------- what Numba asks for


class DiskCache(_Cache):
    """Keep each specialisation in a file of its own, named by all that it depends on.

    Numba's own cache keeps an index beside numbered files; two processes that compile at the same time can leave
    an index that names the other's code (Numba issues 4807 and 10128). Here a name stands for one content only,
    files appear whole by a rename, and there is no index to race for.

    What is not there, damaged, or cannot be kept is compiled: it costs time, not the result.
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
        """Return the compiled code of a signature, or None where it has to be compiled."""
        target_context.refresh()
        numba.get_num_threads()  # the code calls the threading layer's functions: they must be there to link
        if not _usable(self._folder):
            return None
        with contextlib.suppress(Exception):
            content = pickle.loads(_read(self._file(sig, target_context.codegen())))
            return compiler.CompileResult._rebuild(target_context, *content)

    def save_overload(self, sig: Any, data: Any) -> None:
        """Write the compiled code of a signature to its file, if it can be kept."""
        if data.library.has_dynamic_globals or _unkept_settings() or not _usable(self._folder):
            return
        *content, _ = data._reduce()  # the last are environments of linked functions, which no code here refers to
        try:
            _write(self._file(sig, data.codegen), serialize.dumps((*content, ())))
        except OSError as error:  # a full or read-only disk: it costs time, not the result
            _say(f"{self._folder}: {error.strerror or error}")

    def enable(self) -> None:
        """Do nothing: a cache that is off is never attached."""

    def disable(self) -> None:
        """Do nothing: a cache that is off is never attached."""

    def flush(self) -> None:
        """Delete all files of the function."""
        for file in self._folder.glob(f"{self._stem}-*.nbc"):
            file.unlink(missing_ok=True)


class DeviceCache(DiskCache):
    """The same for kernels of numba-cuda, each for the compute capability of a device.

    Each kernel is a module of its own for the driver: no symbol of one is seen by another.
    """

    def _identity(self) -> str:
        from numba.cuda.core import config as cuda_config

        about = importlib.metadata.version("numba-cuda"), identity.settings(cuda_config)
        return super()._identity() + hashlib.sha256(repr(about).encode()).hexdigest()[:24]

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the compiled code of a signature, or None where it has to be compiled."""
        from numba.cuda.dispatcher import _Kernel

        target_context.refresh()
        if not _usable(self._folder):
            return None
        with contextlib.suppress(Exception):
            return _Kernel._rebuild(**pickle.loads(_read(self._file(sig, target_context.codegen()))))

    def save_overload(self, sig: Any, data: Any) -> None:
        """Write the compiled code of a signature to its file, if it can be kept."""
        from numba.cuda.serialize import dumps

        if _usable(self._folder):
            with contextlib.suppress(Exception):
                _write(self._file(sig, data.codegen), dumps(data._reduce_states()))
