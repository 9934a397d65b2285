"""Callbacks for `fit` that write files."""

from __future__ import annotations

import os
from typing import Any

from .files import check_writable, json_line, replacing
from .loop import Callback
from .mlp import MLP

__all__ = ["JsonLines"]


class JsonLines(Callback):
    """Write one JSON object a line for each epoch, as it ends: the record that `History` describes."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = check_writable(path)

    def on_train_begin(self, net: MLP, epochs: int, steps: int) -> None:
        """Start the file anew, with the epochs that were done before where training is taken up again."""
        with replacing(self.path) as file:
            file.writelines(_line(record) for record in self.training.history.records)

    def on_epoch_end(self, record: dict[str, Any]) -> None:
        """Write a line, and let go of the file: training may end at any moment."""
        with open(self.path, "ab") as file:
            file.write(_line(record))


def _line(record: dict[str, Any]) -> bytes:
    return (json_line(record) + "\n").encode()
