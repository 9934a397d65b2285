"""The estimator for classes and for several labels at once."""

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
from .joblib_threads import own_threads

__all__ = ["DropoutMLPClassifier"]


class DropoutMLPClassifier(ClassifierMixin, DropoutMLP):
    """Multilayer perceptron for classes, with dropout.

    Hidden layers are of ReLU, weights begin as Glorot's uniform ones, and X is taken as it is: put a `StandardScaler`
    before it. Two classes, and several labels at once (an indicator matrix), are learnt by a logistic loss, more
    classes by the cross-entropy of their softmax. What has the name of one of `MLPClassifier`'s parameters does the
    same. Several threads may predict at once; to fit while another thread uses the estimator raises RuntimeError.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(100,)
        Units of the hidden layers.
    dropout : float or sequence, default=0.5
        Probability of dropping a hidden unit in training: one, or one for each hidden layer.
    input_dropout : float or array (features,), default=0.0
        The same for the features.
    max_norm : float, optional
        Bound on the norm of each hidden unit's incoming weights.
    solver : {"adam", "sgd"}, default="adam"
    alpha : float, default=0.0001
        Strength of the penalty alpha / 2 of the squared weights, divided by the rows of a batch.
    batch_size : int, default="auto"
        Rows of a batch: "auto" is 200, or all if there are fewer.
    learning_rate : {"constant", "invscaling", "adaptive"}, default="constant"
        For "sgd": the rate stays, falls with the power `power_t` of the rows that were learnt from, or is divided by
        five where the loss, or the score, did not get better for `n_iter_no_change` epochs.
    learning_rate_init : float, default=0.001
    power_t : float, default=0.5
    max_iter : int, default=200
        Epochs, at most.
    random_state : int, RandomState or None, default=None
        Fixes weights, masks, the order of the rows and what is held out.
    tol : float, default=1e-4
        What counts as progress: of the loss, in the mean over the last `n_iter_no_change` epochs, for one epoch's is as
        the masks fall, or of the score.
    verbose : bool, default=False
    warm_start : bool, default=False
        Let `fit` go on with the network that there is.
    momentum : float, default=0.9
    nesterovs_momentum : bool, default=True
    early_stopping : bool, default=False
        Hold a share of the rows out, stop when their score is no longer better, and keep the best weights.
    validation_fraction : float, default=0.1
        That share.
    beta_1, beta_2, epsilon : float
        Of "adam": 0.9, 0.999, 1e-8.
    n_iter_no_change : int, default=10
        Epochs without progress that are waited for.
    device : str, default="cpu"
        "cpu", "cuda", "cuda:1", ..., or "auto".
    mc_samples : int, optional
        Let predictions be the mean over so many draws of the dropout masks (Monte-Carlo dropout; Gal & Ghahramani, ICML
        2016), and not those of the network without dropout.

    Attributes
    ----------
    classes_ : array
        The classes, or the numbers of the labels.
    network_ : MLP
        The trained network.
    loss_curve_ : list of float
        Mean loss of each epoch, in training mode, without the penalty.
    best_loss_, loss_, n_iter_, t_, n_layers_, n_outputs_, out_activation_, coefs_, intercepts_ :
        As in `MLPClassifier`.
    validation_scores_, best_validation_score_ :
        With `early_stopping`: accuracy on the rows held out.
    n_features_in_, feature_names_in_ :
        As in all estimators.

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
        """Train for one epoch on some rows; the first call names all classes, unless y has them."""
        self._partial_fit(X, y, sample_weight, classes)
        return self

    @reads
    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable class of each row (rows,), or the labels (rows, labels) that are probable."""
        probabilities = self.predict_proba(X)
        if self._several:
            return (probabilities > 0.5).astype(int)
        return np.asarray(self.classes_[probabilities.argmax(1)])

    @reads
    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probabilities (rows, classes), or those of each label (rows, labels)."""
        X = self._known(X)
        if self.mc_samples is not None:
            return np.asarray(self._draws(X).mean)
        with own_threads():
            return self.network_.predict_proba(X)

    @reads
    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the logarithms of the probabilities."""
        X = self._known(X)
        if self.mc_samples is not None:
            return np.log(self._draws(X).mean)
        with own_threads():
            return self.network_.log_probabilities(self.network_.outputs(X))

    @property
    def out_activation_(self) -> str:
        """Softmax, or "logistic" for two classes and for labels."""
        return "softmax" if self.network_.loss == "cross_entropy" else "logistic"

    def __sklearn_tags__(self) -> Any:
        """Say that several labels may be given."""
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
        several = kind == "multilabel-indicator"
        if reset:
            found = np.arange(y.shape[1]) if several else unique_labels(y if classes is None else classes)
            if not several and len(found) < 2:
                raise ValueError(f"y: expected at least 2 classes, got 1 class: {found.tolist()[0]!r}")
            self._several, self.classes_ = several, found
        elif classes is not None and not np.array_equal(self.classes_, unique_labels(classes)):
            raise ValueError(f"classes: expected those of the first call, {self.classes_}, got {classes}")
        if several != self._several or (several and y.shape[1] != len(self.classes_)):
            raise ValueError("y: expected the labels that were there before")
        if several:
            labels = np.asarray(y.toarray() if hasattr(y, "toarray") else y)
            if not np.isin(labels, (0, 1)).all():
                raise ValueError(f"y: expected an indicator matrix of 0 and 1, got {np.unique(labels).tolist()}")
            return labels
        unknown = np.setdiff1d(y, self.classes_)
        if unknown.size:
            raise ValueError(f"y: expected classes of {self.classes_}, got {unknown.tolist()[0]!r} too")
        return np.searchsorted(self.classes_, y)

    def _loss(self) -> str:
        return "bce" if self._several or len(self.classes_) == 2 else "cross_entropy"

    def _outputs(self) -> int:
        return 1 if not self._several and len(self.classes_) == 2 else len(self.classes_)

    def _standardize(self, target: NDArray[Any], weight: Any) -> None:
        """Leave classes as they are."""

    def _learnt(self, target: NDArray[Any]) -> NDArray[Any]:
        return target

    def _name(self) -> None:
        """Let the network know the classes' names too."""
        super()._name()
        self.network_.classes = None if self._several else self.classes_.tolist()

    def _score(self, X: Any, target: NDArray[Any], weight: Any) -> float:
        """Return the accuracy: the share of rows of which all is right."""
        out = self.network_.outputs(X)
        predicted = out.argmax(1) if self.network_.loss == "cross_entropy" else out > 0
        return float(accuracy_score(target, predicted.reshape(target.shape), sample_weight=weight))
