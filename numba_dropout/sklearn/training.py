"""Training with the losses, gradients and penalty of scikit-learn's MLP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays.convert import on_host
from ..core.access import access_of
from ..nn.mlp import MLP
from ..training.callback import Callback
from ..training.loop import Training
from .optimizers import PenalizedAdam, PenalizedSGD

__all__ = ["EstimatorTraining", "poisson_constants", "scales", "squared_norm", "train"]


def scales(net: MLP) -> tuple[float, float]:
    """Return the factors from a network's gradient and from its loss to scikit-learn's.

    A network takes the mean over its outputs. scikit-learn adds up labels. Of squared errors it takes half the mean as
    the loss, and half the sum for the gradient.
    """
    outputs = net.sizes[-1]
    if net.loss == "cross_entropy":
        return 1.0, 1.0
    return (outputs / 2, 0.5) if net.loss == "mse" else (float(outputs), float(outputs))


def train(
    net: MLP,
    x: Any,
    y: Any,
    sample_weight: NDArray[Any] | None,
    *,
    optimizer: PenalizedSGD | PenalizedAdam,
    alpha: float,
    epochs: int,
    batch_size: int,
    shuffle: bool,
    callbacks: Sequence[Callback],
) -> None:
    """Train a network for some epochs with the penalty `alpha`.

    Raise Diverged if the loss becomes NaN or infinite, and RuntimeError if another thread uses the network.
    """
    with net.access.changing("fit"), access_of(optimizer).changing("fit"):
        training = EstimatorTraining(
            net,
            net.check_xy(x, y, finite=True),
            None,
            optimizer,
            epochs=epochs,
            batch_size=batch_size,
            accumulate=1,
            patience=None,
            dropout_schedule="constant",
            callbacks=callbacks,
        )
        training.shuffle = shuffle
        training.penalize(alpha, sample_weight)
        try:
            training.compile()
            training.run()
        finally:
            optimizer.end = None
            net.rate_scheduler.stop()


class EstimatorTraining(Training):
    """A run whose losses, gradients and penalty are scikit-learn's.

    A batch's loss and gradient are divided by its sum of sample weights. So is the penalty, alpha / 2 times the sum of
    squared weights, which is part of the loss. The sample weights of the network's passes carry all factors.
    """

    optimizer: PenalizedSGD | PenalizedAdam
    shuffle = True

    def penalize(self, alpha: float, sample_weight: NDArray[Any] | None) -> None:
        """Set the strength of the penalty and the sample weights, before `run`."""
        self._alpha, self._scales = alpha, scales(self.net)
        self._starts = np.arange(0, self.rows, self._step_rows)
        self._batch_rows = np.diff(self._starts, append=self.rows)
        self._decays = alpha / self._batch_rows
        self._squares = np.zeros(self.steps)  # the sum of squared weights before each step of the epoch
        self._offsets = np.zeros(self.steps)  # terms of the losses of batches without weights of the network
        self._constants = poisson_constants(self._data[1]) if self.net.loss == "poisson" else None
        self._row_weights: NDArray[np.float64] | None = None
        if sample_weight is not None:
            self._largest = float(np.abs(sample_weight).max()) or 1.0
            self._row_weights = np.asarray(sample_weight, np.float64) / self._largest  # the sum stays finite
        elif self._scales[0] != 1:
            self._set_weights(np.full(self.rows, self._scales[0]))

    def set_learning_rate(self, lr: float) -> None:
        """Set the learning rate of SGD after an epoch.

        scikit-learn's velocity has the rates of its steps as factors. Ours has none: it is multiplied by the ratio.
        """
        memory, state = self.net.memory, self.optimizer.state
        if lr and state is not None:
            memory.write(state, memory.read(state) * (self.optimizer.lr / lr))
        self.optimizer.lr = lr

    def _set_weights(self, values: NDArray[np.float64]) -> None:
        """Set the weights of the rows in the network's passes."""
        self._weights = self.net.to_device(values.astype(self.net.dtype))

    def compile(self) -> None:
        """Compile the kernels and create the optimizer's state."""
        if self._row_weights is not None:
            self._set_weights(self._row_weights)
        super().compile()

    def _order(self) -> NDArray[np.int64]:
        """Return the order of the rows in the epoch, for which it sets the weights and the decays."""
        order = super()._order() if self.shuffle else np.arange(self.rows)
        weights = np.ones(self.rows)
        if self._row_weights is not None:
            sums = np.add.reduceat(self._row_weights[order], self._starts)
            shares = np.divide(1.0, sums, out=np.zeros_like(sums), where=sums != 0)
            weights[order] = self._row_weights[order] * np.repeat(self._batch_rows * shares, self._batch_rows)
            self._set_weights(self._scales[0] * weights)
            self._decays = self._alpha * shares / self._largest
        if self._constants is not None:
            self._offsets = np.add.reduceat((self._constants * weights)[order], self._starts)
        return order

    def _train_steps(self, sums: NDArray[np.float64], rows: NDArray[np.int64]) -> None:
        """Train on consecutive steps of rows, each with its own decay.

        The penalty of a step's loss needs the weights before it. On a device, they are read once for all steps.
        """
        count = max(len(sums), 1)
        together = 1 if self._alpha and self.net.device == "cpu" else count
        for start in range(0, count, together):
            steps = slice(self.done + start, self.done + start + together)
            self.optimizer.decays = self._decays[steps] if len(sums) else np.empty(0)
            self._squares[steps] = self._sum_of_squares()
            part = rows[start * self._step_rows : (start + together) * self._step_rows]
            super()._train_steps(sums[start : start + together], part)

    def _sum_of_squares(self) -> float:
        """Return the sum of squared weights, or 0 without a penalty."""
        if not self._alpha:
            return 0.0
        return sum(squared_norm(value) for name, value in self.parameters().items() if name.endswith(".weight"))

    def _end_epoch(self) -> None:
        """End the epoch with scikit-learn's loss."""
        gradient_scale, loss_scale = self._scales
        self._sums[:, 0] *= loss_scale / gradient_scale
        self._sums[:, 0] += self._batch_rows * self._decays * self._squares / 2 + self._offsets
        self._sums[:, 1] /= gradient_scale
        super()._end_epoch()


def squared_norm(values: NDArray[Any]) -> float:
    """Return the sum of squares of a matrix. BLAS would start threads for it, which wait for those of the kernels."""
    return float(np.einsum("ij,ij", values, values))


def poisson_constants(y: Any) -> NDArray[np.float64]:
    """Return the terms of half the Poisson deviance that have no rate, y log(y) - y, for each row."""
    targets = on_host(y).astype(np.float64)
    return (targets * np.log(np.where(targets > 0, targets, 1.0)) - targets).sum(1)
