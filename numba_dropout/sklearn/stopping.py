"""The stopping rule of scikit-learn's MLP, as a callback of the training loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..training.loop import Callback

__all__ = ["Stopping"]

LEAST_LR = 1e-6  # the lower limit of learning_rate="adaptive"
DIVISOR = 5  # divisor of the learning rate with learning_rate="adaptive"


class Stopping(Callback):
    """Callback that records the losses of a fit in an estimator, and stops after several epochs without progress.

    The optional function `score` returns the score of the held-out rows. It replaces the training loss in the stopping
    rule, and the weights of the best epoch are restored at the end.
    """

    def __init__(self, estimator: Any, score: Callable[[], float] | None):
        self.estimator, self.score = estimator, score
        self.waited, self.lowest = 0, np.inf
        self.best: dict[str, Any] = {}
        self.best_score = -np.inf

    def on_epoch_end(self, record: dict[str, Any]) -> None:
        """Record the loss or the score, and stop after too many epochs without progress."""
        estimator = self.estimator
        estimator.n_iter_ += 1
        estimator.t_ += self.training.rows
        estimator.loss_ = record["loss"]
        estimator.loss_curve_.append(record["loss"])
        if estimator.verbose:
            print(f"Iteration {estimator.n_iter_}, loss = {record['loss']:.8f}")  # noqa: T201 - requested with `verbose`
        better = self._better_loss() if self.score is None else self._better_score(self.score())
        self.waited = 0 if better else self.waited + 1
        if self.waited > estimator.n_iter_no_change:
            self._stop()

    def on_train_end(self, history: Any) -> None:
        """Restore the best weights."""
        if self.best:
            self.training.net.load_state_dict(self.best)

    def _better_loss(self) -> bool:
        """Return whether the mean loss of the last epochs fell by `tol`. A single epoch's loss depends on its masks."""
        estimator = self.estimator
        estimator.best_loss_ = min(estimator.loss_, np.inf if estimator.best_loss_ is None else estimator.best_loss_)
        mean = float(np.mean(estimator.loss_curve_[-estimator.n_iter_no_change :]))
        better, self.lowest = mean <= self.lowest - estimator.tol, min(mean, self.lowest)
        return better

    def _better_score(self, score: float) -> bool:
        """Return whether the score rose by `tol`, and keep the weights of the best score."""
        estimator = self.estimator
        estimator.validation_scores_ = [*(estimator.validation_scores_ or []), score]
        if estimator.verbose:
            print(f"Validation score: {score:f}")  # noqa: T201
        better = score >= self.best_score + estimator.tol
        if score > self.best_score or not self.best:
            self.best_score = score
            estimator.best_validation_score_ = max(estimator.validation_scores_)
            self.best = {name: np.array(value) for name, value in self.training.net.weights().items()}
        return bool(better)

    def _stop(self) -> None:
        """Stop, or continue with a lower learning rate if it is adaptive. Print a line with `verbose`."""
        estimator, optimizer, self.waited = self.estimator, self.training.optimizer, 0
        if estimator.solver == "sgd" and estimator.learning_rate == "adaptive" and optimizer.lr > LEAST_LR:
            optimizer.lr /= DIVISOR
            action = f"Setting learning rate to {optimizer.lr:f}"
        else:
            self.training.stop, action = True, "Stopping."
        if estimator.verbose:
            metric = "Mean training loss" if self.score is None else "Validation score"
            epochs = f"{estimator.n_iter_no_change} consecutive epochs"
            print(f"{metric} did not improve more than tol={estimator.tol:g} for {epochs}. {action}")  # noqa: T201
