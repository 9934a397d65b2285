"""Journals: files of records from which interrupted work resumes, one line of JSON each, after a line of settings."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..core.errors import InputError
from .files import json_line

__all__ = ["Journal"]


class Journal:
    """The records of work that can be interrupted at any time.

    Parameters
    ----------
    path : path
        An existing file is read, and its incomplete last line is removed.
    head : mapping
        Settings that identify the work, as JSON returns them. ValueError names a setting that differs in the file.

    Attributes
    ----------
    records : list of dict
        Records of the existing file, with None for non-finite numbers.
    """

    def __init__(self, path: str | os.PathLike[str], head: Mapping[str, Any]) -> None:
        self.path = Path(path)
        self.records: list[dict[str, Any]] = []
        content = self.path.read_bytes() if self.path.exists() else b""
        complete = content[: content.rfind(b"\n") + 1]
        lines = self._lines(complete)
        if lines and lines[0] != head:
            name = next((name for name in head if lines[0].get(name) != head[name]), "entries")
            raise InputError(f"{path}: this journal belongs to other work with different {name}; choose another file")
        if not lines and not _line(head).startswith(content):
            raise self._not_a_journal()
        self.records = lines[1:]
        if complete != content:
            with open(self.path, "r+b") as file:
                file.truncate(len(complete))
        if not lines:
            self.write(head)

    @classmethod
    def head(cls, path: str | os.PathLike[str]) -> dict[str, Any]:
        """Return the settings in a file, or an empty dictionary if there is no such file or it has none."""
        try:
            with open(path, "rb") as file:
                settings = json.loads(file.readline())
        except (OSError, ValueError):
            return {}
        return settings if isinstance(settings, dict) else {}

    def write(self, record: Mapping[str, Any]) -> None:
        """Append a record and flush it to the disk."""
        with open(self.path, "ab") as file:
            file.write(_line(record))
            file.flush()
            os.fsync(file.fileno())

    def _lines(self, content: bytes) -> list[dict[str, Any]]:
        """Return the records of the lines of a file."""
        try:
            lines = [json.loads(line) for line in content.splitlines()]
        except ValueError:
            raise self._not_a_journal() from None
        if not all(isinstance(line, dict) for line in lines):
            raise self._not_a_journal()
        return lines

    def _not_a_journal(self) -> InputError:
        return InputError(f"{self.path}: expected a journal, got a file of another kind; choose another file")


def _line(record: Mapping[str, Any]) -> bytes:
    return (json_line(record) + "\n").encode()
