"""Train and evaluate: the loops, and what can be hung into them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _checks, draws
from ._batches import on_host
from ._checks import InputError
from .metrics import regression_metrics
from .mlp import MLP
from .optim import Optimizer
from .rate_schedules import RateSchedule, rate_schedule

__all__ = ["Callback", "Diverged", "History", "evaluate", "fit"]

STRETCH = 0.1  # seconds of training between two looks at the clock, the loss and the keyboard


class Diverged(InputError):
    """The loss is no number any more; the message says where, and what to try."""


@dataclass
class History:
    """What training did: one record for each epoch.

    A record holds epoch (from 1 on), loss and accuracy in training mode over the epoch's batches, val_loss and
    val_accuracy in evaluation mode, lr, seconds and samples_per_second; None where there is no such figure.
    `best_epoch` is the one whose weights were kept, with `patience`.
    """

    records: list[dict[str, Any]] = field(default_factory=list)
    best_epoch: int | None = None

    def column(self, name: str) -> list[Any]:
        """Return one figure of all epochs."""
        return [record[name] for record in self.records]


class Callback:
    """Something that `fit` calls as it goes; override what you need."""

    def on_train_begin(self, net: MLP, epochs: int, steps: int) -> None:
        """Get ready: kernels are compiled, and `steps` steps in all are to come."""

    def on_steps_end(self, epoch: int, steps: int, loss: float) -> None:
        """Take note of so many more steps of an epoch (from 1 on), and their mean loss."""

    def on_epoch_end(self, record: dict[str, Any]) -> None:
        """Take the record of an epoch that is done; `History` describes it."""

    def on_train_end(self, history: History) -> None:
        """Finish: training is over."""


def fit(
    net: MLP,
    x: ArrayLike,
    y: ArrayLike,
    *,
    optimizer: Optimizer,
    epochs: int = 5,
    batch_size: int = 32,
    validation: tuple[ArrayLike, ArrayLike] | None = None,
    patience: int | None = None,
    dropout_schedule: str | RateSchedule = "constant",
    callbacks: Iterable[Callback] = (),
) -> History:
    """Train a network for some epochs and return what happened.

    Parameters
    ----------
    net : MLP
        Goes on from its `step` and `epoch`.
    x : array (rows, inputs)
        uint8, float32 or float64 as it is; other integers become float64.
    y : array
        Labels (rows,) or targets (rows, outputs).
    optimizer : Optimizer
        Keeps its state, so that a second call goes on.
    epochs, batch_size : int
        A batch larger than the data is the data.
    validation : (x, y), optional
        Evaluated after each epoch.
    patience : int, optional
        Stop after so many epochs without a better validation loss, and go back to the best weights.
    dropout_schedule : str or callable
        Course of the network's dropout rates: "constant", "linear", "cosine", "curriculum", "early", or a function of
        (steps (n,), total steps) that returns factors (n,) on them (`rate_schedules`). Steps count from the network's
        first, and the total is with those of this call: a second call goes on. Afterwards the rates are the network's
        own again, also in `forward(training=True)`, whatever step it is asked for.
    callbacks : iterable of Callback

    Raises
    ------
    Diverged
        The loss became NaN or infinite. KeyboardInterrupt passes through; the network then is as after the last step.
    ValueError, TypeError
        An argument does not fit.
    """
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"optimizer: expected one such as nd.Adam(), got {optimizer!r}")
    if isinstance(callbacks, Callback):
        raise TypeError("callbacks: expected a sequence of them, got one")
    rows_in, target = net.as_pair(x, y)
    for name, values in (("x", rows_in), ("y", target)):
        _check_data(values, name)
    held_out = None if validation is None else tuple(map(net.bring, net.as_pair(*validation)))
    rows_in, target = net.bring(rows_in), net.bring(target)
    epochs = _checks.integer(epochs, "epochs", 1, 2**31)
    batch_size = min(_checks.integer(batch_size, "batch_size", 1, 2**31), len(rows_in))
    if patience is not None:
        patience = _checks.integer(patience, "patience", 1, 2**31)
        if held_out is None:
            raise InputError("patience: expected validation data to go with it, got none")
    steps = -(-len(rows_in) // batch_size)
    course = rate_schedule(dropout_schedule)
    if dropout_schedule != "constant":
        net.follow(course, net.step + epochs * steps)
    net.regularize(len(rows_in))
    optimizer.end = optimizer.step + epochs * steps
    try:
        return _epochs(net, rows_in, target, optimizer, epochs, batch_size, held_out, patience, list(callbacks))
    finally:
        optimizer.end = None
        net.keep_rates()


def _epochs(
    net: MLP,
    x: NDArray[Any],
    y: NDArray[Any],
    optimizer: Optimizer,
    epochs: int,
    batch_size: int,
    validation: tuple[Any, ...] | None,
    patience: int | None,
    callbacks: Sequence[Callback],
) -> History:
    """Do what `fit` has checked."""
    net.train_steps(np.empty((0, 2)), x, y, np.arange(0), batch_size, optimizer)  # compiles
    for callback in callbacks:
        callback.on_train_begin(net, epochs, epochs * -(-len(x) // batch_size))
    history = History()
    best, best_loss = None, np.inf
    for epoch in range(1, epochs + 1):
        record = _epoch(net, x, y, optimizer, batch_size, epoch, callbacks)
        if validation is not None:
            record["val_loss"], record["val_accuracy"] = net.measure(*validation)
        history.records.append(record)
        for callback in callbacks:
            callback.on_epoch_end(record)
        if patience is not None:
            if record["val_loss"] < best_loss:
                best_loss, history.best_epoch = record["val_loss"], epoch
                best = {name: value.copy() for name, value in net.weights().items()}
            elif epoch - (history.best_epoch or 0) >= patience:
                break
    if best is not None:
        net.load_state_dict(best)
    for callback in callbacks:
        callback.on_train_end(history)
    return history


def _epoch(
    net: MLP,
    x: NDArray[Any],
    y: NDArray[Any],
    optimizer: Optimizer,
    batch_size: int,
    epoch: int,
    callbacks: Sequence[Callback],
) -> dict[str, Any]:
    """Train on all rows once, in the order that the seed and the network's epoch give, and return the record."""
    order = draws.order(len(x), "shuffling", seed=net.seed, step=net.epoch)
    steps = -(-len(x) // batch_size)
    sums = np.zeros(2)
    lr = float(optimizer.rates(1)[0])
    began = time.perf_counter()
    done, stretch = 0, 1
    while done < steps:
        rows = order[done * batch_size : (done + stretch) * batch_size]
        totals = np.empty((-(-len(rows) // batch_size), 2))
        start = time.perf_counter()
        net.train_steps(totals, x, y, rows, batch_size, optimizer)
        took = time.perf_counter() - start
        _check_finite(totals[:, 0], "loss", epoch, lr)
        sums += totals.sum(0)
        done += len(totals)
        for callback in callbacks:
            callback.on_steps_end(epoch, len(totals), float(totals[:, 0].sum() / len(rows)))
        stretch = max(1, min(2 * stretch, int(stretch * STRETCH / max(took, 1e-9))))
    for value in net.weights().values():
        _check_finite(value, "weights", epoch, lr)
    net.epoch += 1
    seconds = time.perf_counter() - began
    return {
        "epoch": epoch,
        "loss": float(sums[0] / len(x)),
        "accuracy": None if net.loss == "mse" else float(sums[1] / len(x)),
        "val_loss": None,
        "val_accuracy": None,
        "lr": lr,
        "seconds": seconds,
        "samples_per_second": len(x) / seconds,
    }


def _check_data(values: Any, name: str) -> None:
    """Raise InputError where a value is no number, and say which; values on a device are brought to the host for it."""
    values = on_host(values) if values.dtype.kind == "f" else np.empty(0)
    if not np.isfinite(values).all():
        row, column = (int(i) for i in np.argwhere(~np.isfinite(values))[0])
        raise InputError(f"{name}: expected finite numbers, got {values[row, column]} at [{row}, {column}]")


def _check_finite(values: NDArray[Any], what: str, epoch: int, lr: float) -> None:
    """Raise Diverged where a value is no number; the last step's weights are seen by no loss of this run."""
    finite = np.isfinite(values)
    if not finite.all():
        raise Diverged(
            f"the {what} became {values[~finite][0]} in epoch {epoch}; try a lower learning rate (it was {lr:g}), a "
            "bound on the weights (max-norm), or scaled features"
        )


def evaluate(net: MLP, x: ArrayLike, y: ArrayLike) -> dict[str, float]:
    """Return what is to be known of a network on data, in evaluation mode.

    Classes: loss, accuracy, error. Regression: rmse, mae, r2 in the target's units, and loss in standardised ones.
    """
    loss, accuracy = net.loss_of(x, y)
    if accuracy is not None:
        return {"loss": loss, "accuracy": accuracy, "error": 1.0 - accuracy}
    return {**regression_metrics(on_host(y), net.predict(x)), "loss": loss}
