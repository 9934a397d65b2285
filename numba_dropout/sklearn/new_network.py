"""The network of an estimator, made from its parameters and the data of the first fit."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from ..core import checks
from ..nn.mlp import MLP
from .fitted import Fitted

__all__ = ["WithNetwork"]


class WithNetwork(Fitted, ABC):
    """An estimator that creates its network, with the attributes that start with it."""

    def _new_network(self, target: NDArray[Any], weight: Any) -> None:
        """Create a network and reset the fitted attributes."""
        self.n_outputs_ = self._outputs()
        self._seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        self._architecture = self._current_architecture()
        self.network_ = self._initialized()
        self._standardize(target, weight)
        self.n_layers_ = len(self.network_.sizes)
        self.t_ = 0
        self._reset_records()

    def _reset_records(self) -> None:
        """Set the attributes that epochs change. Without epochs there are none."""
        if self.solver == "lbfgs":
            for name in ("loss_curve_", "best_loss_", "validation_scores_", "best_validation_score_"):
                self.__dict__.pop(name, None)
            return
        self.loss_curve_: list[float] = []
        self._no_improvement_count, self._least_loss = 0, np.inf
        self._best_weights: dict[str, NDArray[Any]] = {}
        self.best_loss_ = None if self.early_stopping else np.inf
        self.validation_scores_: list[float] | None = [] if self.early_stopping else None
        self.best_validation_score_ = -np.inf if self.early_stopping else None

    def _initialized(self) -> MLP:
        """Return a new network. Its initial weights have float32's bits in any dtype, as have scikit-learn's.

        Their distribution is that of `MLPClassifier` for its activations, else the one that fits the activations.
        """
        names = [self.activation] if isinstance(self.activation, str) else self.activation
        init = "glorot" if set(names) <= {"identity", "logistic", "tanh", "relu"} else "auto"
        net = MLP(**self._architecture, seed=self._seed, init=init)
        if net.dtype == np.float64:
            coarse = MLP(**{**self._architecture, "dtype": "float32"}, seed=self._seed, init=init)
            net.load_state_dict(coarse.weights())
        return net

    def _current_architecture(self) -> dict[str, Any]:
        """Return the network's arguments that follow from parameters and data."""
        hidden = [self.hidden_layer_sizes] if np.ndim(self.hidden_layer_sizes) == 0 else self.hidden_layer_sizes
        units = [checks.integer(number, "hidden_layer_sizes", 1, 2**31 - 1) for number in hidden]
        inputs = self.n_features_in_ if self._frame_encoder is None else len(self._frame_encoder.names)
        return {
            "sizes": [inputs, *units, self._outputs()],
            "activation": self.activation if isinstance(self.activation, str) else list(self.activation),
            "dropout": np.asarray(self.dropout, np.float64).tolist(),
            "input_dropout": np.asarray(self.input_dropout, np.float64).tolist(),
            "loss": self._loss(),
            "dtype": self._dtype,
            "device": self.device,
        }

    def _finish_network(self) -> None:
        """Set the names of the features in the network, for saved models."""
        names = getattr(self, "feature_names_in_", None) if self._frame_encoder is None else self._frame_encoder.names
        self.network_.features = None if names is None else list(map(str, names))

    # ------------------------------------------------------------ methods of the classifier and the regressor

    @abstractmethod
    def _loss(self) -> str:
        """Return the network's loss."""

    @abstractmethod
    def _outputs(self) -> int:
        """Return the network's number of outputs."""

    @abstractmethod
    def _standardize(self, target: NDArray[Any], weight: Any) -> None:
        """Set the standardization of the target, if it is standardized."""
