"""Callbacks for `fit` that write the records of epochs to files."""

from __future__ import annotations

import os
from typing import Any

from ..core.errors import InputError, missing
from ..nn.mlp import MLP
from ..storage.files import check_writable, json_line, remove_parts, replacing
from .callback import Callback, History

__all__ = ["JsonLines", "TensorBoard"]


class JsonLines(Callback):
    """Callback that writes the record of each epoch, described in `History`, as one line of JSON."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = check_writable(path)

    def on_train_begin(self, net: MLP, epochs: int, steps: int) -> None:
        """Remove temporary files. The log itself stays until the first record: another callback may refuse the run."""
        self._started = False
        remove_parts(self.path)

    def on_epoch_end(self, record: dict[str, Any]) -> None:
        """Write a line and close the file, because training may stop at any time."""
        if not self._started:
            self._start()
        else:
            with open(self.path, "ab") as file:
                file.write(_line(record))

    def on_train_end(self, history: History) -> None:
        """Write all records if no epoch was left to train."""
        if not self._started:
            self._start()

    def _start(self) -> None:
        """Replace the file by one with all records so far, including those before a resumed run."""
        with replacing(self.path) as file:
            file.writelines(_line(record) for record in self.training.history.records)
        self._started = True


def _line(record: dict[str, Any]) -> bytes:
    return (json_line(record) + "\n").encode()


class TensorBoard(Callback):
    """Callback that writes the metrics of each epoch to a folder for TensorBoard (the extra `tensorboard`).

    The step is the epoch. Metrics have names such as loss/train and loss/validation.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        try:
            from tensorboard.summary import Writer
        except ImportError:
            raise InputError(missing("TensorBoard's files require tensorboard", "tensorboard", "tensorboard")) from None
        self.folder = os.fspath(folder)
        try:
            os.makedirs(self.folder, exist_ok=True)
        except OSError as error:
            raise InputError(f"{folder}: cannot create the folder for TensorBoard ({error.strerror})") from None
        check_writable(os.path.join(self.folder, "events"))
        self._writer_type = Writer

    def on_train_begin(self, net: MLP, epochs: int, steps: int) -> None:
        """Open a new file of events. Those of earlier runs stay, even for epochs that a resumed run repeats."""
        self._writer = self._writer_type(self.folder)

    def on_epoch_end(self, record: dict[str, Any]) -> None:
        """Write the metrics that are not None."""
        for name, value in record.items():
            if value is not None and name != "epoch":
                self._writer.add_scalar(TAGS.get(name, name), value, record["epoch"])
        self._writer.flush()

    def on_train_end(self, history: History) -> None:
        """Close the file."""
        self._writer.close()


TAGS = {
    "loss": "loss/train",
    "accuracy": "accuracy/train",
    "val_loss": "loss/validation",
    "val_accuracy": "accuracy/validation",
}
