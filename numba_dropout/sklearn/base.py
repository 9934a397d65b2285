"""The base class of the estimators: fits and partial fits."""

from __future__ import annotations

import functools
import warnings
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.optimize import _check_optimize_result
from sklearn.utils.validation import _check_sample_weight, check_X_y, validate_data

from ..arrays.sparse import check_source
from ..core.access import access_of
from ..training.callback import Callback
from ..training.checkpoints import Checkpoint
from ..training.fit import check_callbacks
from ..training.loop import Diverged
from .categorical_features import encoder_of
from .fitted import DTYPES, SPARSE
from .held_out import split
from .joblib_threads import limit_threads
from .lbfgs import minimize_loss
from .new_network import WithNetwork
from .optimizers import PenalizedAdam, PenalizedSGD
from .progress import IterationLines, ProgressBar
from .stopping import NON_FINITE, Stopping
from .training import train

__all__ = ["DropoutMLP"]

AUTO_BATCH = 200


class DropoutMLP(WithNetwork):
    """A multilayer perceptron with dropout. `DropoutMLPClassifier` documents the parameters."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Train a network on X (rows, features), an array, data frame or sparse matrix, and the target y.

        Parameters
        ----------
        X : array-like or sparse matrix (rows, features)
            Numbers. uint8 and float32 stay as they are, other dtypes become float64, and sparse rows stay sparse. A
            data frame may have categories, dates and missing values too (`categorical_features`).
        y : array-like (rows,) or (rows, outputs)
            Classes, an indicator matrix of labels, or values.
        sample_weight : array-like (rows,), optional
            Weights of the rows' losses.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            A parameter or the data are invalid, or the loss became NaN or infinite without `early_stopping`.
        RuntimeError
            Another thread uses the estimator. Until `fit` returns, other threads' calls with it raise this error.
        """
        with access_of(self).changing("fit"):
            self._validate_params()
            first = not (self.warm_start and hasattr(self, "network_"))
            X, target = self._validated(X, y, reset=first, classes=None)
            self._train(X, target, sample_weight, new_network=first, new_optimizer=True, epochs=self.max_iter)
        if self.solver != "lbfgs" and self.n_iter_ == self.max_iter and not self._stopped:
            warnings.warn(
                f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) reached and the optimization hasn't "
                "converged yet.",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

    def _partial_fit(self, X: Any, y: Any, sample_weight: Any, classes: Any) -> Any:
        """Train for one more epoch."""
        with access_of(self).changing("partial_fit"):
            self._validate_params()
            if self.early_stopping:
                raise ValueError("partial_fit does not support early_stopping=True")
            first = not hasattr(self, "network_")
            X, target = self._validated(X, y, reset=first, classes=classes)
            self._train(X, target, sample_weight, new_network=first, new_optimizer=first, epochs=1)
        return self

    def _validated(self, X: Any, y: Any, *, reset: bool, classes: Any) -> tuple[Any, NDArray[Any]]:
        """Return the validated X and the encoded target."""
        check_source(X)
        check_source(y, "y")
        if reset:
            self._frame_encoder = encoder_of(X, self.categorical_features)
            self._dtype = "float64" if self.dtype == "auto" else self.dtype
        options = {"accept_sparse": SPARSE, "dtype": DTYPES[self._dtype], "multi_output": True}
        if self._frame_encoder is None:
            X, y = validate_data(self, X, y, reset=reset, **options, **self._target_options())
        else:
            validate_data(self, X, reset=reset, skip_check_array=True)
            X, y = check_X_y(self._frame_encoder.transform(X), y, **options, **self._target_options())
        if reset and self.dtype == "auto" and (X.dtype != np.float64 or self.device != "cpu"):
            self._dtype = "float32"
        return X, self._encoded(y, reset=reset, classes=classes)

    def _train(
        self, X: Any, target: NDArray[Any], sample_weight: Any, *, new_network: bool, new_optimizer: bool, epochs: int
    ) -> None:
        """Train the network for some epochs, optionally with a new network or a new optimizer."""
        weight = None if sample_weight is None else _check_sample_weight(sample_weight, X)
        weight = self._row_weights(target, weight)
        if self.solver == "lbfgs":
            self._check_lbfgs()
        if new_network:
            self._new_network(target, weight)
        elif self._architecture != self._current_architecture():
            current = self._current_architecture()
            before = {name: value for name, value in self._architecture.items() if current[name] != value}
            after = {name: current[name] for name in before}
            raise ValueError(f"expected {before} as in the first fit, got {after}; clone the estimator to change this")
        elif self.solver != "lbfgs" and not hasattr(self, "loss_curve_"):  # the network was trained by L-BFGS
            self._reset_records()
        rows: tuple[Any, Any, Any] = (X, self._scaled(target), weight)
        self.n_iter_ = 0
        callbacks = [*check_callbacks(() if self.callbacks is None else self.callbacks)]
        bar = ProgressBar(self) if self.verbose > 1 else None
        called = callbacks if bar is None else [bar, *callbacks]
        try:
            with limit_threads():
                if self.solver == "lbfgs":
                    self._minimize(rows, called)
                else:
                    rows = self._train_epochs(rows, self._classes_of(target), called, new_optimizer, epochs)
                self._learn_noise(*rows)
        finally:
            if bar is not None:
                bar.close()
            for callback in callbacks:  # copies of the estimator do not copy the run
                callback.__dict__.pop("training", None)
            self._finish_network()

    def _minimize(self, rows: tuple[Any, Any, Any], callbacks: list[Callback]) -> None:
        """Train with L-BFGS, without dropout."""
        options: dict[str, Any] = {name: getattr(self, name) for name in ("alpha", "max_iter", "max_fun", "tol")}
        if self.verbose == 1:
            callbacks = [IterationLines(), *callbacks]
        result, self.loss_ = minimize_loss(self.network_, *rows, callbacks=callbacks, **options)
        if not np.isfinite(result.x).all():
            raise ValueError(NON_FINITE)
        self.n_iter_ = _check_optimize_result("lbfgs", result, self.max_iter)

    def _train_epochs(
        self,
        rows: tuple[Any, Any, Any],
        classes: NDArray[Any] | None,
        callbacks: list[Callback],
        new_optimizer: bool,
        epochs: int,
    ) -> tuple[Any, Any, Any]:
        """Train for some epochs, and return the held-out rows of early stopping, or all without it."""
        held_out: tuple[Any, Any, Any] | None = None
        if self.early_stopping:
            rows, held_out = split(rows, classes, fraction=self.validation_fraction, seed=self._seed)
        if new_optimizer:
            self._optimizer = self._new_optimizer()
        stopping = Stopping(self, functools.partial(self._score, *held_out) if held_out else None)
        try:
            train(
                self.network_,
                *rows,
                optimizer=self._optimizer,
                alpha=self.alpha,
                epochs=epochs,
                batch_size=self._batch_rows(rows[0].shape[0]),
                shuffle=self.shuffle,
                callbacks=[stopping, *callbacks],
            )
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=4)
            stopping.end()
        except Diverged as error:
            stopping.diverge(error)
        self._stopped = stopping.stopped
        return held_out or rows

    def _check_lbfgs(self) -> None:
        """Raise ValueError for parameters that L-BFGS cannot have: its loss must not change between evaluations."""
        for name in ("dropout", "input_dropout"):
            if np.any(np.asarray(getattr(self, name), np.float64)):
                raise ValueError(f"{name}: expected 0 with solver='lbfgs', got {getattr(self, name)!r}")
        if self.max_norm is not None:
            raise ValueError(f"max_norm: expected None with solver='lbfgs', got {self.max_norm!r}")
        if any(isinstance(callback, Checkpoint) for callback in self.callbacks or ()):
            raise ValueError("callbacks: a Checkpoint needs the solver 'adam' or 'sgd', got 'lbfgs'")

    def _batch_rows(self, rows: int) -> int:
        """Return the number of rows in a batch."""
        size = AUTO_BATCH if self.batch_size == "auto" else int(self.batch_size)
        if size > rows and self.batch_size != "auto":
            message = "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped"
            warnings.warn(message, stacklevel=5)
        return min(size, rows)

    def _new_optimizer(self) -> PenalizedSGD | PenalizedAdam:
        """Return an optimizer with the estimator's parameters."""
        options: dict[str, Any] = {"lr": self.learning_rate_init, "max_norm": self.max_norm}
        if self.solver == "adam":
            return PenalizedAdam(beta1=self.beta_1, beta2=self.beta_2, eps=self.epsilon, **options)
        return PenalizedSGD(momentum=self.momentum, nesterov=self.nesterovs_momentum and self.momentum > 0, **options)

    # ------------------------------------------------------------ methods of the classifier and the regressor

    @abstractmethod
    def _target_options(self) -> dict[str, Any]:
        """Return options for `validate_data` that concern the target."""

    @abstractmethod
    def _encoded(self, y: NDArray[Any], *, reset: bool, classes: Sequence[Any] | None) -> NDArray[Any]:
        """Return the target as class numbers, labels or values."""

    @abstractmethod
    def _classes_of(self, target: NDArray[Any]) -> NDArray[Any] | None:
        """Return the classes of an encoded target, or None if rows do not have one class each."""

    @abstractmethod
    def _row_weights(self, target: NDArray[Any], weight: NDArray[Any] | None) -> NDArray[Any] | None:
        """Return the weights of rows with an encoded target, from their sample weights."""

    @abstractmethod
    def _scaled(self, target: NDArray[Any]) -> NDArray[Any]:
        """Return the target that the network is trained on."""

    @abstractmethod
    def _learn_noise(self, X: Any, target: NDArray[Any], weight: Any) -> None:
        """Learn the noise of values from rows with a target that the network was trained on."""

    @abstractmethod
    def _score(self, X: Any, target: NDArray[Any], weight: Any) -> float:
        """Return the score of rows with an encoded target."""
