"""A file of records that work goes on from: a line of JSON for what the work is, then one for each thing done."""

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
    """The records of work that may be interrupted at any moment.

    Parameters
    ----------
    path : path
        Read where it is there; a line that was not finished is taken off.
    head : mapping
        What tells this work from others, as JSON gives it back; ValueError says what is another in the file.

    Attributes
    ----------
    records : list of dict
        Those that the file had, with None for numbers that are not finite.
    """

    def __init__(self, path: str | os.PathLike[str], head: Mapping[str, Any]) -> None:
        self.path = Path(path)
        self.records: list[dict[str, Any]] = []
        content = self.path.read_bytes() if self.path.exists() else b""
        whole = content[: content.rfind(b"\n") + 1]
        lines = self._lines(whole)
        if lines and lines[0] != head:
            name = next((name for name in head if lines[0].get(name) != head[name]), "entries")
            raise InputError(f"{path}: the journal of other work, with other {name}; choose another file")
        if not lines and not _line(head).startswith(content):
            raise self._foreign()
        self.records = lines[1:]
        if whole != content:
            with open(self.path, "r+b") as file:
                file.truncate(len(whole))
        if not lines:
            self.write(head)

    def write(self, record: Mapping[str, Any]) -> None:
        """Add a record; it is on the disk when this returns."""
        with open(self.path, "ab") as file:
            file.write(_line(record))
            file.flush()
            os.fsync(file.fileno())

    def _lines(self, whole: bytes) -> list[dict[str, Any]]:
        try:
            lines = [json.loads(line) for line in whole.splitlines()]
        except ValueError:
            raise self._foreign() from None
        if not all(isinstance(line, dict) for line in lines):
            raise self._foreign()
        return lines

    def _foreign(self) -> InputError:
        return InputError(f"{self.path}: expected a journal, got something else; choose another file")


def _line(record: Mapping[str, Any]) -> bytes:
    return (json_line(record) + "\n").encode()
