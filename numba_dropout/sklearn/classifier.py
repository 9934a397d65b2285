"""The estimator for classification, with one or several labels for each row."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, issparse
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import type_of_target, unique_labels
from sklearn.utils.validation import column_or_1d

from ..core.access import reads
from .base import DropoutMLP
from .joblib_threads import limit_threads
from .parameters import has_epochs, with_common_parameters

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
    class_weight : dict, list of dicts or "balanced", optional
        Factors of the losses of classes: a dict from classes to numbers, one such dict for each label, or "balanced",
        which weights a class with the inverse of its share of the rows.
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
    classes_ : array
        Classes, or numbers of the labels.
    network_ : MLP
        The trained network.
    loss_curve_ : list of float
        Mean loss of each epoch, in training mode, with the penalty. Losses of labels are added up.
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

    _sparse_labels = False  # whether `fit` got a sparse indicator matrix

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **DropoutMLP._parameter_constraints,
        "class_weight": [dict, list, StrOptions({"balanced"}), None],
    }

    @with_common_parameters
    def __init__(
        self, hidden_layer_sizes: Any = (100,), activation: Any = "relu", *, class_weight: Any = None, **common: Any
    ) -> None:
        super().__init__(hidden_layer_sizes, activation, **common)
        self.class_weight = class_weight

    @available_if(has_epochs)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> DropoutMLPClassifier:
        """Train for one epoch on a batch of rows. The first call needs all `classes`, unless y has them."""
        if self.class_weight == "balanced":
            raise ValueError("class_weight: 'balanced' needs all rows; partial_fit takes weights of classes as a dict")
        self._partial_fit(X, y, sample_weight, classes)
        return self

    @reads
    def predict(self, X: Any) -> Any:
        """Return the most probable class of each row (rows,), or an indicator matrix of labels (rows, labels).

        The matrix is sparse if `fit` got a sparse one.
        """
        probabilities = self.predict_proba(X)
        if self._multilabel:
            labels = (probabilities > 0.5).astype(int)
            return csr_matrix(labels) if self._sparse_labels else labels
        return np.asarray(self.classes_[probabilities.argmax(1)])

    @reads
    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Return the probabilities of the classes (rows, classes), or of the labels (rows, labels)."""
        X = self._validated_x(X)
        if self._only_one:
            return self._in_dtype(np.ones((X.shape[0], 1)))
        if self.mc_samples is not None:
            return self._in_dtype(self._sample(X).mean)
        with limit_threads():
            return self._in_dtype(self.network_.predict_proba(X))

    @reads
    def predict_log_proba(self, X: Any) -> NDArray[Any]:
        """Return the logarithms of the probabilities of `predict_proba`. They are finite even if one is 0."""
        X = self._validated_x(X)
        if self._only_one:
            return self._in_dtype(np.zeros((X.shape[0], 1)))
        if self.mc_samples is not None:
            with np.errstate(divide="ignore"):
                return self._in_dtype(np.log(self._sample(X).mean))
        with limit_threads():
            logarithms = self.network_.log_probabilities(self.network_.outputs(X))
        probabilities = np.exp(logarithms)
        return self._in_dtype(np.log(probabilities, out=logarithms, where=probabilities > 0))

    @property
    def _only_one(self) -> bool:
        """Whether the training rows had a single class."""
        return not self._multilabel and len(self.classes_) == 1

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
            self._multilabel, self._sparse_labels, self.classes_ = multilabel, issparse(y), labels
        elif classes is not None and not np.array_equal(self.classes_, unique_labels(classes)):
            raise ValueError(
                f"`classes={classes!r}` is not the same as on last call to partial_fit, was: {self.classes_!r}"
            )
        if multilabel != self._multilabel or (multilabel and y.shape[1] != len(self.classes_)):
            before = f"{len(self.classes_)} labels for each row" if self._multilabel else "one class for each row"
            raise ValueError(f"y: expected {before} as in the first call, got shape {y.shape}")
        if multilabel:
            labels = np.asarray(y.toarray() if hasattr(y, "toarray") else y)
            if not np.isin(labels, (0, 1)).all():
                raise ValueError(f"y: expected an indicator matrix of 0 and 1, got {np.unique(labels).tolist()}")
            return labels
        present = unique_labels(y)
        if not reset and self.warm_start and set(present) != set(self.classes_):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous call to fit. Previously "
                f"got {self.classes_}, `y` has {present}"
            )
        if len(np.setdiff1d(present, self.classes_)):
            raise ValueError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has {self.classes_}. 'y' has {present}."
            )
        return np.searchsorted(self.classes_, y)

    def _classes_of(self, target: NDArray[Any]) -> NDArray[Any] | None:
        return None if self._multilabel else self.classes_[target]

    def _row_weights(self, target: NDArray[Any], weight: NDArray[Any] | None) -> NDArray[Any] | None:
        """Return the sample weights times the weights of the rows' classes."""
        if self.class_weight is None:
            return weight
        classes = self._classes_of(target)
        weights = compute_sample_weight(self.class_weight, target if classes is None else classes)
        return weights if weight is None else weights * weight

    def _loss(self) -> str:
        return "bce" if self._multilabel or len(self.classes_) <= 2 else "cross_entropy"

    def _outputs(self) -> int:
        return 1 if not self._multilabel and len(self.classes_) <= 2 else len(self.classes_)

    def _standardize(self, target: NDArray[Any], weight: Any) -> None:
        """Do nothing: classes are not standardized."""

    def _scaled(self, target: NDArray[Any]) -> NDArray[Any]:
        return target

    def _finish_network(self) -> None:
        """Set the names of the features and the classes in the network."""
        super()._finish_network()
        self.network_.classes = None if self._multilabel or self._only_one else self.classes_.tolist()

    def _learn_noise(self, X: Any, target: NDArray[Any], weight: Any) -> None:
        """Do nothing: classes have no noise."""

    def _score(self, X: Any, target: NDArray[Any], weight: Any) -> float:
        """Return the accuracy, the share of rows without a wrong label, or NaN for outputs that are not finite."""
        out = self.network_.outputs(X)
        if not np.isfinite(out).all():
            return math.nan
        predicted = out.argmax(1) if self.network_.loss == "cross_entropy" else (out > 0) & (not self._only_one)
        return float(accuracy_score(target, predicted.reshape(target.shape), sample_weight=weight))
