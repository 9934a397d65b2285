"""Write files whole or not at all."""

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

PART = ".part"  # ends the name of a file that is not whole yet
LONGEST = f".ckpt-{2**63}.npz-xxxxxxxx{PART}"  # of what is put behind a name while a file is written


def check_writable(path: str | os.PathLike[str], *, keep: Iterable[str | os.PathLike[str]] = ()) -> Path:
    """Return a path to write to, after making sure that its folder is there and takes files; else InputError.

    `keep` are files that it must not be: what is read, and what else is written.
    """
    path = Path(path)
    if path.resolve() in {Path(other).resolve() for other in keep}:
        raise InputError(f"{path}: this file is needed for something else in this run; choose another name")
    folder = path.parent
    if not folder.is_dir():
        raise InputError(f"{path}: the folder {folder} does not exist; make it first, or choose another")
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
    """Return one line of JSON; what is not finite becomes null, for JSON has no NaN."""
    return json.dumps(_finite(record))


def json_text(record: Any) -> str:
    """Return JSON for people to read too; what is not finite becomes null, at any depth."""
    return json.dumps(_finite(record), indent=2)


def numbers(record: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return a record that JSON held, with NaN again for null under some names."""
    return {**record, **{name: math.nan for name in names if record[name] is None}}


def write_json(path: str | os.PathLike[str], record: Any) -> None:
    """Write a file of `json_text`."""
    with replacing(path) as file:
        file.write((json_text(record) + "\n").encode())


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def remove_parts(path: str | os.PathLike[str], *others: str) -> None:
    """Remove what writers that were killed left of a file, and of others beside it whose names match."""
    path = Path(path)
    names = "|".join([re.escape(path.name), *others])
    part = re.compile(rf"\.({names})-[a-z0-9_]+{re.escape(PART)}")
    for file in path.parent.iterdir():
        if part.fullmatch(file.name):
            file.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a new file that takes the place of `path` at the end, whole: a kill leaves the old one or the new one.

    InputError says where it cannot be written. Of a link, what it points to is replaced.
    """
    target = Path(os.path.realpath(check_writable(path)))
    handle, temporary = _new_part(target)
    try:
        with os.fdopen(handle, "wb") as file:
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
    """Bring a folder's names to the disk, where the system can: before other files are removed for a new one."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _new_part(target: Path) -> tuple[int, Path]:
    """Open a new file beside another; return its descriptor and its path.

    The system applies the umask to its mode, as to any new file's. `tempfile` makes private files, and a process can
    read its umask only by changing it for a moment, in all its threads.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    while True:
        part = target.with_name(f".{target.name}-{secrets.token_hex(4)}{PART}")
        try:
            return os.open(part, flags, 0o666), part
        except FileExistsError:
            continue
