"""Train a network: what is checked before the loop begins."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..arrays import frames
from ..arrays.convert import on_host
from ..arrays.sparse import SparseRows
from ..core import checks
from ..core.access import access_of
from ..core.errors import InputError
from ..nn.inputs import weights
from ..nn.mlp import MLP
from ..nn.rate_schedules import RateSchedule
from ..optim import Optimizer
from . import checkpoints
from .loop import Callback, Diverged, History, Training

__all__ = ["Callback", "Diverged", "History", "fit"]


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
    sample_weight: ArrayLike | None = None,
    callbacks: Iterable[Callback] = (),
    resume: str | os.PathLike[str] | None = None,
) -> History:
    """Train a network for some epochs and return what happened.

    Parameters
    ----------
    net : MLP
        Goes on from its `step` and `epoch`.
    x : array (rows, inputs), or a frame of pandas or polars
        uint8, float32 or float64 as it is; other integers become float64. Sparse ones of SciPy's stay compressed.
        The names of a frame's columns become the network's `features`, if it has none.
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
    sample_weight : array (rows,), optional
        Weights of the rows' losses, at least 0. They are divided by their mean: an epoch's loss and accuracy are
        weighted means, and rows of equal weights are as without.
    callbacks : iterable of Callback
        Called in their order.
    resume : path, optional
        A file that `Checkpoint` wrote in a run by the same choices on the same data: the network, which must have been
        made by the same choices too, and the optimizer become what they were, and training goes on from there. It ends
        with the same bits as if it had never stopped. Schedules that are functions are told apart by their names only.

    Raises
    ------
    Diverged
        The loss became NaN or infinite. KeyboardInterrupt passes through; the network then is as after the last step.
    ValueError, TypeError
        An argument does not fit.
    RuntimeError
        Another thread uses the network or the optimizer. While `fit` runs, other threads' calls with them raise it.

    Examples
    --------
    >>> x = np.linspace(-1, 1, 100)[:, None]
    >>> net = nd.MLP([1, 16, 1], dropout=0.1, loss="mse", seed=0)
    >>> history = nd.fit(net, x, x**2, optimizer=nd.Adam(lr=0.02), epochs=10, batch_size=10)
    >>> losses = history.column("loss")
    >>> len(losses), losses[-1] < losses[0]
    (10, True)
    """
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"optimizer: expected one such as nd.Adam(), got {optimizer!r}")
    callbacks = _checked(callbacks)
    with net.access.changing("fit"), access_of(optimizer).changing("fit"):
        rows_in, target = net.check_xy(x, y)
        if net.features is None and frames.is_frame(x):
            net.features = frames.names(x)
        for name, values in (("x", rows_in), ("y", target)):
            _check_data(values, name)
        held_out = None if validation is None else tuple(map(net.bring, net.check_xy(*validation)))
        given = None if sample_weight is None else net.bring(weights(sample_weight, len(rows_in), net.dtype))
        rows_in, target = net.bring(rows_in), net.bring(target)
        epochs = checks.integer(epochs, "epochs", 1, 2**31)
        batch_size = min(checks.integer(batch_size, "batch_size", 1, 2**31), len(rows_in))
        if patience is not None:
            patience = checks.integer(patience, "patience", 1, 2**31)
            if held_out is None:
                raise InputError("patience: expected validation data to go with it, got none")
        training = Training(
            net,
            (rows_in, target),
            held_out,
            optimizer,
            epochs=epochs,
            batch_size=batch_size,
            patience=patience,
            dropout_schedule=dropout_schedule,
            callbacks=callbacks,
            weights=given,
        )
        saved = None if resume is None else checkpoints.read(resume)
        if saved is not None:
            training.check_state(resume, saved.position)
        try:
            training.prepare()
            if saved is not None:
                training.load_state(saved.position, saved.arrays)
                net.restore(saved.config, saved.weights)
            return training.run()
        finally:
            optimizer.end = None
            net.rate_scheduler.stop()


def _checked(callbacks: Iterable[Callback]) -> list[Callback]:
    """Return callbacks that can be called."""
    if isinstance(callbacks, Callback):
        raise TypeError("callbacks: expected a sequence of them, got one")
    found = list(callbacks)
    for callback in found:
        if not isinstance(callback, Callback):
            raise TypeError(f"callbacks: expected objects of Callback, got {callback!r}")
        if callback.every is not None:
            checks.integer(callback.every, f"every of {type(callback).__name__}", 1, 2**63)
    return found


def _check_data(values: Any, name: str) -> None:
    """Raise InputError where a value is no number, and say which; values on a device are brought to the host for it."""
    array = values.arrays.values if isinstance(values, SparseRows) else values
    array = on_host(array) if array.dtype.kind == "f" else np.empty(0)
    if not np.isfinite(array).all():
        place = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        row, column = values.place_of(place[0]) if isinstance(values, SparseRows) else place
        raise InputError(f"{name}: expected finite numbers, got {array[place]} at [{row}, {column}]")
