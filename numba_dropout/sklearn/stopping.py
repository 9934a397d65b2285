"""The stopping rule and the learning rates of scikit-learn's MLP, as a callback of the training loop."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from ..nn.mlp import MLP
from ..training.callback import Callback
from ..training.loop import Diverged
from .progress import print_iteration
from .training import EstimatorTraining

__all__ = ["NON_FINITE", "Stopping"]

LEAST_LR = 1e-6  # the lower limit of learning_rate="adaptive"
DIVISOR = 5  # divisor of the learning rate with learning_rate="adaptive"
NON_FINITE = (
    "Solver produced non-finite parameter weights. The input data may contain large values and need to be preprocessed."
)


class Stopping(Callback):
    """Callback that records the losses of a fit in an estimator, and stops after several epochs without progress.

    The optional function `score` returns the score of the held-out rows. It replaces the training loss in the stopping
    rule, and the weights of the best epoch are restored at the end.
    """

    training: EstimatorTraining

    def __init__(self, estimator: Any, score: Callable[[], float] | None):
        self.estimator, self.score = estimator, score
        self.stopped = False
        self.random = False  # whether training has dropout, so that losses vary with the masks

    def on_train_begin(self, net: MLP, epochs: int, steps: int) -> None:
        """Keep the initial weights until an epoch has better ones."""
        estimator = self.estimator
        self.random = any(np.any(rate) for rate in net.rates)
        if self.score is not None and not estimator._best_weights:
            estimator._best_weights = _copied(net)

    def on_epoch_end(self, record: dict[str, Any]) -> None:
        """Record the loss or the score, set the learning rate, and stop after too many epochs without progress."""
        estimator = self.estimator
        estimator.n_iter_ += 1
        estimator.t_ += self.training.rows
        estimator.loss_ = record["loss"]
        estimator.loss_curve_.append(record["loss"])
        if estimator.verbose == 1:
            print_iteration(estimator.n_iter_, record["loss"])
        better = self._better_loss() if self.score is None else self._better_score(self.score())
        estimator._no_improvement_count = 0 if better else estimator._no_improvement_count + 1
        if estimator.solver == "sgd" and estimator.learning_rate == "invscaling":
            with np.errstate(over="ignore"):
                divisor = np.float64(estimator.t_ + 1) ** estimator.power_t
            self.training.set_learning_rate(float(estimator.learning_rate_init / divisor))
        if estimator._no_improvement_count > estimator.n_iter_no_change:
            self._stop()

    def on_train_end(self, history: Any) -> None:
        """Restore the best weights."""
        self.stopped = self.training.stop
        self._restore()

    def end(self) -> None:
        """End an interrupted run: restore the best weights."""
        self.stopped = True
        self._restore()

    def diverge(self, error: Diverged) -> None:
        """End a run whose loss became NaN or infinite.

        Restore the best weights and warn, or raise ValueError if no scores tell which they are.
        """
        estimator, reason = self.estimator, str(error).partition(";")[0]
        if self.score is None:
            raise ValueError(f"{NON_FINITE} ({reason}; a lower learning_rate_init may help)") from error
        estimator.n_iter_ += 1
        estimator.loss_ = math.nan
        estimator.loss_curve_.append(math.nan)
        estimator.validation_scores_ = [*(estimator.validation_scores_ or []), math.nan]
        warnings.warn(f"{reason}; the weights of the best epoch are kept", ConvergenceWarning, stacklevel=5)
        self.end()

    def _restore(self) -> None:
        """Restore the best weights of all fits with early stopping since the network was new."""
        if self.score is not None and self.estimator._best_weights:
            self.estimator.network_.load_state_dict(self.estimator._best_weights)

    def _better_loss(self) -> bool:
        """Return whether the loss fell by `tol`: with dropout, whose masks vary, the mean loss of the last epochs."""
        estimator, mean = self.estimator, self.estimator.loss_curve_[-1]
        if self.random:
            window = int(min(estimator.n_iter_no_change, len(estimator.loss_curve_)))
            mean = float(np.mean(estimator.loss_curve_[-window:]))
        better = mean <= estimator._least_loss - estimator.tol
        estimator._least_loss = min(mean, estimator._least_loss)
        estimator.best_loss_ = min(estimator.loss_, np.inf if estimator.best_loss_ is None else estimator.best_loss_)
        return better

    def _better_score(self, score: float) -> bool:
        """Return whether the score rose by `tol`, and keep the weights of the best score."""
        estimator = self.estimator
        estimator.validation_scores_ = [*(estimator.validation_scores_ or []), score]
        if estimator.verbose == 1:
            print(f"Validation score: {score:f}")  # noqa: T201 - requested with `verbose`
        best = -np.inf if estimator.best_validation_score_ is None else estimator.best_validation_score_
        if score > best:
            estimator.best_validation_score_, estimator._best_weights = score, _copied(self.training.net)
        return score >= best + estimator.tol

    def _stop(self) -> None:
        """Stop, or continue with a lower learning rate if it is adaptive. Print a line with `verbose`."""
        estimator, lr, action = self.estimator, self.training.optimizer.lr, "Stopping."
        adaptive = estimator.solver == "sgd" and estimator.learning_rate == "adaptive"
        if adaptive and lr > LEAST_LR:
            self.training.set_learning_rate(lr / DIVISOR)
            estimator._no_improvement_count = 0
            action = f"Setting learning rate to {lr / DIVISOR:f}"
        else:
            self.training.stop = True
            action = "Learning rate too small. Stopping." if adaptive else "Stopping."
        if estimator.verbose == 1:
            metric = "Training loss" if self.score is None else "Validation score"
            epochs = f"{estimator.n_iter_no_change} consecutive epochs"
            print(f"{metric} did not improve more than tol={estimator.tol:f} for {epochs}. {action}")  # noqa: T201


def _copied(net: MLP) -> dict[str, NDArray[Any]]:
    """Return copies of the parameters of a network."""
    return {name: np.array(value) for name, value in net.weights().items()}
