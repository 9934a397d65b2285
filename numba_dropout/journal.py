"""A file of records that work goes on from: a line of JSON for what the work is, then one for each thing done."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ._checks import InputError
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
        if self.path.exists() and self.path.stat().st_size:
            lines = self._whole_lines()
            if not lines or lines[0] != head:
                name = next((name for name in head if not lines or lines[0].get(name) != head[name]), "search")
                raise InputError(f"{path}: the journal of another search, with other {name}; choose another file")
            self.records = lines[1:]
        else:
            self.write(head)

    def write(self, record: Mapping[str, Any]) -> None:
        """Add a record; it is on the disk when this returns."""
        with open(self.path, "ab") as file:
            file.write((json_line(record) + "\n").encode())
            file.flush()
            os.fsync(file.fileno())

    def _whole_lines(self) -> list[Any]:
        content = self.path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if whole != content:
            with open(self.path, "r+b") as file:
                file.truncate(len(whole))
        try:
            return [json.loads(line) for line in whole.splitlines()]
        except ValueError:
            raise InputError(f"{self.path}: expected the journal of a search, got something else") from None
