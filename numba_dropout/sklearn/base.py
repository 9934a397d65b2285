"""The base class of the estimators: parameters, fitting, early stopping and pickling."""

from __future__ import annotations

import functools
import warnings
from abc import ABC, abstractmethod
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, check_X_y, validate_data

from ..arrays.sparse import check_source
from ..core import checks
from ..core.access import access_of
from ..kernels.scalar.activations import ACTIVATIONS
from ..nn.mlp import MLP
from ..optim import SGD, Adam, Optimizer
from ..training.fit import fit
from .frame_encoder import FrameEncoder, needs_encoding
from .joblib_threads import limit_threads
from .stopping import Stopping

__all__ = ["DropoutMLP"]

DTYPES = [np.float32, np.uint8]  # dtypes of X: the network's, and that of images
SPARSE = ("csr",)  # other sparse formats are converted
AUTO_BATCH = 200
MC_SAMPLES = 100  # default of `mc_samples` for predictions with a standard deviation
POSITIVE = Interval(Integral, 1, None, closed="left")
RATE = Interval(Real, 0, 1, closed="both")
DECAY = Interval(Real, 0, 1, closed="left")


class DropoutMLP(BaseEstimator, ABC):
    """A multilayer perceptron with dropout. `DropoutMLPClassifier` documents the parameters."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "hidden_layer_sizes": ["array-like", POSITIVE],
        "activation": [StrOptions(set(ACTIVATIONS)), "array-like"],
        "dropout": ["array-like", RATE],
        "input_dropout": ["array-like", RATE],
        "max_norm": [None, Interval(Real, 0, None, closed="neither")],
        "solver": [StrOptions({"adam", "sgd"})],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "batch_size": [StrOptions({"auto"}), POSITIVE],
        "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "power_t": [Interval(Real, 0, None, closed="left")],
        "max_iter": [POSITIVE],
        "random_state": ["random_state"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "momentum": [DECAY],
        "nesterovs_momentum": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "beta_1": [DECAY],
        "beta_2": [DECAY],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "n_iter_no_change": [POSITIVE],
        "device": [str],
        "mc_samples": [None, POSITIVE],
        "categorical_features": [None, StrOptions({"auto"})],
    }

    _frame_encoder: FrameEncoder | None = None  # of fits on data frames that need one

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        dropout: Any = 0.5,
        input_dropout: Any = 0.0,
        max_norm: float | None = None,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: int = 10,
        device: str = "cpu",
        mc_samples: int | None = None,
        categorical_features: str | None = "auto",
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.max_norm = max_norm
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.device = device
        self.mc_samples = mc_samples
        self.categorical_features = categorical_features

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Train a network on X (rows, features), an array, data frame or sparse matrix, and the target y.

        Parameters
        ----------
        X : array-like or sparse matrix (rows, features)
            Numbers. uint8 stays as it is, other dtypes become float32, and sparse rows stay sparse. A data frame may
            have categories, dates and missing values too (`categorical_features`).
        y : array-like (rows,) or (rows, outputs)
            Classes, an indicator matrix of labels, or values.
        sample_weight : array-like (rows,), optional
            Weights of the rows' losses, at least 0.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            A parameter or the data are invalid, or the loss became NaN or infinite.
        RuntimeError
            Another thread uses the estimator. Until `fit` returns, other threads' calls with it raise this error.
        """
        with access_of(self).changing("fit"):
            self._validate_params()
            first = not (self.warm_start and hasattr(self, "network_"))
            X, target = self._validated(X, y, reset=first, classes=None)
            self._train(X, target, sample_weight, new_network=first, new_optimizer=True, epochs=self.max_iter)
        if self.n_iter_ == self.max_iter and not self._stopped:
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
            encodes = self.categorical_features == "auto" and needs_encoding(X)
            self._frame_encoder = FrameEncoder(X) if encodes else None
        options = {"accept_sparse": SPARSE, "dtype": DTYPES, "multi_output": True}
        if self._frame_encoder is None:
            X, y = validate_data(self, X, y, reset=reset, **options, **self._target_options())
        else:
            validate_data(self, X, reset=reset, skip_check_array=True)
            X, y = check_X_y(self._frame_encoder.transform(X), y, **options, **self._target_options())
        return X, self._encoded(y, reset=reset, classes=classes)

    def _train(
        self, X: Any, target: NDArray[Any], sample_weight: Any, *, new_network: bool, new_optimizer: bool, epochs: int
    ) -> None:
        """Train the network for some epochs, optionally with a new network or a new optimizer."""
        weight = None if sample_weight is None else _check_sample_weight(sample_weight, X, ensure_non_negative=True)
        if new_network:
            self._new_network(target, weight)
        elif self._architecture != self._current_architecture():
            current = self._current_architecture()
            before = {name: value for name, value in self._architecture.items() if current[name] != value}
            after = {name: current[name] for name in before}
            raise ValueError(f"expected {before} as in the first fit, got {after}; clone the estimator to change this")
        train: tuple[Any, Any, Any] = (X, self._scaled(target), weight)
        held_out: tuple[Any, ...] = ()
        if self.early_stopping:
            train, held_out = self._split(*train)
        size = self._batch_rows(train[0].shape[0])
        if new_optimizer:
            self._optimizer = self._new_optimizer()
        self._configure_optimizer(size)
        self.n_iter_ = 0
        stopping = Stopping(self, functools.partial(self._score, *held_out) if held_out else None)
        try:
            with limit_threads():
                fit(
                    self.network_,
                    train[0],
                    train[1],
                    sample_weight=train[2],
                    optimizer=self._optimizer,
                    epochs=epochs,
                    batch_size=size,
                    callbacks=[stopping],
                )
        finally:
            self._finish_network()
        self._stopped = stopping.training.stop

    def _new_network(self, target: NDArray[Any], weight: Any) -> None:
        """Create a network and reset the fitted attributes."""
        self.n_outputs_ = self._outputs()
        self._seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        self._architecture = self._current_architecture()
        self.network_ = MLP(**self._architecture, seed=self._seed, loss=self._loss(), init=self._init())
        self._standardize(target, weight)
        self.n_layers_ = len(self.network_.sizes)
        self.t_ = 0
        self.loss_curve_: list[float] = []
        self.best_loss_ = None if self.early_stopping else np.inf
        self.validation_scores_: list[float] | None = [] if self.early_stopping else None
        self.best_validation_score_ = -np.inf if self.early_stopping else None

    def _init(self) -> str:
        """Return the initialization: that of `MLPClassifier` for its activations, else the one that fits."""
        names = [self.activation] if isinstance(self.activation, str) else self.activation
        return "glorot" if set(names) <= {"identity", "logistic", "tanh", "relu"} else "auto"

    def _current_architecture(self) -> dict[str, Any]:
        """Return the network's arguments that follow from parameters and data."""
        hidden = [self.hidden_layer_sizes] if np.ndim(self.hidden_layer_sizes) == 0 else self.hidden_layer_sizes
        units = [checks.integer(number, "hidden_layer_sizes", 1, 2**31 - 1) for number in hidden]
        rates = {name: np.asarray(getattr(self, name), np.float64).tolist() for name in ("dropout", "input_dropout")}
        activation = self.activation if isinstance(self.activation, str) else list(self.activation)
        inputs = self.n_features_in_ if self._frame_encoder is None else len(self._frame_encoder.names)
        sizes = [inputs, *units, self._outputs()]
        return {"sizes": sizes, "activation": activation, **rates, "device": self.device}

    def _finish_network(self) -> None:
        """Set the names of the features in the network, for saved models."""
        names = getattr(self, "feature_names_in_", None) if self._frame_encoder is None else self._frame_encoder.names
        self.network_.features = None if names is None else list(map(str, names))

    def _batch_rows(self, rows: int) -> int:
        """Return the number of rows in a batch."""
        size = AUTO_BATCH if self.batch_size == "auto" else int(self.batch_size)
        if size > rows and self.batch_size != "auto":
            warnings.warn(f"batch_size: {size} is more than the {rows} rows; {rows} is used", stacklevel=4)
        return min(size, rows)

    def _new_optimizer(self) -> Optimizer:
        """Return an optimizer with the estimator's parameters."""
        options: dict[str, Any] = {"lr": self.learning_rate_init, "max_norm": self.max_norm}
        if self.solver == "adam":
            return Adam(beta1=self.beta_1, beta2=self.beta_2, eps=self.epsilon, **options)
        return SGD(momentum=self.momentum, nesterov=self.nesterovs_momentum and self.momentum > 0, **options)

    def _configure_optimizer(self, batch: int) -> None:
        """Set the weight decay and the learning-rate schedule, which depend on the number of rows in a batch."""
        optimizer = self._optimizer
        optimizer.weight_decay = self.alpha / batch
        if self.solver == "sgd" and self.learning_rate == "invscaling":
            optimizer.schedule = functools.partial(
                _inverse_scaling, first_step=optimizer.step, rows=self.t_, batch=batch, power=self.power_t
            )

    def _split(self, X: Any, target: NDArray[Any], weight: Any) -> list[tuple[Any, Any, Any]]:
        """Return the training rows and the held-out rows for early stopping."""
        labels = target if is_classifier(self) and target.ndim == 1 else None
        index = np.arange(X.shape[0])
        train, held_out = train_test_split(
            index, random_state=self._seed, test_size=self.validation_fraction, stratify=labels
        )
        if len(held_out) < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the size of your dataset."
            )
        if weight is not None and not (weight[train].any() and weight[held_out].any()):
            raise ValueError("sample_weight: expected weights above 0 among the held-out rows and the training rows")
        return [(X[rows], target[rows], None if weight is None else weight[rows]) for rows in (train, held_out)]

    def _sample(self, X: Any) -> Any:
        """Return mean and standard deviation over samples of the dropout masks, for X from `_validated_x`."""
        with limit_threads():
            return self.network_.predict_mc(X, self.mc_samples or MC_SAMPLES)

    def _validated_x(self, X: Any) -> Any:
        """Return the validated X to predict from."""
        check_is_fitted(self, "network_")
        check_source(X)
        if self._frame_encoder is None:
            return validate_data(self, X, accept_sparse=SPARSE, dtype=DTYPES, reset=False)
        validate_data(self, X, reset=False, skip_check_array=True)
        return self._frame_encoder.transform(X)

    # ------------------------------------------------------------ fitted attributes

    @property
    def coefs_(self) -> list[NDArray[Any]]:
        """Weights (inputs, units) of each layer, as in scikit-learn's MLP."""
        return [value.T for value in self._parameters("weight")]

    @property
    def intercepts_(self) -> list[NDArray[Any]]:
        """Biases (units,) of each layer."""
        return self._parameters("bias")

    def _parameters(self, kind: str) -> list[NDArray[Any]]:
        check_is_fitted(self, "network_")
        with access_of(self).reading("coefs_, intercepts_"):
            return [value for name, value in self.network_.weights().items() if name.endswith(f".{kind}")]

    def __getstate__(self) -> dict[str, Any]:
        """Return the state to pickle or copy. Raise RuntimeError while another thread fits the estimator."""
        with access_of(self).reading("copy"):
            return super().__getstate__()

    def __sklearn_tags__(self) -> Any:
        """Return scikit-learn's tags, with support for sparse X."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    # ------------------------------------------------------------ methods of the classifier and the regressor

    @abstractmethod
    def _target_options(self) -> dict[str, Any]:
        """Return options for `validate_data` that concern the target."""

    @abstractmethod
    def _encoded(self, y: NDArray[Any], *, reset: bool, classes: Sequence[Any] | None) -> NDArray[Any]:
        """Return the target as class numbers, labels or values."""

    @abstractmethod
    def _loss(self) -> str:
        """Return the network's loss."""

    @abstractmethod
    def _outputs(self) -> int:
        """Return the network's number of outputs."""

    @abstractmethod
    def _standardize(self, target: NDArray[Any], weight: Any) -> None:
        """Set the standardization of the target, if it is standardized."""

    @abstractmethod
    def _scaled(self, target: NDArray[Any]) -> NDArray[Any]:
        """Return the target that the network is trained on."""

    @abstractmethod
    def _score(self, X: Any, target: NDArray[Any], weight: Any) -> float:
        """Return the score of rows with an encoded target."""


def _inverse_scaling(
    steps: NDArray[np.float64], total: int, *, first_step: int, rows: int, batch: int, power: float
) -> NDArray[np.float64]:
    """Return 1 over a power of the number of rows used so far: `rows` at `first_step`, a batch more at each step."""
    return np.asarray(1.0 / (rows + (steps - first_step) * batch + 1.0) ** power)
