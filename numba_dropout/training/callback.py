"""The base class of callbacks of the training loop, and the history of epochs that they get."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..nn.mlp import MLP

if TYPE_CHECKING:
    from .loop import Training

__all__ = ["Callback", "History"]


@dataclass
class History:
    """The history of training, with one record for each epoch.

    A record holds epoch (from 1), loss and accuracy in training mode over the epoch's batches, val_loss and
    val_accuracy in evaluation mode, lr, the seconds of the steps and samples_per_second. Missing figures are None.
    `best_epoch` is the epoch with the restored weights, only with `patience`.

    Examples
    --------
    >>> net, x = nd.MLP([1, 4, 1], dropout=0.0, loss="mse", seed=0), np.zeros((8, 1))
    >>> history = nd.fit(net, x, x, optimizer=nd.SGD(lr=0.01), epochs=3)
    >>> history.column("epoch")
    [1, 2, 3]
    >>> sorted(history.records[0])
    ['accuracy', 'epoch', 'loss', 'lr', 'samples_per_second', 'seconds', 'val_accuracy', 'val_loss']
    """

    records: list[dict[str, Any]] = field(default_factory=list)
    best_epoch: int | None = None

    def column(self, name: str) -> list[Any]:
        """Return the values of one figure for all epochs."""
        return [record[name] for record in self.records]


class Callback:
    """Base class of callbacks that `fit` calls during training. Override the methods that you need.

    Attributes
    ----------
    training : Training
        The current run with its network, optimizer and history, set before `on_train_begin`. Set
        `self.training.stop = True` to end training after the current epoch.
    every : int or None
        If set, `on_steps_end` is called after each step whose number, `net.step`, is a multiple of it, and possibly
        after other steps.

    Examples
    --------
    >>> class Losses(nd.Callback):
    ...     def on_epoch_end(self, record):
    ...         print("epoch", record["epoch"], "of loss", round(record["loss"], 1))
    ...         self.training.stop = record["epoch"] == 2
    >>> net, x = nd.MLP([1, 4, 1], dropout=0.0, loss="mse", seed=0), np.zeros((8, 1))
    >>> history = nd.fit(net, x, x + 1, optimizer=nd.SGD(lr=0.01), epochs=9, callbacks=[Losses()])
    epoch 1 of loss 1.0
    epoch 2 of loss 1.0
    """

    training: Training
    every: int | None = None

    def on_train_begin(self, net: MLP, epochs: int, steps: int) -> None:
        """Prepare for training. Kernels are compiled. `steps` is the total of the run, including finished steps."""

    def on_steps_end(self, epoch: int, steps: int, loss: float) -> None:
        """Process the mean loss of the last `steps` steps of an epoch (from 1)."""

    def on_epoch_end(self, record: dict[str, Any]) -> None:
        """Process the record of a finished epoch, described in `History`."""

    def on_train_end(self, history: History) -> None:
        """Process the history after training."""
