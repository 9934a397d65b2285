"""Callbacks for `fit` that write what happens."""

from __future__ import annotations

import os
from typing import Any

from ..core.errors import InputError
from ..nn.mlp import MLP
from ..storage.files import check_writable, json_line, remove_parts, replacing
from .loop import Callback, History

__all__ = ["JsonLines", "TensorBoard"]


class JsonLines(Callback):
    """Write one JSON object a line for each epoch, as it ends: the record that `History` describes."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = check_writable(path)

    def on_train_begin(self, net: MLP, epochs: int, steps: int) -> None:
        """Leave the file as it is until there is something to write: another callback may refuse the run."""
        self._begun = False
        remove_parts(self.path)

    def on_epoch_end(self, record: dict[str, Any]) -> None:
        """Write a line, and let go of the file: training may end at any moment."""
        if not self._begun:
            self._begin()
        else:
            with open(self.path, "ab") as file:
                file.write(_line(record))

    def on_train_end(self, history: History) -> None:
        """Write all, where no epoch was left to do."""
        if not self._begun:
            self._begin()

    def _begin(self) -> None:
        """Start the file anew, with the epochs before where training was resumed."""
        with replacing(self.path) as file:
            file.writelines(_line(record) for record in self.training.history.records)
        self._begun = True


def _line(record: dict[str, Any]) -> bytes:
    return (json_line(record) + "\n").encode()


class TensorBoard(Callback):
    """Write the figures of each epoch into a folder that TensorBoard shows (the extra `tensorboard`).

    The step is the epoch; those of training and of validation data are loss/train, loss/validation and so on.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        try:
            from tensorboard.summary import Writer
        except ImportError:
            raise InputError("tensorboard is not installed; pip install 'numba-dropout[tensorboard]'") from None
        self.folder = os.fspath(folder)
        try:
            os.makedirs(self.folder, exist_ok=True)
        except OSError as error:
            raise InputError(f"{folder}: expected a folder for TensorBoard ({error.strerror})") from None
        check_writable(os.path.join(self.folder, "events"))
        self._open = Writer

    def on_train_begin(self, net: MLP, epochs: int, steps: int) -> None:
        """Begin a file of events; those of earlier runs stay, also epochs that a run which is resumed does again."""
        self._writer = self._open(self.folder)

    def on_epoch_end(self, record: dict[str, Any]) -> None:
        """Write the figures that there are."""
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
