"""The parameters of the estimators: their ranges and defaults."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, Options, StrOptions

from ..kernels.scalar.activations import ACTIVATIONS

__all__ = ["Parameters", "has_epochs", "with_common_parameters"]

POSITIVE = Interval(Integral, 1, None, closed="left")
RATE = Interval(Real, 0, 1, closed="both")
DECAY = Interval(Real, 0, 1, closed="left")


class Parameters(BaseEstimator):
    """The parameters of both estimators. `DropoutMLPClassifier` documents them."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "hidden_layer_sizes": ["array-like", POSITIVE],
        "activation": [StrOptions(set(ACTIVATIONS)), "array-like"],
        "dropout": ["array-like", RATE],
        "input_dropout": ["array-like", RATE],
        "max_norm": [None, Interval(Real, 0, None, closed="neither")],
        "solver": [StrOptions({"adam", "sgd", "lbfgs"})],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "batch_size": [StrOptions({"auto"}), POSITIVE],
        "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "power_t": [Interval(Real, 0, None, closed="left")],
        "max_iter": [POSITIVE],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "momentum": [RATE],
        "nesterovs_momentum": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "beta_1": [DECAY],
        "beta_2": [DECAY],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "n_iter_no_change": [POSITIVE, Options(Real, {np.inf})],
        "max_fun": [POSITIVE],
        "dtype": [StrOptions({"auto", "float32", "float64"})],
        "callbacks": ["array-like", None],
        "device": [str],
        "mc_samples": [None, POSITIVE],
        "categorical_features": ["array-like", StrOptions({"auto", "from_dtype"}), None],
    }

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
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        dtype: str = "auto",
        callbacks: Any = None,
        device: str = "cpu",
        mc_samples: int | None = None,
        categorical_features: Any = "auto",
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
        self.shuffle = shuffle
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
        self.max_fun = max_fun
        self.dtype = dtype
        self.callbacks = callbacks
        self.device = device
        self.mc_samples = mc_samples
        self.categorical_features = categorical_features


def has_epochs(estimator: Parameters) -> bool:
    """Return true if the solver trains in epochs. Raise AttributeError, as scikit-learn does, for "lbfgs"."""
    if estimator.solver == "lbfgs":
        raise AttributeError("partial_fit is only available for stochastic optimizers. lbfgs is not stochastic.")
    return True


def with_common_parameters(init: Callable[..., None]) -> Callable[..., None]:
    """Decorate an `__init__(self, ..., **common)`: its signature gets the parameters of `Parameters` by name.

    scikit-learn reads the names and defaults of parameters from it.
    """
    own = [each for each in inspect.signature(init).parameters.values() if each.kind is not each.VAR_KEYWORD]
    names = {each.name for each in own}
    common = [each for each in inspect.signature(Parameters.__init__).parameters.values() if each.name not in names]
    init.__signature__ = inspect.Signature([*own, *common])  # type: ignore[attr-defined]
    return init
