"""Atomic writes of files, and JSON without NaN."""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import secrets
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from ..core.errors import InputError

__all__ = ["check_writable", "json_line", "json_text", "numbers", "remove_parts", "replacing", "write_json"]

PART = ".part"  # suffix of an incomplete file
LONGEST = f".ckpt-{2**63}.npz-xxxxxxxx{PART}"  # the longest suffix of a temporary name


def check_writable(path: str | os.PathLike[str], *, keep: Iterable[str | os.PathLike[str]] = ()) -> Path:
    """Return a path after checking that its folder exists and is writable. Otherwise raise InputError.

    The path must differ from the files `keep`, which are read or written by the same run.
    """
    path = Path(path)
    if path.resolve() in {Path(other).resolve() for other in keep}:
        raise InputError(f"{path}: this file is already used in this run; choose another name")
    folder = path.parent
    if not folder.is_dir():
        raise InputError(f"{path}: the folder {folder} does not exist; create it or choose another")
    if path.exists() and not path.is_file():
        raise InputError(f"{path}: expected a file name, got a {'folder' if path.is_dir() else 'device'}")
    try:
        tempfile.TemporaryFile(dir=folder).close()
        with contextlib.suppress(FileNotFoundError):
            os.stat(folder / f".{path.name}{LONGEST}")
    except OSError as error:
        raise InputError(f"{path}: cannot write into {folder} ({error.strerror})") from None
    return path


def json_line(record: Mapping[str, Any]) -> str:
    """Return one line of JSON. Non-finite numbers become null, because JSON has no NaN."""
    return json.dumps(_finite(record))


def json_text(record: Any) -> str:
    """Return indented JSON. Non-finite numbers become null at any depth."""
    return json.dumps(_finite(record), indent=2)


def numbers(record: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return a record from JSON with NaN instead of null under the given names."""
    return {**record, **{name: math.nan for name in names if record[name] is None}}


def write_json(path: str | os.PathLike[str], record: Any) -> None:
    """Write a record to a file as `json_text`."""
    with replacing(path) as file:
        file.write((json_text(record) + "\n").encode())


def _finite(value: Any) -> Any:
    """Return a record with None in place of non-finite numbers."""
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def remove_parts(path: str | os.PathLike[str], *others: str) -> None:
    """Remove temporary files that killed processes left for a file and for those whose names match `others`."""
    path = Path(path)
    names = "|".join([re.escape(path.name), *others])
    temporary = re.compile(rf"\.({names})-[a-z0-9_]+{re.escape(PART)}")
    for file in path.parent.iterdir():
        if temporary.fullmatch(file.name):
            file.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a temporary file that replaces `path` at the end. A killed process leaves the old file or the new one.

    Raise InputError if the file cannot be written. For a symbolic link, its target is replaced.
    """
    target = Path(os.path.realpath(check_writable(path)))
    descriptor, temporary = _open_temporary(target)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
        _sync(target.parent)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        if isinstance(error, OSError):
            raise InputError(f"{path}: cannot be written ({error.strerror or error})") from error
        raise


def _sync(folder: Path) -> None:
    """Flush a folder's entries to the disk, if the system can, before older files are removed."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _open_temporary(target: Path) -> tuple[int, Path]:
    """Open a new file beside another. Return its descriptor and its path.

    The system applies the umask to the mode of the file. `tempfile` makes private files, and a process can read its
    umask only by changing it for all its threads.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    while True:
        path = target.with_name(f".{target.name}-{secrets.token_hex(4)}{PART}")
        try:
            return os.open(path, flags, 0o666), path
        except FileExistsError:
            continue
