"""The estimator for regression."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils.validation import column_or_1d

from ..core.access import reads
from .base import DropoutMLP
from .joblib_threads import limit_threads

__all__ = ["DropoutMLPRegressor"]

CONSTANT = 1e-12  # a standard deviation of at most this multiple of the mean is a rounding error


class DropoutMLPRegressor(RegressorMixin, DropoutMLP):
    """Multilayer perceptron for one or several values, with dropout.

    Weights start with Glorot's uniform initialization if the activations are scikit-learn's, else with the one that
    fits (docs/activations.md). X is not scaled: put a `StandardScaler` before the estimator. Training minimizes the
    mean squared error of the standardized target, and predictions are in the target's units. Several threads may
    predict at once. Fitting while another thread uses the estimator raises RuntimeError.

    The parameters are those of `DropoutMLPClassifier`.

    Attributes
    ----------
    network_ : MLP
        The trained network.
    loss_curve_ : list of float
        Mean squared error of the standardized target for each epoch, in training mode, without the penalty.
    best_loss_, loss_, n_iter_, t_, n_layers_, n_outputs_, out_activation_, coefs_, intercepts_ :
        See `MLPRegressor`.
    validation_scores_, best_validation_score_ :
        R2 on the held-out rows, only with `early_stopping`.
    n_features_in_, feature_names_in_ :
        See any estimator.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from numba_dropout.sklearn import DropoutMLPRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> regressor = DropoutMLPRegressor(32, dropout=0.2, learning_rate_init=0.01, early_stopping=True, random_state=0)
    >>> model = make_pipeline(StandardScaler(), regressor)
    >>> model.fit(X, y).score(X, y) > 0.5
    True
    >>> mean, std = model.predict(X[:2], return_std=True)
    >>> mean.shape, std.shape
    ((2,), (2,))
    """

    out_activation_ = "identity"

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> DropoutMLPRegressor:
        """Train for one epoch on a batch of rows. The first call fixes the standardization of the target."""
        self._partial_fit(X, y, sample_weight, None)
        return self

    @reads
    def predict(self, X: Any, return_std: bool = False) -> Any:
        """Return the values (rows,), or (rows, outputs) for several outputs.

        With `return_std`, return the mean and the standard deviation over samples of the dropout masks, `mc_samples` or
        100, in the target's units. The standard deviation is the uncertainty of the network, without the noise of the
        target (Gal & Ghahramani, ICML 2016, section 4).
        """
        X = self._validated_x(X)
        if return_std or self.mc_samples is not None:
            samples = self._sample(X)
            mean, std = (self._shaped(values) for values in (samples.mean, samples.std))
            return (mean, std) if return_std else mean
        with limit_threads():
            return self._shaped(self.network_.predictive(self.network_.outputs(X)))

    def _shaped(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return values (rows, outputs) in the shape of the training target."""
        return values[:, 0] if self._columns == 1 else values

    def __sklearn_tags__(self) -> Any:
        """Return scikit-learn's tags, with support for several outputs."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _target_options(self) -> dict[str, Any]:
        return {"y_numeric": True}

    def _encoded(self, y: NDArray[Any], *, reset: bool, classes: Sequence[Any] | None) -> NDArray[Any]:
        """Return y (rows, outputs) as float64."""
        y = np.asarray(y, np.float64)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        columns = 1 if y.ndim == 1 else y.shape[1]
        if reset:
            self._columns = columns
        elif columns != self._columns:
            raise ValueError(f"y: expected {self._columns} output(s) as in the first call, got shape {y.shape}")
        return y.reshape(-1, columns)

    def _loss(self) -> str:
        return "mse"

    def _outputs(self) -> int:
        return self._columns

    def _standardize(self, target: NDArray[Any], weight: Any) -> None:
        """Set mean and scale of each output from the target. A constant output is only centered."""
        mean = np.average(target, 0, weight)
        deviation = np.sqrt(np.average((target - mean) ** 2, 0, weight))
        varies = deviation > CONSTANT * np.abs(mean)
        self._target_mean, self._target_scale = mean, 1 / np.where(varies, deviation, 1.0)

    def _scaled(self, target: NDArray[Any]) -> NDArray[Any]:
        """Return the standardized target, computed in float64 because float32 may be too coarse before scaling."""
        self.network_.scale_target(0.0, 1.0)
        return (target - self._target_mean) * self._target_scale

    def _finish_network(self) -> None:
        """Set the names of the features and the scaling of the target in the network."""
        super()._finish_network()
        self.network_.scale_target(self._target_mean, self._target_scale)

    def _score(self, X: Any, target: NDArray[Any], weight: Any) -> float:
        """Return R2."""
        return float(r2_score(target, self.network_.outputs(X), sample_weight=weight))
