"""The training loop over epochs and steps, and the state to resume from any step."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import random
from ..arrays.convert import on_host
from ..arrays.host import digest
from ..arrays.sparse import parts_of
from ..core.errors import InputError
from ..core.options import option
from ..nn.mlp import MLP
from ..nn.rate_schedules import RateSchedule, rate_schedule
from ..optim import Optimizer, schedule_name
from ..storage.model_file import plain
from .callback import Callback, History

__all__ = ["Callback", "Diverged", "History", "Training"]

INTERVAL = 0.1  # seconds of training between two checks of the clock, the loss and the keyboard


class Diverged(InputError):
    """A loss or weight that became NaN or infinite. The message names the epoch and possible remedies."""


class Training:
    """A run of `fit`, as callbacks see it.

    The order of the rows and the masks follow from counters and are not stored. `state` returns all other state.

    Attributes
    ----------
    net : MLP
    optimizer : Optimizer
    epochs, batch_size, accumulate, steps : int
        `steps` is the number of steps in an epoch, each of `accumulate` batches.
    epoch, done : int
        The current epoch, from 1, and the number of its finished steps.
    steps_done : int
        The number of finished steps in all epochs.
    history : History
        Records of the finished epochs.
    resumed : bool
        Whether the run started from a checkpoint.
    stop : bool
        Set it to true to end training after the current epoch.
    finished : bool
        Whether training is complete: no epoch is in progress or left.
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
        accumulate: int,
        patience: int | None,
        dropout_schedule: str | RateSchedule,
        callbacks: Sequence[Callback],
        weights: Any = None,
    ) -> None:
        self.net, self.optimizer = net, optimizer
        self.epochs, self.patience = epochs, patience
        self.batch_size, self.accumulate = batch_size, accumulate
        self.dropout_schedule = dropout_schedule
        self.rows = len(data[0])
        self._step_rows = min(batch_size * accumulate, self.rows)
        self.steps = -(-self.rows // self._step_rows)
        self.epoch, self.done = 1, 0
        self.history = History()
        self.resumed = self.stop = False
        self._data, self._validation, self._callbacks, self._weights = data, validation, callbacks, weights
        self._first_steps = net.step, optimizer.step
        self._sums = np.zeros((self.steps, 2))  # sums of losses and correct predictions of the epoch's batches
        self._seconds = 0.0  # duration of the epoch's steps
        self._lr = 0.0  # learning rate at the start of the epoch
        self._chunk = 1  # steps between two checks of the clock
        self._best: dict[str, NDArray[Any]] = {}
        self._best_loss = np.inf
        self._fingerprint: str | None = None
        self._parameters: dict[str, NDArray[Any]] | None = None

    @property
    def validates(self) -> bool:
        """Whether the run evaluates validation data after each epoch."""
        return self._validation is not None

    @property
    def steps_done(self) -> int:
        """Number of finished steps in all epochs."""
        return (self.epoch - 1) * self.steps + self.done

    @property
    def finished(self) -> bool:
        """Return whether training is complete: no epoch is in progress or left."""
        waited = self.epoch - 1 - (self.history.best_epoch or 0)
        ended = self.epoch > self.epochs or self.stop or (self.patience is not None and waited >= self.patience)
        return ended and not self.done

    def run(self) -> History:
        """Train the remaining epochs and return the history."""
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

    def compile(self) -> None:
        """Compile the kernels and create the optimizer's state with a call of zero steps, and evaluate a row."""
        self._set_schedule_ends()
        self.net.regularize(self.rows)
        self._train_steps(np.empty((0, 2)), np.arange(0))
        if self._validation is not None:
            x, y = self._validation
            self.net.evaluate_arrays(x[:1], y[:1])

    def _set_schedule_ends(self) -> None:
        """Set the end of the learning-rate and dropout-rate schedules to the end of the run."""
        steps = self.epochs * self.steps
        self.optimizer.end = self._first_steps[1] + steps
        if self.dropout_schedule != "constant":
            self.net.rate_scheduler.start(rate_schedule(self.dropout_schedule), self._first_steps[0] + steps)

    def _train(self) -> None:
        """Train on the remaining rows of the epoch."""
        net, size, order = self.net, self._step_rows, self._order()
        self._lr = float(self.optimizer.rates(1, self.optimizer.step - self.done)[0])
        while self.done < self.steps:
            due = (callback.every - net.step % callback.every for callback in self._callbacks if callback.every)
            steps = min([self._chunk, self.steps - self.done, *due])
            rows = order[self.done * size : (self.done + steps) * size]
            sums = self._sums[self.done : self.done + steps]
            start = time.perf_counter()
            self._train_steps(sums, rows)
            seconds = time.perf_counter() - start
            self._check_finite(sums[:, 0], "loss")
            self.done += len(sums)
            self._seconds += seconds
            for callback in self._callbacks:
                callback.on_steps_end(self.epoch, len(sums), float(sums[:, 0].sum() / len(rows)))
            if steps == self._chunk:
                self._chunk *= 2
            self._chunk = max(1, min(self._chunk, int(steps * INTERVAL / max(seconds, 1e-9))))

    def _order(self) -> NDArray[np.int64]:
        """Return the order of the rows in the epoch, drawn by the seed and the network's epoch."""
        return random.permutation(self.rows, "shuffling", seed=self.net.seed, step=self.net.epoch)

    def _train_steps(self, sums: NDArray[np.float64], rows: NDArray[np.int64]) -> None:
        """Train on consecutive steps of rows, as `MLP.train_steps`."""
        (x, y), chunk_size = self._data, self.batch_size if self.accumulate > 1 else None
        self.net.train_steps(sums, x, y, rows, self._step_rows, self.optimizer, self._weights, chunk_size=chunk_size)

    def _end_epoch(self) -> None:
        """Evaluate on the validation data, record the epoch, and keep the weights if they are the best."""
        net, history = self.net, self.history
        self.check_weights()
        net.epoch += 1
        loss, correct = self._sums.sum(0) / self.rows
        record: dict[str, Any] = {
            "epoch": self.epoch,
            "loss": float(loss),
            "accuracy": None if net.predicts_values else float(correct),
            "val_loss": None,
            "val_accuracy": None,
            "lr": self._lr,
            "seconds": self._seconds,
            "samples_per_second": self.rows / self._seconds,
        }
        if self._validation is not None:
            record["val_loss"], record["val_accuracy"] = net.evaluate_arrays(*self._validation)
        history.records.append(record)
        if self.patience is not None and record["val_loss"] < self._best_loss:
            self._best_loss, history.best_epoch = record["val_loss"], self.epoch
            self._best = {name: value.copy() for name, value in self.parameters().items()}
        self.epoch, self.done, self._seconds = self.epoch + 1, 0, 0.0
        for callback in self._callbacks:
            callback.on_epoch_end(record)

    def check_weights(self) -> None:
        """Raise Diverged for a NaN or infinite weight. No loss is computed after the last step."""
        for value in self.parameters().values():
            self._check_finite(value, "weights")

    def parameters(self) -> dict[str, NDArray[Any]]:
        """Return the parameters as `MLP.weights`, on the CPU the same live views each time."""
        if self._parameters is None or self.net.device != "cpu":
            self._parameters = self.net.weights()
        return self._parameters

    def _check_finite(self, values: NDArray[Any], name: str) -> None:
        """Raise Diverged for a NaN or infinite value."""
        finite = np.isfinite(values)
        if not finite.all():
            raise Diverged(
                f"the {name} became {values[~finite][0]} in epoch {self.epoch}; try a lower learning rate (it was "
                f"{self._lr:g}), a bound on the gradient ({option('clip_norm')}) or on the weights "
                f"({option('max_norm')}), or scaled features"
            )

    # ---------------------------------------------------------------- state for checkpoints

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return the state of the run without its network, as JSON data and arrays."""
        position = {
            "choices": self._settings(),
            "began": list(self._first_steps),
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
        arrays = {"totals": self._sums[: self.done], "optimizer": self.net.memory.read(self.optimizer.state)}
        return position, arrays | {f"best.{name}": value for name, value in self._best.items()}

    def check_state(self, path: Any, position: dict[str, Any]) -> None:
        """Raise InputError if the state in a file is of a run with other settings or on other data."""
        choices = self._saved_settings(position)
        for name, value in self._settings().items():
            saved = choices.get(name)
            if saved != value:
                difference = "on other data" if name == "data" else f"with {name} {saved}, got {value}"
                raise InputError(
                    f"resume: {path} is of a run {difference}; use the same settings and data, or train without resume"
                )

    def same_run(self, position: dict[str, Any]) -> bool:
        """Return whether a state is of a run with the same settings and first step as this one."""
        return self._saved_settings(position) == self._settings() and position["began"] == list(self._first_steps)

    def load_state(self, position: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        """Restore the state of a run with the same settings. The network is not changed."""
        self._first_steps = tuple(position["began"])
        self._set_schedule_ends()
        self.epoch, self.done, self._seconds = position["epoch"], position["done"], position["seconds"]
        self._sums[: self.done] = arrays["totals"]
        self.optimizer.step = position["optimizer_step"]
        self.net.memory.write(self.optimizer.state, arrays["optimizer"])
        self.history = History(position["records"], position["best_epoch"])
        self._best_loss = position["best_loss"]
        self._best = {name.removeprefix("best."): array for name, array in arrays.items() if name.startswith("best.")}
        self.resumed, self.stop = True, position["stop"]

    def _saved_settings(self, position: dict[str, Any]) -> dict[str, Any]:
        """Return the settings in a state. Those of version 0.1 have only ReLU and no accumulation."""
        return {"activation": ["relu"] * len(self.net.dropout), "accumulate": 1, **position["choices"]}

    def _settings(self) -> dict[str, Any]:
        """Return all settings of the run and a fingerprint of its data, as JSON returns them."""
        if self._fingerprint is None:
            inputs = zip(("x", "y", "val_x", "val_y"), (*self._data, *(self._validation or ())), strict=False)
            arrays = [pair for name, array in inputs for pair in parts_of(name, array)]
            arrays += [] if self._weights is None else [("weights", self._weights)]
            self._fingerprint = digest({name: on_host(array) for name, array in arrays})
        return plain(
            {
                **self.net.choices(),
                **self.optimizer.choices(),
                "accumulate": self.accumulate,
                "epochs": self.epochs,
                "batch_size": self.batch_size,
                "patience": self.patience,
                "dropout_schedule": schedule_name(self.dropout_schedule),
                "data": self._fingerprint,
            }
        )
