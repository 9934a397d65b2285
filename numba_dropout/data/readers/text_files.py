"""Text files: compression by content, encodings, and lines."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import os
import stat
import sys
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, BinaryIO

from ...core.errors import InputError
from ...core.options import option

__all__ = ["STDIN", "open_binary", "read_lines"]

STDIN = "-"
BYTES = 1 << 18  # of a buffer
SAMPLE = 200  # bytes that tell UTF-16 without a mark
CONTROLS = range(0x80, 0xA0)  # control characters of latin-1, signs such as the euro of cp1252
PADDING = "\0\x1a"  # after the text: zeros, and the end of a file in CP/M and MS-DOS
GZIP, BZIP2, XZ, ZIP = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"PK\x03\x04"
MARKS = [  # UTF-32's begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
]
DAMAGED = (OSError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError)


@contextmanager
def open_binary(source: str) -> Iterator[BinaryIO]:
    """Open a file, a FIFO or the standard input (`-`). Its first bytes can be seen by `peek`."""
    if source == STDIN:
        stdin = getattr(sys.stdin, "buffer", None)
        content = io.BytesIO(sys.stdin.read().encode()) if stdin is None else Unclosed(stdin)
        yield io.BufferedReader(content, BYTES)
        return
    try:
        with open(source, "rb", BYTES) as file:
            yield file
    except FileNotFoundError:
        raise InputError(f"{source}: no such file or folder; check the path") from None
    except IsADirectoryError:
        raise InputError(f"{source}: expected a file, got a folder") from None
    except PermissionError:
        raise InputError(f"{source}: the file cannot be read; check its permissions") from None


class Unclosed(io.RawIOBase):
    """A stream that stays open when its reader is closed."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read bytes into a buffer and return their number."""
        content = self._stream.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)


def read_lines(source: str, encoding: str | None = None, skip: int = 0) -> list[str]:
    """Return the lines of a text file without their ends (LF, CR or CRLF), after the first `skip`.

    The file may be compressed by gzip, bzip2, xz, or zip (one file), whatever its name. Its encoding is `encoding`, or
    else UTF-8, UTF-16 or UTF-32 by the mark at its start. Raises InputError if the file is damaged or not text.
    """
    if encoding is not None:
        _check_encoding(encoding)
    start = b""
    try:
        with open_binary(source) as file, _uncompressed(source, file) as content:
            start = bytes(content.peek(8)[:SAMPLE])
            kind = encoding or _encoding(start)
            if codecs.lookup(kind).name == "utf-8":
                kind = "utf-8-sig"
            with io.TextIOWrapper(content, kind, newline=None) as text:
                lines = [line.rstrip("\n") for line in islice(text, skip, None)]
    except UnicodeError as error:
        raise InputError(_undecoded(source, encoding, start, getattr(error, "object", b""))) from None
    except DAMAGED:
        raise InputError(f"{source}: a truncated or damaged compressed file; replace it with a complete copy") from None
    except MemoryError:
        raise InputError(f"{source}: the file is larger than the memory") from None
    if lines and not lines[-1].strip(PADDING):
        lines.pop()
    for number, line in enumerate(lines, skip + 1):
        if "\0" in line:
            raise InputError(
                f"{source}: expected text, got a NUL byte in row {number}; a UTF-16 file without a mark at its start "
                f"needs {option('encoding', _utf_16(start) or 'utf-16-le')}"
            )
    return lines


def _check_encoding(encoding: str) -> None:
    try:
        io.TextIOWrapper(io.BytesIO(), encoding)
    except LookupError:
        raise InputError(f"encoding: there is no encoding {encoding!r} of text; try latin-1 or cp1252") from None


def _undecoded(source: str, encoding: str | None, start: bytes, chunk: bytes) -> str:
    """Return the message for a file whose bytes, which begin with `start`, are not text in the encoding.

    `chunk` are the bytes that could not be decoded, and those around them.
    """
    wide = _utf_16(start)
    if wide is not None and encoding != wide:
        return (
            f"{source}: expected delimited text in UTF-8, got UTF-16 without a mark at its start; try "
            f"{option('encoding', wide)}"
        )
    if encoding is not None:
        return (
            f"{source}: the file is not text in the encoding {encoding}; try {option('encoding', 'latin-1')} or utf-8"
        )
    if 0 in chunk:
        return f"{source}: expected delimited text, got a binary file; write the table as .csv or .parquet"
    western = "cp1252" if any(byte in chunk for byte in CONTROLS) else "latin-1"
    return (
        f"{source}: expected delimited text in UTF-8, got another format or encoding; for text of Western Europe "
        f"try {option('encoding', western)}"
    )


def _utf_16(start: bytes) -> str | None:
    """Return the encoding of bytes that look like UTF-16 of mostly Latin letters without a mark, or None."""
    half = len(start) // 2
    zeros = [start[offset::2].count(0) for offset in (0, 1)]
    if 2 * max(zeros) <= half or min(zeros) * 10 > max(zeros):
        return None
    return "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"


def _encoding(start: bytes) -> str:
    """Return the encoding that the mark at the start of a file says."""
    return next((name for mark, name in MARKS if start.startswith(mark)), "utf-8-sig")


def _peek(file: Any) -> bytes:
    """Return the first bytes of a buffered file, which are read again."""
    return bytes(file.peek(8)[:8])


@contextmanager
def _uncompressed(source: str, file: BinaryIO) -> Iterator[Any]:
    """Return a buffered reader of the content of a file, which is or is not compressed."""
    start = _peek(file)
    if start.startswith(ZIP):
        with _only_member(source, file) as member:
            yield io.BufferedReader(member, BYTES)
        return
    for mark, opened in ((GZIP, gzip.open), (BZIP2, bz2.open), (XZ, lzma.open)):
        if start.startswith(mark):
            with opened(file, "rb") as content:
                yield io.BufferedReader(content, BYTES)
            return
    yield file


@contextmanager
def _only_member(source: str, file: BinaryIO) -> Iterator[Any]:
    """Open the only file in a zip archive."""
    seekable = file if source != STDIN and stat.S_ISREG(os.stat(source).st_mode) else io.BytesIO(file.read())
    with zipfile.ZipFile(seekable) as archive:
        members = [each for each in archive.infolist() if not each.is_dir() and "__MACOSX" not in each.filename]
        if len(members) != 1:
            raise InputError(f"{source}: expected one file in the archive, got {len(members)}; unpack it")
        if members[0].flag_bits & 1:
            raise InputError(f"{source}: the archive needs a password; unpack it")
        with archive.open(members[0]) as member:
            yield member
