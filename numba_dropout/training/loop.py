"""The loop over epochs and steps, which can be left at any step and taken up again, and what can be hung into it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import random
from ..arrays.convert import on_host
from ..arrays.host import digest
from ..arrays.sparse import parts_of
from ..core.errors import InputError
from ..nn.mlp import MLP
from ..nn.rate_schedules import RateSchedule, rate_schedule
from ..optim import Optimizer, schedule_name
from ..storage.model_file import plain

__all__ = ["Callback", "Diverged", "History", "Training"]

STRETCH = 0.1  # seconds of training between two looks at the clock, the loss and the keyboard


class Diverged(InputError):
    """The loss is no number any more; the message says where, and what to try."""


@dataclass
class History:
    """What training did: one record for each epoch.

    A record holds epoch (from 1 on), loss and accuracy in training mode over the epoch's batches, val_loss and
    val_accuracy in evaluation mode, lr, the seconds that the steps took and samples_per_second; None where there is no
    such figure.
    `best_epoch` is the one whose weights were kept, with `patience`.

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
        """Return one figure of all epochs."""
        return [record[name] for record in self.records]


class Callback:
    """Something that `fit` calls as it goes; override what you need.

    Attributes
    ----------
    training : Training
        The run that calls, with its network, optimizer and history; there from `on_train_begin` on. A callback ends
        training by `self.training.stop = True`: after the epoch that goes on.
    every : int or None
        Where it is set, `on_steps_end` is called after each step whose number, `net.step`, is a multiple of it, and
        perhaps after others.

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
        """Get ready: kernels are compiled. `steps` is how many the whole run has, also where some are done."""

    def on_steps_end(self, epoch: int, steps: int, loss: float) -> None:
        """Take note of so many more steps of an epoch (from 1 on), and their mean loss."""

    def on_epoch_end(self, record: dict[str, Any]) -> None:
        """Take the record of an epoch that is done; `History` describes it."""

    def on_train_end(self, history: History) -> None:
        """Finish: training is over."""


class Training:
    """A run of `fit`, as its callbacks see it.

    What follows from counters, the order of the rows and the masks, is not kept anywhere: `state` is the rest.

    Attributes
    ----------
    net : MLP
    optimizer : Optimizer
    epochs, batch_size, steps : int
        `steps` are those of an epoch.
    epoch, done : int
        The epoch that goes on, from 1 on, and its steps that are done.
    steps_done : int
        Those of all epochs.
    history : History
        Of the epochs that are done.
    resumed : bool
        Whether a checkpoint was where the run began.
    stop : bool
        Set it, and training ends with the epoch.
    finished : bool
        Whether all is done: no epoch goes on, and none is left to do.
    """

    def __init__(
        self,
        net: MLP,
        data: tuple[Any, Any],
        validation: tuple[Any, Any] | None,
        optimizer: Optimizer,
        *,
        epochs: int,
        batch_size: int,
        patience: int | None,
        dropout_schedule: str | RateSchedule,
        callbacks: Sequence[Callback],
        weights: Any = None,
    ) -> None:
        self.net, self.optimizer = net, optimizer
        self.epochs, self.batch_size, self.patience = epochs, batch_size, patience
        self.dropout_schedule = dropout_schedule
        self.rows = len(data[0])
        self.steps = -(-self.rows // batch_size)
        self.epoch, self.done = 1, 0
        self.history = History()
        self.resumed = self.stop = False
        self._data, self._validation, self._callbacks, self._weights = data, validation, callbacks, weights
        self._began = net.step, optimizer.step
        self._totals = np.zeros((self.steps, 2))  # sums of losses and correct predictions of the epoch's batches
        self._seconds = 0.0  # that the epoch's steps have taken
        self._lr = 0.0  # that it began with
        self._stretch = 1  # steps between two looks at the clock
        self._best: dict[str, NDArray[Any]] = {}
        self._best_loss = np.inf
        self._fingerprint: str | None = None

    @property
    def steps_done(self) -> int:
        """Steps that are done in all epochs."""
        return (self.epoch - 1) * self.steps + self.done

    @property
    def finished(self) -> bool:
        """Whether all is done: no epoch goes on, and none is left to do."""
        waited = self.epoch - 1 - (self.history.best_epoch or 0)
        over = self.epoch > self.epochs or self.stop or (self.patience is not None and waited >= self.patience)
        return over and not self.done

    def run(self) -> History:
        """Do the epochs that are left."""
        for callback in self._callbacks:
            callback.training = self
            callback.on_train_begin(self.net, self.epochs, self.epochs * self.steps)
        while not self.finished:
            self._train()
            self._end_epoch()
        if self._best:
            self.net.load_state_dict(self._best)
        for callback in self._callbacks:
            callback.on_train_end(self.history)
        return self.history

    def prepare(self) -> None:
        """Get network and optimizer ready; a run of no steps compiles them, and makes the optimizer's state."""
        x, y = self._data
        self._aim()
        self.net.regularize(self.rows)
        self.net.train_steps(np.empty((0, 2)), x, y, np.arange(0), self.batch_size, self.optimizer, self._weights)

    def _aim(self) -> None:
        """Let the courses of rates end with the run."""
        steps = self.epochs * self.steps
        self.optimizer.end = self._began[1] + steps
        if self.dropout_schedule != "constant":
            self.net.rate_scheduler.start(rate_schedule(self.dropout_schedule), self._began[0] + steps)

    def _train(self) -> None:
        """Train on the rows that are left of the epoch, in the order that the seed and the network's epoch give."""
        net, (x, y), batch_size = self.net, self._data, self.batch_size
        order = random.order(self.rows, "shuffling", seed=net.seed, step=net.epoch)
        self._lr = float(self.optimizer.rates(1, self.optimizer.step - self.done)[0])
        while self.done < self.steps:
            due = (callback.every - net.step % callback.every for callback in self._callbacks if callback.every)
            now = min([self._stretch, self.steps - self.done, *due])
            rows = order[self.done * batch_size : (self.done + now) * batch_size]
            totals = self._totals[self.done : self.done + now]
            start = time.perf_counter()
            net.train_steps(totals, x, y, rows, batch_size, self.optimizer, self._weights)
            took = time.perf_counter() - start
            self._check_finite(totals[:, 0], "loss")
            self.done += len(totals)
            self._seconds += took
            for callback in self._callbacks:
                callback.on_steps_end(self.epoch, len(totals), float(totals[:, 0].sum() / len(rows)))
            if now == self._stretch:
                self._stretch *= 2
            self._stretch = max(1, min(self._stretch, int(now * STRETCH / max(took, 1e-9))))

    def _end_epoch(self) -> None:
        """Measure on the validation data, write the epoch's record, and keep the weights if they are the best."""
        net, history = self.net, self.history
        self.check_weights()
        net.epoch += 1
        loss, correct = self._totals.sum(0) / self.rows
        record: dict[str, Any] = {
            "epoch": self.epoch,
            "loss": float(loss),
            "accuracy": None if net.loss == "mse" else float(correct),
            "val_loss": None,
            "val_accuracy": None,
            "lr": self._lr,
            "seconds": self._seconds,
            "samples_per_second": self.rows / self._seconds,
        }
        if self._validation is not None:
            record["val_loss"], record["val_accuracy"] = net.measure(*self._validation)
        history.records.append(record)
        if self.patience is not None and record["val_loss"] < self._best_loss:
            self._best_loss, history.best_epoch = record["val_loss"], self.epoch
            self._best = {name: value.copy() for name, value in net.weights().items()}
        self.epoch, self.done, self._seconds = self.epoch + 1, 0, 0.0
        for callback in self._callbacks:
            callback.on_epoch_end(record)

    def check_weights(self) -> None:
        """Raise Diverged where a weight is no number: the last step's are seen by no loss."""
        for value in self.net.weights().values():
            self._check_finite(value, "weights")

    def _check_finite(self, values: NDArray[Any], what: str) -> None:
        """Raise Diverged where a value is no number."""
        finite = np.isfinite(values)
        if not finite.all():
            raise Diverged(
                f"the {what} became {values[~finite][0]} in epoch {self.epoch}; try a lower learning rate (it was "
                f"{self._lr:g}), a bound on the gradient (clip-norm) or on the weights (max-norm), or scaled features"
            )

    # ---------------------------------------------------------------- to be taken up again

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return where the run stands, beside its network: what JSON can hold, and arrays."""
        position = {
            "choices": self._choices(),
            "began": list(self._began),
            "epoch": self.epoch,
            "done": self.done,
            "seconds": self._seconds,
            "optimizer_step": self.optimizer.step,
            "records": self.history.records,
            "best_epoch": self.history.best_epoch,
            "best_loss": self._best_loss,
            "stop": self.stop,
            "finished": self.finished,
        }
        arrays = {"totals": self._totals[: self.done], "optimizer": self.net.memory.read(self.optimizer.state)}
        return position, arrays | {f"best.{name}": value for name, value in self._best.items()}

    def check_state(self, path: Any, position: dict[str, Any]) -> None:
        """Raise InputError where `state` was written, in a file, by a run of other choices or on other data."""
        for name, value in self._choices().items():
            before = position["choices"].get(name)
            if before != value:
                which = "on other data" if name == "data" else f"with {name} {before}, got {value}"
                raise InputError(
                    f"resume: {path} is of a run {which}; go on with what it began with, or begin anew without resume"
                )

    def same_run(self, position: dict[str, Any]) -> bool:
        """Return whether a state is of a run like this one, from the same step on."""
        return position["choices"] == self._choices() and position["began"] == list(self._began)

    def load_state(self, position: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        """Stand where `state` was written, by a run like this one; the network is not touched."""
        self._began = tuple(position["began"])
        self._aim()
        self.epoch, self.done, self._seconds = position["epoch"], position["done"], position["seconds"]
        self._totals[: self.done] = arrays["totals"]
        self.optimizer.step = position["optimizer_step"]
        self.net.memory.write(self.optimizer.state, arrays["optimizer"])
        self.history = History(position["records"], position["best_epoch"])
        self._best_loss = position["best_loss"]
        self._best = {name.removeprefix("best."): array for name, array in arrays.items() if name.startswith("best.")}
        self.resumed, self.stop = True, position["stop"]

    def _choices(self) -> dict[str, Any]:
        """Return all that a run is made of, as JSON would give it back."""
        if self._fingerprint is None:
            given = zip(("x", "y", "val_x", "val_y"), (*self._data, *(self._validation or ())), strict=False)
            named = [pair for name, array in given for pair in parts_of(name, array)]
            named += [] if self._weights is None else [("weights", self._weights)]
            self._fingerprint = digest({name: on_host(array) for name, array in named})
        return plain(
            {
                **self.net.choices(),
                **self.optimizer.choices(),
                "epochs": self.epochs,
                "batch_size": self.batch_size,
                "patience": self.patience,
                "dropout_schedule": schedule_name(self.dropout_schedule),
                "data": self._fingerprint,
            }
        )
