"""When scikit-learn's MLP stops, which our loop is told by a callback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..training.loop import Callback

__all__ = ["Stopping"]

LEAST_LR = 1e-6  # what learning_rate="adaptive" goes down to
DIVISOR = 5  # of the learning rate then


class Stopping(Callback):
    """Take the course of a fit down in an estimator, and stop it where there was no progress for some epochs.

    `score`, if there is one, returns that of the held-out rows: it then counts instead of the training loss, and the
    weights of the best epoch are kept.
    """

    def __init__(self, estimator: Any, score: Callable[[], float] | None):
        self.estimator, self.score = estimator, score
        self.waited, self.least = 0, np.inf
        self.best: dict[str, Any] = {}
        self.best_score = -np.inf

    def on_epoch_end(self, record: dict[str, Any]) -> None:
        """Note the loss, or the score, and stop after too many epochs without progress."""
        estimator = self.estimator
        estimator.n_iter_ += 1
        estimator.t_ += self.training.rows
        estimator.loss_ = record["loss"]
        estimator.loss_curve_.append(record["loss"])
        if estimator.verbose:
            print(f"Iteration {estimator.n_iter_}, loss = {record['loss']:.8f}")  # noqa: T201 - asked for by `verbose`
        better = self._better_loss() if self.score is None else self._better_score(self.score())
        self.waited = 0 if better else self.waited + 1
        if self.waited > estimator.n_iter_no_change:
            self._stop()

    def on_train_end(self, history: Any) -> None:
        """Go back to the best weights."""
        if self.best:
            self.training.net.load_state_dict(self.best)

    def _better_loss(self) -> bool:
        """Return whether the mean loss of the last epochs fell by `tol`: that of one alone is as the masks fall."""
        estimator = self.estimator
        estimator.best_loss_ = min(estimator.loss_, np.inf if estimator.best_loss_ is None else estimator.best_loss_)
        mean = float(np.mean(estimator.loss_curve_[-estimator.n_iter_no_change :]))
        better, self.least = mean <= self.least - estimator.tol, min(mean, self.least)
        return better

    def _better_score(self, score: float) -> bool:
        """Return whether the score rose by `tol`, and keep the weights of the best."""
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
        """Stop, or go on at a lower learning rate where that is asked for; say so."""
        estimator, optimizer, self.waited = self.estimator, self.training.optimizer, 0
        if estimator.solver == "sgd" and estimator.learning_rate == "adaptive" and optimizer.lr > LEAST_LR:
            optimizer.lr /= DIVISOR
            then = f"Setting learning rate to {optimizer.lr:f}"
        else:
            self.training.stop, then = True, "Stopping."
        if estimator.verbose:
            what = "Mean training loss" if self.score is None else "Validation score"
            epochs = f"{estimator.n_iter_no_change} consecutive epochs"
            print(f"{what} did not improve more than tol={estimator.tol:g} for {epochs}. {then}")  # noqa: T201
