"""The estimator for classification, with one or several labels for each row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils.multiclass import type_of_target, unique_labels
from sklearn.utils.validation import column_or_1d

from ..core.access import reads
from .base import DropoutMLP
from .joblib_threads import limit_threads

__all__ = ["DropoutMLPClassifier"]


class DropoutMLPClassifier(ClassifierMixin, DropoutMLP):
    """Multilayer perceptron for classes, with dropout.

    Weights start with Glorot's uniform initialization if the activations are scikit-learn's, else with the one that
    fits (docs/activations.md). X is not scaled: put a `StandardScaler` before the estimator. The loss is logistic for
    two classes and for several labels (an indicator matrix), else the cross-entropy of the softmax. Parameters with a
    name of `MLPClassifier` have the same meaning. Several threads may predict at once. Fitting while another thread
    uses the estimator raises RuntimeError.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(100,)
        Units of the hidden layers.
    activation : str or sequence of str, default="relu"
        Activation of the hidden layers, one for all or one for each: "identity", "logistic", "tanh", "relu", or another
        of docs/activations.md.
    dropout : float or sequence, default=0.5
        Probability of dropping a hidden unit in training, one number or one for each hidden layer.
    input_dropout : float or array (features,), default=0.0
        Probability of dropping a feature in training, one number or one for each feature.
    max_norm : float, optional
        Upper bound on the norm of each hidden unit's incoming weights.
    solver : {"adam", "sgd"}, default="adam"
    alpha : float, default=0.0001
        L2 penalty: alpha / 2 times the sum of squared weights, divided by the number of rows in a batch.
    batch_size : int or "auto", default="auto"
        Rows of a batch. "auto" is 200, or the number of rows if there are fewer.
    learning_rate : {"constant", "invscaling", "adaptive"}, default="constant"
        For "sgd": constant, divided by the power `power_t` of the number of rows used so far, or divided by five after
        `n_iter_no_change` epochs without a better loss or score.
    learning_rate_init : float, default=0.001
    power_t : float, default=0.5
    max_iter : int, default=200
        Maximum number of epochs.
    random_state : int, RandomState or None, default=None
        Seed of the weights, the masks, the order of the rows and the held-out rows.
    tol : float, default=1e-4
        Least progress of the score, or of the mean loss over the last `n_iter_no_change` epochs: the loss of a single
        epoch depends on its masks.
    verbose : bool, default=False
    warm_start : bool, default=False
        If true, `fit` continues to train the existing network.
    momentum : float, default=0.9
    nesterovs_momentum : bool, default=True
    early_stopping : bool, default=False
        If true, hold out some rows, stop when their score no longer improves, and keep the best weights.
    validation_fraction : float, default=0.1
        Share of held-out rows.
    beta_1, beta_2, epsilon : float
        Parameters of "adam", with defaults 0.9, 0.999 and 1e-8.
    n_iter_no_change : int, default=10
        Number of epochs without progress before training stops.
    device : str, default="cpu"
        "cpu", "cuda", "cuda:1", ..., or "auto".
    mc_samples : int, optional
        Predict the mean over this number of samples of the dropout masks (Monte-Carlo dropout; Gal & Ghahramani, ICML
        2016). The default is to predict without dropout.
    categorical_features : "auto" or None, default="auto"
        "auto" encodes a data frame that has texts, categories, dates or missing values as numbers, and scales them.
        None takes numbers only.

    Attributes
    ----------
    classes_ : array
        Classes, or numbers of the labels.
    network_ : MLP
        The trained network.
    loss_curve_ : list of float
        Mean loss of each epoch, in training mode, without the penalty.
    best_loss_, loss_, n_iter_, t_, n_layers_, n_outputs_, out_activation_, coefs_, intercepts_ :
        See `MLPClassifier`.
    validation_scores_, best_validation_score_ :
        Accuracy on the held-out rows, only with `early_stopping`.
    n_features_in_, feature_names_in_ :
        See any estimator.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from numba_dropout.sklearn import DropoutMLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = make_pipeline(StandardScaler(), DropoutMLPClassifier(32, learning_rate_init=0.01, random_state=0))
    >>> round(model.fit(X, y).score(X, y), 1)
    1.0
    >>> model.predict(X[:3])
    array([0, 0, 0])
    """

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> DropoutMLPClassifier:
        """Train for one epoch on a batch of rows. The first call needs all `classes`, unless y has them."""
        self._partial_fit(X, y, sample_weight, classes)
        return self

    @reads
    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable class of each row (rows,), or an indicator matrix of labels (rows, labels)."""
        probabilities = self.predict_proba(X)
        if self._multilabel:
            return (probabilities > 0.5).astype(int)
        return np.asarray(self.classes_[probabilities.argmax(1)])

    @reads
    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probabilities of the classes (rows, classes), or of the labels (rows, labels)."""
        X = self._validated_x(X)
        if self.mc_samples is not None:
            return np.asarray(self._sample(X).mean)
        with limit_threads():
            return self.network_.predict_proba(X)

    @reads
    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the logarithms of the probabilities."""
        X = self._validated_x(X)
        if self.mc_samples is not None:
            return np.log(self._sample(X).mean)
        with limit_threads():
            return self.network_.log_probabilities(self.network_.outputs(X))

    @property
    def out_activation_(self) -> str:
        """Output activation: "logistic" for two classes and for labels, else "softmax"."""
        return "softmax" if self.network_.loss == "cross_entropy" else "logistic"

    def __sklearn_tags__(self) -> Any:
        """Return scikit-learn's tags, with support for several labels."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def _target_options(self) -> dict[str, Any]:
        return {}

    def _encoded(self, y: NDArray[Any], *, reset: bool, classes: Sequence[Any] | None) -> NDArray[Any]:
        """Return class numbers (rows,), or 0 and 1 (rows,) or (rows, labels)."""
        kind = type_of_target(y, input_name="y")
        if kind not in ("binary", "multiclass", "multilabel-indicator"):
            y = np.asarray(y)
            if not (y.ndim == 2 and y.shape[1] == 1):
                raise ValueError(f"Unknown label type: {kind}. y: expected classes or an indicator matrix of labels")
        if kind != "multilabel-indicator" and y.ndim == 2:
            y = column_or_1d(y, warn=True)
        multilabel = kind == "multilabel-indicator"
        if reset:
            labels = np.arange(y.shape[1]) if multilabel else unique_labels(y if classes is None else classes)
            if not multilabel and len(labels) < 2:
                raise ValueError(f"y: expected at least 2 classes, got 1 class: {labels.tolist()[0]!r}")
            self._multilabel, self.classes_ = multilabel, labels
        elif classes is not None and not np.array_equal(self.classes_, unique_labels(classes)):
            raise ValueError(f"classes: expected the classes of the first call, {self.classes_}, got {classes}")
        if multilabel != self._multilabel or (multilabel and y.shape[1] != len(self.classes_)):
            before = f"{len(self.classes_)} labels for each row" if self._multilabel else "one class for each row"
            raise ValueError(f"y: expected {before} as in the first call, got shape {y.shape}")
        if multilabel:
            labels = np.asarray(y.toarray() if hasattr(y, "toarray") else y)
            if not np.isin(labels, (0, 1)).all():
                raise ValueError(f"y: expected an indicator matrix of 0 and 1, got {np.unique(labels).tolist()}")
            return labels
        unknown = np.setdiff1d(y, self.classes_)
        if unknown.size:
            raise ValueError(f"y: expected only classes of {self.classes_}, got {unknown.tolist()[0]!r}")
        return np.searchsorted(self.classes_, y)

    def _loss(self) -> str:
        return "bce" if self._multilabel or len(self.classes_) == 2 else "cross_entropy"

    def _outputs(self) -> int:
        return 1 if not self._multilabel and len(self.classes_) == 2 else len(self.classes_)

    def _standardize(self, target: NDArray[Any], weight: Any) -> None:
        """Do nothing: classes are not standardized."""

    def _scaled(self, target: NDArray[Any]) -> NDArray[Any]:
        return target

    def _finish_network(self) -> None:
        """Set the names of the features and the classes in the network."""
        super()._finish_network()
        self.network_.classes = None if self._multilabel else self.classes_.tolist()

    def _score(self, X: Any, target: NDArray[Any], weight: Any) -> float:
        """Return the accuracy, the share of rows without a wrong label."""
        out = self.network_.outputs(X)
        predicted = out.argmax(1) if self.network_.loss == "cross_entropy" else out > 0
        return float(accuracy_score(target, predicted.reshape(target.shape), sample_weight=weight))
