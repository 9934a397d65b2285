"""The function `fit`: checks of the arguments, then the training loop."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from numpy.typing import ArrayLike

from ..arrays import frames
from ..core import checks
from ..core.access import access_of
from ..core.errors import InputError
from ..nn.inputs import weights
from ..nn.mlp import MLP
from ..nn.rate_schedules import RateSchedule
from ..optim import Optimizer
from ..optim.optimizer import check_optimizer
from . import checkpoints
from .callback import Callback, History
from .loop import Diverged, Training

__all__ = ["Callback", "Diverged", "History", "check_callbacks", "fit"]


def fit(
    net: MLP,
    x: ArrayLike,
    y: ArrayLike,
    *,
    optimizer: Optimizer,
    epochs: int = 5,
    batch_size: int = 32,
    accumulate: int = 1,
    validation: tuple[ArrayLike, ArrayLike] | None = None,
    patience: int | None = None,
    dropout_schedule: str | RateSchedule = "constant",
    sample_weight: ArrayLike | None = None,
    callbacks: Iterable[Callback] = (),
    resume: str | os.PathLike[str] | None = None,
) -> History:
    """Train a network for some epochs and return its history.

    Parameters
    ----------
    net : MLP
        Training continues from its `step` and `epoch`.
    x : array (rows, inputs), or a frame of pandas or polars
        uint8, float32 and float64 stay as they are, other integers become float64. SciPy's sparse arrays stay
        compressed. The column names of a frame become the network's `features` if it has none.
    y : array
        Labels (rows,) or targets (rows, outputs).
    optimizer : Optimizer
        It keeps its state, from which a second call continues.
    epochs, batch_size : int
        A batch size above the number of rows is reduced to it.
    accumulate : int
        Number of batches whose gradients make one step. The step is that of one batch of `accumulate * batch_size`
        rows, masks included, up to rounding, with buffers for `batch_size` rows.
    validation : (x, y), optional
        Data to evaluate after each epoch.
    patience : int, optional
        Stop after this number of epochs without a better validation loss, and restore the best weights.
    dropout_schedule : str or callable
        Schedule of the network's dropout rates: "constant", "linear", "cosine", "curriculum", "early", or a function of
        (steps (n,), total steps) that returns factors (n,) on the rates (`rate_schedules`). Steps count from the
        network's first one, and the total includes those of this call: a second call continues. After training, all
        steps have the network's own rates again, also in `forward(training=True)`.
    sample_weight : array (rows,), optional
        Weights of the rows' losses, at least 0. They are divided by their mean: an epoch's loss and accuracy are
        weighted means, and equal weights have no effect.
    callbacks : iterable of Callback
        They are called in this order.
    resume : path, optional
        A file that `Checkpoint` wrote in a run with the same settings, network and data. The network and the optimizer
        are restored, and training continues. It ends with the same bits as without interruption. Schedules that are
        functions are compared by name only.

    Raises
    ------
    Diverged
        The loss became NaN or infinite. After a KeyboardInterrupt, the network has the state of the last step.
    ValueError, TypeError
        An argument is invalid.
    RuntimeError
        Another thread uses the network or the optimizer. Other threads' calls with them raise it while `fit` runs.

    Examples
    --------
    >>> x = np.linspace(-1, 1, 100)[:, None]
    >>> net = nd.MLP([1, 16, 1], dropout=0.1, loss="mse", seed=0)
    >>> history = nd.fit(net, x, x**2, optimizer=nd.Adam(lr=0.02), epochs=10, batch_size=10)
    >>> losses = history.column("loss")
    >>> len(losses), losses[-1] < losses[0]
    (10, True)
    """
    check_optimizer(optimizer)
    callbacks = check_callbacks(callbacks)
    with net.access.changing("fit"), access_of(optimizer).changing("fit"):
        data = net.check_xy(x, y, finite=True)
        if net.features is None and frames.is_frame(x):
            net.features = frames.names(x)
        validation_data = None if validation is None else _check_validation(net, *validation)
        rows = len(data[0])
        row_weights = None if sample_weight is None else net.to_device(weights(sample_weight, rows, net.dtype))
        epochs = checks.integer(epochs, "epochs", 1, 2**31)
        batch_size = min(checks.integer(batch_size, "batch_size", 1, 2**31), rows)
        accumulate = checks.integer(accumulate, "accumulate", 1, 2**31)
        if patience is not None:
            patience = checks.integer(patience, "patience", 1, 2**31)
            if validation_data is None:
                raise InputError("patience: expected validation data with it, got none")
        training = Training(
            net,
            data,
            validation_data,
            optimizer,
            epochs=epochs,
            batch_size=batch_size,
            accumulate=accumulate,
            patience=patience,
            dropout_schedule=dropout_schedule,
            callbacks=callbacks,
            weights=row_weights,
        )
        saved = None if resume is None else checkpoints.read(resume)
        if saved is not None:
            training.check_state(resume, saved.position)
        try:
            training.compile()
            if saved is not None:
                training.load_state(saved.position, saved.arrays)
                net.restore(saved.config, saved.weights)
            return training.run()
        finally:
            optimizer.end = None
            net.rate_scheduler.stop()


def _check_validation(net: MLP, x: ArrayLike, y: ArrayLike) -> tuple[Any, Any]:
    """Return validation data in the form that kernels take. Messages begin with "validation"."""
    try:
        return net.check_xy(x, y, finite=True)
    except InputError as error:
        raise InputError(f"validation {error}") from None


def check_callbacks(callbacks: Iterable[Callback]) -> list[Callback]:
    """Return the callbacks as a list after checking their types."""
    if isinstance(callbacks, Callback):
        raise TypeError("callbacks: expected a sequence of callbacks, got one callback; put it in a list")
    result = list(callbacks)
    for callback in result:
        if not isinstance(callback, Callback):
            raise TypeError(f"callbacks: expected Callback objects, got {callback!r}")
        if callback.every is not None:
            checks.integer(callback.every, f"every of {type(callback).__name__}", 1, 2**63)
    return result
