"""Callbacks for `fit` that write files."""

from __future__ import annotations

import os
from typing import Any

from .files import check_writable, json_line
from .mlp import MLP
from .train import Callback

__all__ = ["JsonLines"]


class JsonLines(Callback):
    """Write one JSON object a line for each epoch, as it ends: the record that `History` describes."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = check_writable(path)

    def on_train_begin(self, net: MLP, epochs: int, steps: int) -> None:
        """Start the file anew."""
        self.path.write_text("")

    def on_epoch_end(self, record: dict[str, Any]) -> None:
        """Write a line, and let go of the file: training may end at any moment."""
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json_line(record) + "\n")
