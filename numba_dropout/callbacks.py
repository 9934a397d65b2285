"""Callbacks for `fit` that write files."""

from __future__ import annotations

import json
import math
import os
from typing import Any, TextIO

from .files import check_writable
from .mlp import MLP
from .train import Callback, History

__all__ = ["JsonLines"]


class JsonLines(Callback):
    """Write one JSON object a line for each epoch, as it ends: the record that `History` describes, and the step."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = check_writable(path)
        self.file: TextIO | None = None

    def on_train_begin(self, net: MLP, epochs: int, steps: int) -> None:
        """Start the file anew."""
        self.file = open(self.path, "w", encoding="utf-8")  # noqa: SIM115 (closed in on_train_end)

    def on_epoch_end(self, record: dict[str, Any]) -> None:
        """Write a line, and bring it to the disk."""
        assert self.file is not None
        finite = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in record.items()}
        self.file.write(json.dumps(finite) + "\n")
        self.file.flush()

    def on_train_end(self, history: History) -> None:
        """Close the file."""
        if self.file is not None:
            self.file.close()
