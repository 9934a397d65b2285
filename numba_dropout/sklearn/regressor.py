"""The estimator for values."""

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
from .joblib_threads import own_threads

__all__ = ["DropoutMLPRegressor"]

CONSTANT = 1e-12  # a deviation below this share of the mean is rounding


class DropoutMLPRegressor(RegressorMixin, DropoutMLP):
    """Multilayer perceptron for values, one or several for each row, with dropout.

    Hidden layers are of ReLU, and weights begin as Glorot's uniform ones. X is taken as it is: put a `StandardScaler`
    before it. The target is learnt standardised, by the mean squared error, and predictions are in its own units.
    Several threads may predict at once; to fit while another thread uses the estimator raises RuntimeError.

    The parameters are those of `DropoutMLPClassifier`.

    Attributes
    ----------
    network_ : MLP
        The trained network.
    loss_curve_ : list of float
        Mean squared error of each epoch, of the standardised target, in training mode, without the penalty.
    best_loss_, loss_, n_iter_, t_, n_layers_, n_outputs_, out_activation_, coefs_, intercepts_ :
        As in `MLPRegressor`.
    validation_scores_, best_validation_score_ :
        With `early_stopping`: R2 on the rows held out.
    n_features_in_, feature_names_in_ :
        As in all estimators.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from numba_dropout.sklearn import DropoutMLPRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> own = DropoutMLPRegressor(32, dropout=0.2, learning_rate_init=0.01, early_stopping=True, random_state=0)
    >>> model = make_pipeline(StandardScaler(), own)
    >>> model.fit(X, y).score(X, y) > 0.5
    True
    >>> mean, std = model.predict(X[:2], return_std=True)
    >>> mean.shape, std.shape
    ((2,), (2,))
    """

    out_activation_ = "identity"

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> DropoutMLPRegressor:
        """Train for one epoch on some rows; those of the first call tell how the target is standardised."""
        self._partial_fit(X, y, sample_weight, None)
        return self

    @reads
    def predict(self, X: Any, return_std: bool = False) -> Any:
        """Return the values (rows,), or (rows, outputs) if several.

        With `return_std` the mean over draws of the dropout masks, `mc_samples` or 100, and their standard deviation in
        the target's units: how sure the network is of the value, without the noise around it (Gal & Ghahramani, ICML
        2016, section 4).
        """
        X = self._known(X)
        if return_std or self.mc_samples is not None:
            drawn = self._draws(X)
            mean, std = (self._shaped(values) for values in (drawn.mean, drawn.std))
            return (mean, std) if return_std else mean
        with own_threads():
            return self._shaped(self.network_.predictive(self.network_.outputs(X)))

    def _shaped(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return values (rows, outputs) as the target was given."""
        return values[:, 0] if self._columns == 1 else values

    def __sklearn_tags__(self) -> Any:
        """Say that a row may have several values."""
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
            raise ValueError(f"y: expected {self._columns} outputs as before, got shape {y.shape}")
        return y.reshape(-1, columns)

    def _loss(self) -> str:
        return "mse"

    def _outputs(self) -> int:
        return self._columns

    def _standardize(self, target: NDArray[Any], weight: Any) -> None:
        """Let the target be learnt less its mean, over its standard deviation, or as it is where it does not vary."""
        mean = np.average(target, 0, weight)
        deviation = np.sqrt(np.average((target - mean) ** 2, 0, weight))
        varies = deviation > CONSTANT * np.abs(mean)
        self._shift, self._stretch = mean, 1 / np.where(varies, deviation, 1.0)

    def _learnt(self, target: NDArray[Any]) -> NDArray[Any]:
        """Return the target standardised, in float64: as float32 it could be too coarse before."""
        self.network_.scale_target(0.0, 1.0)
        return (target - self._shift) * self._stretch

    def _name(self) -> None:
        """Let the network give values in the target's units."""
        super()._name()
        self.network_.scale_target(self._shift, self._stretch)

    def _score(self, X: Any, target: NDArray[Any], weight: Any) -> float:
        """Return R2."""
        return float(r2_score(target, self.network_.outputs(X), sample_weight=weight))
