"""The training methods of a network: passes forward and backward, gradients, updates, and whole steps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arrays.convert import on_host
from ..arrays.sparse import arrays_of
from ..core import checks
from ..core.access import changes, reads
from ..core.errors import InputError
from ..optim import Optimizer
from ..optim.optimizer import check_optimizer
from . import inputs, passes
from .buffers import Rates, in_plain_tuples
from .prediction import Pass, Predictor
from .rate_schedules import RateScheduler

__all__ = ["Trainable"]


class Trainable(Predictor):
    """The training methods of a network."""

    device: str
    step: int
    rows: int | None
    variant: str
    weight_regularizer: float | None
    dropout_regularizer: float | None
    rate_scheduler: RateScheduler
    _changes: int
    _accumulated: tuple[Any, Any] | None
    _has_gradients: bool

    @reads
    def forward(
        self, x: ArrayLike, training: bool = False, step: int | None = None, row_offset: int = 0
    ) -> NDArray[Any]:
        """Return the network's outputs (rows, outputs) before the loss: logits, or standardized values.

        With training=True, it applies the masks of `step` (default: the next one), for rows from `row_offset` on, so
        chunks of a batch get the masks of the full batch.
        """
        batch = self.as_input(x)
        step = min(self.step, 2**32 - 1) if step is None else checks.integer(step, "step", 0, 2**32 - 1)
        row_offset = checks.integer(row_offset, "row_offset", 0, self._last_row - len(batch))
        with self.memory.turn():
            data, workspace = self.to_device(batch), self._take()
            try:
                workspace.reserve(len(data))
                out = self._pass(workspace, data, bool(training), step, row_offset, keep=True)
            except BaseException:
                self._state.give_back(workspace)
                raise
            self._passed.value = Pass(workspace, len(data), bool(training), step, row_offset, self._changes)
        return out

    @changes
    def backward(self, dout: ArrayLike) -> NDArray[Any]:
        """Return the gradient with respect to the input of the last `forward`, and fill `gradients()`.

        dout : array (rows, outputs), the gradient of a loss with respect to the outputs of `forward`.
        """
        if self._passed.value is None or self._passed.value.changes != self._changes:
            raise InputError("backward: expected a forward before it, in this thread")
        workspace, rows, training, step, row_offset, _ = self._passed.value
        values = on_host(dout).astype(self.dtype)
        if values.shape != (rows, self.sizes[-1]):
            raise InputError(f"dout: expected shape {(rows, self.sizes[-1])}, got {values.shape}")
        with self.memory.turn():
            workspace.set_doutput(values)
            with self.memory.working():
                self._passes().backward(workspace.arrays, rows, training, True, np.uint64(step), np.uint64(row_offset))
            self._has_gradients = True
            return workspace.dinput(rows)

    @changes
    def loss_and_gradients(
        self,
        x: ArrayLike,
        y: ArrayLike,
        *,
        row_offset: int = 0,
        batch_rows: int | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> tuple[float, dict[str, Any]]:
        """Return the loss of a batch in training mode, and `gradients()`. `update` then makes a step of them.

        The masks are those of the next step, `step`. The loss and the gradients of chunks of a batch add up to those of
        the batch.

        Parameters
        ----------
        x : array (rows, inputs)
            Rows of a batch.
        y : array
            Labels (rows,) or targets (rows, outputs).
        row_offset : int
            Number of the first row in the batch, for its masks.
        batch_rows : int, optional
            Number of rows of the batch, which the sums of losses and gradients are divided by: at least row_offset plus
            the rows of x. Default: the rows of x.
        sample_weight : array (rows,), optional
            Factors of the losses of the rows, of any sign. Unlike in `fit`, they are not scaled to a mean of 1.

        Examples
        --------
        >>> net = nd.MLP([2, 8, 3], dropout=0.5, seed=0)
        >>> x, labels = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([0, 2])
        >>> loss, gradients = net.loss_and_gradients(x, labels)
        >>> list(gradients)
        ['0.weight', '0.bias', '1.weight', '1.bias']
        >>> halves = [
        ...     net.loss_and_gradients(x[row : row + 1], labels[row : row + 1], row_offset=row, batch_rows=2)[0]
        ...     for row in range(2)
        ... ]
        >>> bool(np.isclose(sum(halves), loss))
        True
        """
        data, target = self.check_xy(x, y, stage=True)
        self._check_regularizers("loss_and_gradients")
        rows = len(data)
        row_offset = checks.integer(row_offset, "row_offset", 0, self._last_row - rows)
        if batch_rows is None:
            batch_rows = rows
        else:
            batch_rows = checks.integer(batch_rows, "batch_rows", row_offset + rows, 2**63 - 1)
        weights = None
        if sample_weight is not None:
            weights = self.to_device(inputs.weights(sample_weight, rows, self.dtype, scaled=False))
        step = checks.integer(self.step, "number of steps", 0, 2**32 - 1)
        thresholds, scales = self.rate_scheduler.at(step, 1)
        sums = np.empty(2)
        with self._workspace() as workspace:
            workspace.reserve(rows)
            with self.memory.working():
                self._passes(data, sample_weight=weights is not None).loss_and_gradients(
                    in_plain_tuples(workspace.net._replace(rates=Rates(thresholds[0], scales[0]))),
                    sums,
                    arrays_of(data),
                    target if weights is None else passes.Weighted(target, weights),
                    self._rows_of(rows),
                    batch_rows,
                    np.uint64(step),
                    np.uint64(row_offset),
                )
            self._has_gradients = True
        return float(sums[0] / batch_rows), self._state.gradients()

    @changes
    def update(self, optimizer: Optimizer) -> None:
        """Update the parameters with `gradients()`, after clipping them if the optimizer does, and advance `step`.

        You can change the gradients before: they are live views. Optimizers with a bound on the norm of the weights
        apply it afterwards. Raise ValueError if there are no gradients.

        Examples
        --------
        >>> net, optimizer = nd.MLP([2, 8, 3], seed=0), nd.SGD(lr=0.1)
        >>> x, labels = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([0, 2])
        >>> loss, gradients = net.loss_and_gradients(x, labels)
        >>> net.update(optimizer)
        >>> net.step
        1
        """
        check_optimizer(optimizer)
        self._check_gradients("update")
        with optimizer.access.changing("update"), self._workspace() as workspace:
            self._check_regularizers("update")
            checks.integer(self.step + 1, "number of steps", 0, 2**32)
            state, hyperparameters = self.state_of(optimizer), optimizer.hyperparameters(1, self.dtype)
            workspace.reserve(1)
            self._changes += 1
            with self.memory.working():
                update = self._passes(update=optimizer.update, bounds=optimizer.bounds).update
                update(workspace.arrays, state, hyperparameters[0], self.dtype.type(optimizer.max_norm or 0))
            self.step += 1
            optimizer.step += 1

    @reads
    def gradients(self) -> dict[str, Any]:
        """Return live views of the gradients of the last backward pass, under the names of `state_dict`.

        Raise ValueError before the first, and after a training step, which does not keep all gradients.
        """
        self._check_gradients("gradients")
        return self._state.gradients()

    @changes
    def train_step(self, x: ArrayLike, y: ArrayLike, optimizer: Optimizer) -> float:
        """Train on one batch: run forward, backward and the update. Return the mean loss and advance `step`.

        x : array (rows, inputs). y : labels (rows,) or targets (rows, outputs).
        """
        data, target = self.check_xy(x, y, stage=True)
        self._check_regularizers("train_step")
        sums = np.empty((1, 2))
        self.train_steps(sums, data, target, self._rows_of(len(data)), len(data), optimizer)
        return float(sums[0, 0] / len(data))

    @changes
    def train_steps(
        self,
        sums: NDArray[np.float64],
        data: NDArray[Any],
        target: NDArray[Any],
        rows: NDArray[np.int64],
        batch_size: int,
        optimizer: Optimizer,
        weights: Any = None,
        *,
        chunk_size: int | None = None,
    ) -> None:
        """Train on len(sums) consecutive batches of rows of the data, without Python between steps.

        sums (S, 2) receives the sums of losses and correct predictions of each batch. `data`, `target` and the optional
        `weights` (rows,) are arrays that `check_xy` returned, without checks. Advances `step` and the optimizer's.
        With `chunk_size`, a batch runs in chunks of this number of rows, whose gradients are added.
        """
        check_optimizer(optimizer)
        if rows.base is not self._rows:
            inputs.check_rows(rows, batch_size, data, target, weights)
        with optimizer.access.changing("train_steps"), self._workspace() as workspace:
            workspace.reserve(batch_size if chunk_size is None else chunk_size)
            accumulation = None if chunk_size is None else (*self._sums_of_chunks(), chunk_size)
            state = self.state_of(optimizer)
            hyperparameters = optimizer.hyperparameters(len(sums), self.dtype)
            max_norm = self.dtype.type(optimizer.max_norm or 0)
            step = checks.integer(self.step + len(sums), "number of steps", 0, 2**32) - len(sums)
            self._changes += 1
            self._has_gradients = False
            sums[:] = -1.0  # no loss is negative: other values mark completed steps
            try:
                with self.memory.working():
                    self._passes(
                        data, optimizer.update, optimizer.bounds, weights is not None, chunk_size is not None
                    ).train_steps(
                        workspace.arrays,
                        accumulation,
                        sums,
                        arrays_of(data),
                        target if weights is None else passes.Weighted(target, weights),
                        rows,
                        batch_size,
                        step,
                        state,
                        hyperparameters,
                        *self.rate_scheduler.at(step, len(sums)),
                        max_norm,
                    )
            finally:  # the call raises KeyboardInterrupt after its steps, or before the first of them
                complete = len(sums) and sums[-1, 0] != -1.0
                done = len(sums) if complete else int(np.count_nonzero(sums[:, 0] != -1.0))
                self.step += done
                optimizer.step += done

    def _sums_of_chunks(self) -> tuple[Any, Any]:
        """Return arrays for the sums of the gradients (P,), and of losses and correct predictions (2,), of chunks."""
        if self._accumulated is None:
            memory, params = self.memory, self._state.net.master.values
            self._accumulated = memory.zeros(params.size, params.dtype), memory.zeros(2, np.float64)
        return self._accumulated

    def state_of(self, optimizer: Optimizer) -> Any:
        """Return an optimizer's state (slots, P) for this network, initially zeros, and bind it to the network.

        A pickled optimizer keeps its state if the size matches the network.
        """
        params, saved = self._state.net.master.values, optimizer.state
        if optimizer.params is not None or saved is None:
            return optimizer.bind(params, self.memory.zeros)
        if saved.shape[1:] != tuple(params.shape):
            raise InputError("optimizer: expected a new one, got one that has trained another network")
        optimizer.state = None
        state = optimizer.bind(params, self.memory.zeros)
        self.memory.write(state, saved)
        return state

    def _check_gradients(self, method: str) -> None:
        """Raise InputError if there are no gradients of a whole pass."""
        if not self._has_gradients:
            raise InputError(f"{method}: expected loss_and_gradients or backward before it, after any training step")

    def _check_regularizers(self, method: str) -> None:
        """Raise InputError if the strengths of regularizers are missing."""
        regularization = self.weight_regularizer, self.dropout_regularizer
        if self.variant == "concrete" and self.rows is None and None in regularization:
            raise InputError(
                f"{method}: expected a network with weight_regularizer and dropout_regularizer, or one trained by "
                "`fit`, which sets the number of rows"
            )
