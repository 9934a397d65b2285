"""The estimator for regression."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import column_or_1d

from ..core.access import reads
from ..training.intervals import ValueSpread, check_level, value_spread
from ..training.noise import Noise
from .base import DropoutMLP
from .fitted import MC_SAMPLES
from .joblib_threads import limit_threads
from .parameters import has_epochs, with_common_parameters

__all__ = ["DropoutMLPRegressor"]

CONSTANT = 1e-12  # a standard deviation of at most this multiple of the mean is a rounding error


class DropoutMLPRegressor(RegressorMixin, DropoutMLP):
    """Multilayer perceptron for one or several values, with dropout.

    Weights start with Glorot's uniform initialization if the activations are scikit-learn's, else with the one that
    fits (docs/activations.md). X is not scaled: put a `StandardScaler` before the estimator. Training minimizes half
    the squared error of the standardized target, added up over outputs, and predictions are in the target's units.
    Several threads may predict at once. Fitting while another thread uses the estimator raises RuntimeError.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(100,)
        Units of the hidden layers.
    activation : str or sequence of str, default="relu"
        Activation of the hidden layers, one for all or one for each: "identity", "logistic", "tanh", "relu", or another
        of docs/activations.md.
    loss : {"squared_error", "poisson"}, default="squared_error"
        "poisson" is half the deviance of counts at least 0. Their rates are the exponentials of the outputs, and the
        target is not standardized.
    dropout : float or sequence, default=0.5
        Probability of dropping a hidden unit in training, one number or one for each hidden layer.
    input_dropout : float or array (features,), default=0.0
        Probability of dropping a feature in training, one number or one for each feature.
    max_norm : float, optional
        Upper bound on the norm of each hidden unit's incoming weights.
    solver : {"adam", "sgd", "lbfgs"}, default="adam"
        "lbfgs" (SciPy's) needs dropout=0, because its loss must not change between evaluations.
    alpha : float, default=0.0001
        L2 penalty: alpha / 2 times the sum of squared weights, divided by the number of rows of each batch, or by its
        sum of sample weights.
    batch_size : int or "auto", default="auto"
        Rows of a batch. "auto" is 200, or the number of rows if there are fewer.
    learning_rate : {"constant", "invscaling", "adaptive"}, default="constant"
        For "sgd": constant, divided by the power `power_t` of the number of rows used so far, or divided by five after
        `n_iter_no_change` epochs without a better loss or score.
    learning_rate_init : float, default=0.001
        Learning rate of the first epoch.
    power_t : float, default=0.5
        Power of "invscaling".
    max_iter : int, default=200
        Maximum number of epochs.
    shuffle : bool, default=True
        If false, batches have the rows in their order.
    random_state : int, RandomState or None, default=None
        Seed of the weights, the masks, the order of the rows and the held-out rows.
    tol : float, default=1e-4
        Least progress of the score or of the loss. With dropout it is the mean loss over the last `n_iter_no_change`
        epochs: the loss of a single epoch depends on its masks.
    verbose : bool or int, default=False
        1 or true prints the loss of each epoch, 2 shows a progress bar on a terminal or in a notebook.
    warm_start : bool, default=False
        If true, `fit` continues to train the existing network.
    momentum : float, default=0.9
        Momentum of "sgd".
    nesterovs_momentum : bool, default=True
        If true, "sgd" uses Nesterov's momentum.
    early_stopping : bool, default=False
        If true, hold out some rows, stop when their score no longer improves, and keep the best weights.
    validation_fraction : float, default=0.1
        Share of held-out rows.
    beta_1 : float, default=0.9
        Decay of the first moment of "adam".
    beta_2 : float, default=0.999
        Decay of the second moment of "adam".
    epsilon : float, default=1e-8
        Constant that is added to the root of the second moment of "adam".
    n_iter_no_change : int or inf, default=10
        Number of epochs without progress before training stops.
    max_fun : int, default=15000
        Maximum number of evaluations of the loss by "lbfgs".
    dtype : {"auto", "float32", "float64"}, default="auto"
        Dtype of weights and predictions. "auto" is float64 as in scikit-learn, but float32 for X of float32 or uint8,
        for encoded data frames, and on CUDA.
    callbacks : sequence of Callback, optional
        Callbacks of the training loop (`numba_dropout.Callback`). "lbfgs" calls them after each
        iteration, as an epoch.
    device : str, default="cpu"
        "cpu", "cuda", "cuda:1", ..., or "auto".
    mc_samples : int, optional
        Predict the mean over this number of samples of the dropout masks (Monte-Carlo dropout; Gal & Ghahramani, ICML
        2016). The default is to predict without dropout.
    categorical_features : "auto", "from_dtype", array-like or None, default="auto"
        "auto" encodes a data frame that has texts, categories, dates or missing values, or an array with NaN, as
        numbers, and scales them. As in `HistGradientBoostingClassifier`, a mask (features,), indices or names of
        columns say which are categories, and "from_dtype" takes those of a categorical dtype. All other columns then
        have numbers, which may be missing. None takes numbers without gaps.

    Attributes
    ----------
    network_ : MLP
        The trained network.
    loss_curve_ : list of float
        Half the mean squared error of the standardized target for each epoch, in training mode, with the penalty.
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

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **DropoutMLP._parameter_constraints,
        "loss": [StrOptions({"squared_error", "poisson"})],
    }

    @with_common_parameters
    def __init__(
        self, hidden_layer_sizes: Any = (100,), activation: Any = "relu", *, loss: str = "squared_error", **common: Any
    ) -> None:
        super().__init__(hidden_layer_sizes, activation, **common)
        self.loss = loss

    @property
    def out_activation_(self) -> str:
        """Output activation: "identity", or "exp" with loss "poisson"."""
        return "exp" if self.network_.loss == "poisson" else "identity"

    @available_if(has_epochs)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> DropoutMLPRegressor:
        """Train for one epoch on a batch of rows. The first call fixes the standardization of the target."""
        self._partial_fit(X, y, sample_weight, None)
        return self

    @reads
    def predict(self, X: Any, return_std: bool = False) -> Any:
        """Return the values (rows,), or (rows, outputs) for several outputs.

        With `return_std`, return the mean over samples of the dropout masks, `mc_samples` or 100, and the standard
        deviation of new observations, in the target's units. Its square is the variance over the samples, the
        uncertainty of the network, plus that of the noise (Gal & Ghahramani, ICML 2016, section 4).
        """
        X = self._validated_x(X)
        if return_std:
            spread = self._spread(X)
            return self._shaped(spread.mean), self._shaped(spread.total_std)
        if self.mc_samples is not None:
            return self._shaped(self._sample(X).mean)
        with limit_threads():
            return self._shaped(self.network_.predictive(self.network_.outputs(X)))

    @reads
    def predict_quantiles(self, X: Any, quantiles: Sequence[float] = (0.05, 0.5, 0.95)) -> NDArray[Any]:
        """Return quantiles of new observations (rows, quantiles), or (rows, outputs, quantiles) for several outputs.

        They are those of normal distributions with the mean and the standard deviation of
        `predict(X, return_std=True)`, which include the noise. Those of "poisson" are at least 0.

        Raise ValueError for a quantile that is not between 0 and 1, and if the noise is unknown.
        """
        if np.ndim(quantiles) != 1 or len(quantiles) == 0:
            raise ValueError(f"quantiles: expected a sequence of numbers such as [0.05, 0.95], got {quantiles!r}")
        for quantile in quantiles:
            check_level(quantile, "quantiles")
        X = self._validated_x(X)
        if not Noise(self.network_).known:
            raise ValueError("predict_quantiles: the noise of the target is unknown, because it is too large or small")
        spread = self._spread(X)
        steps = [NormalDist().inv_cdf(float(quantile)) for quantile in quantiles]
        values = [spread.noise.inverse(spread.transformed_mean + step * spread.transformed_std) for step in steps]
        return np.stack([self._shaped(each) for each in values], axis=-1)

    def _spread(self, X: Any) -> ValueSpread:
        """Return predictions with their standard deviations, for X from `_validated_x`."""
        with limit_threads():
            samples = self.network_.samples(X, self.mc_samples or MC_SAMPLES)
            return value_spread(samples, Noise(self.network_))

    def _shaped(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return values (rows, outputs) in the shape of the training target and the network's dtype."""
        return self._in_dtype(values[:, 0] if self._columns == 1 else values)

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
        if self.loss == "poisson" and y.min() < 0:
            raise ValueError(f"y: expected values at least 0 for loss='poisson', got {y.min():g}")
        if reset:
            self._columns = columns
        elif columns != self._columns:
            raise ValueError(f"y: expected {self._columns} output(s) as in the first call, got shape {y.shape}")
        return y.reshape(-1, columns)

    def _classes_of(self, target: NDArray[Any]) -> None:
        return None

    def _row_weights(self, target: NDArray[Any], weight: NDArray[Any] | None) -> NDArray[Any] | None:
        return weight

    def _loss(self) -> str:
        return "mse" if self.loss == "squared_error" else self.loss

    def _outputs(self) -> int:
        return self._columns

    def _standardize(self, target: NDArray[Any], weight: Any) -> None:
        """Set mean and scale of each output from the target. A constant output is only centered."""
        weight = _positive(weight)
        largest = np.abs(target).max(0)
        unit = np.where(largest > 0, largest, 1.0)  # sums of squares stay finite
        mean = np.average(target / unit, 0, weight)
        deviation = np.sqrt(np.average((target / unit - mean) ** 2, 0, weight))
        varies = deviation > CONSTANT * np.abs(mean)
        self._target_mean, self._target_scale = mean * unit, 1 / np.where(varies, deviation * unit, 1.0)

    def _scaled(self, target: NDArray[Any]) -> NDArray[Any]:
        """Return the standardized target, computed in float64 because float32 may be too coarse before scaling."""
        if self.loss == "poisson":
            return target
        self.network_.scale_target(0.0, 1.0)
        return (target - self._target_mean) * self._target_scale

    def _finish_network(self) -> None:
        """Set the names of the features and the scaling of the target in the network."""
        super()._finish_network()
        if self.loss != "poisson":
            self.network_.scale_target(self._target_mean, self._target_scale)

    def _learn_noise(self, X: Any, target: NDArray[Any], weight: Any) -> None:
        """Set the precision of the noise from the squared errors on the held-out rows, or on all without them."""
        net = self.network_
        if net.loss == "poisson":
            return
        weight = _positive(weight)
        with np.errstate(over="ignore", under="ignore", divide="ignore"):
            variance = np.average((net.outputs(X) - target) ** 2, 0, weight)
            tau = np.minimum(self._target_scale**2 / variance, np.finfo(np.float64).max)
        net.tau = tau.tolist() if (tau > 0).all() else None

    def _score(self, X: Any, target: NDArray[Any], weight: Any) -> float:
        """Return R2, or NaN for values that are not finite."""
        values = self.network_.predictive(self.network_.outputs(X))
        return float(r2_score(target, values, sample_weight=weight)) if np.isfinite(values).all() else math.nan


def _positive(weight: NDArray[Any] | None) -> NDArray[Any] | None:
    """Return sample weights for a mean square, with a finite sum, or None where some are negative or all are 0."""
    if weight is None or weight.min() < 0 or not weight.any():
        return None
    return weight / weight.max()
