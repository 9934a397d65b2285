"""Metrics of predictions, in NumPy and float64."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Calibration",
    "average_precision",
    "calibration",
    "class_metrics",
    "confusion_matrix",
    "gaussian_log_density",
    "label_metrics",
    "poisson_log_density",
    "regression_metrics",
    "roc_auc",
    "value_loss",
]

BINS = 15  # number of confidence bins, as in the paper
LOG_2PI = np.log(2 * np.pi)


@dataclass(frozen=True)
class Calibration:
    """Confidence and accuracy in bins of equal width. Confidence is the probability of the most probable class.

    Attributes
    ----------
    edges : array (bins + 1,)
    rows : array (bins,)
        Number of rows in each bin.
    confidence, accuracy : arrays (bins,)
        Means over the rows of each bin, NaN for an empty bin.
    """

    edges: NDArray[np.float64]
    rows: NDArray[np.int64]
    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]

    @property
    def error(self) -> float:
        """Expected calibration error: the mean gap between confidence and accuracy, weighted by rows."""
        gaps = np.abs(self.confidence - self.accuracy)[self.rows > 0]
        return float((gaps * self.rows[self.rows > 0]).sum() / self.rows.sum())


def calibration(y: NDArray[Any], proba: NDArray[Any]) -> Calibration:
    """Return the confidence and the accuracy of predictions in bins (Guo et al., ICML 2017, section 2).

    y (N,) class numbers, proba (N, C).
    """
    edges = np.linspace(0.0, 1.0, BINS + 1)
    confidence, correct = proba.max(1), proba.argmax(1) == y
    bins = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, BINS - 1)  # intervals ]a, b]
    rows = np.bincount(bins, minlength=BINS)
    with np.errstate(invalid="ignore"):
        means = [np.bincount(bins, weights=values, minlength=BINS) / rows for values in (confidence, correct)]
    return Calibration(edges, rows, *means)


def confusion_matrix(y: NDArray[Any], predicted: NDArray[Any], classes: int) -> NDArray[np.int64]:
    """Return the number of rows for each true class (row) and predicted class (column), (C, C)."""
    return np.bincount(y * classes + predicted, minlength=classes * classes).reshape(classes, classes)


def class_metrics(
    y: NDArray[Any],
    proba: NDArray[Any],
    log_likelihoods: NDArray[np.float64],
    calibrated: Calibration,
    predicted: NDArray[np.int64] | None = None,
) -> dict[str, Any]:
    """Return the metrics of probabilities (N, C) for classes y (N,).

    `log_likelihoods` (N,) are those of the true classes, `calibrated` is the result of `calibration`. `predicted` (N,)
    are the predicted classes, by default the most probable ones. Metrics: accuracy, error, log_likelihood (mean, nats),
    log_loss (its negative), ece (expected calibration error), confusion (`confusion_matrix`), precision and recall of
    each class, NaN for a class without predictions or without rows, and:

    - balanced_accuracy, the mean recall of the classes that have rows
    - auc (`roc_auc`), of the second of two classes, or the mean over classes of each one against the rest
    - f1, the harmonic mean of precision and recall of the second of two classes, or its mean over classes
    - average_precision (`average_precision`), for two classes only, of the second

    Means over classes omit those for which the metric is not defined. A metric is NaN if it is defined for none.
    """
    predicted = proba.argmax(1) if predicted is None else predicted
    confusion = confusion_matrix(y, predicted, proba.shape[1])
    correct = confusion.diagonal()
    with np.errstate(invalid="ignore", divide="ignore"):
        precision, recall = correct / confusion.sum(0), correct / confusion.sum(1)
        f1 = 2 * correct / (confusion.sum(0) + confusion.sum(1))
    accuracy, log_likelihood = float(correct.sum() / len(y)), float(log_likelihoods.mean())
    measures = {
        "accuracy": accuracy,
        "error": 1.0 - accuracy,
        "log_likelihood": log_likelihood,
        "log_loss": -log_likelihood,
        "ece": calibrated.error,
        "balanced_accuracy": _mean(recall),
    }
    if proba.shape[1] == 2:
        measures["auc"] = roc_auc(y == 1, proba[:, 1])
        measures["average_precision"] = average_precision(y == 1, proba[:, 1])
        measures["f1"] = float(f1[1])
    else:
        measures["auc"] = _mean([roc_auc(y == label, scores) for label, scores in enumerate(proba.T)])
        measures["f1"] = _mean(f1)
    lists = {"precision": precision.tolist(), "recall": recall.tolist(), "confusion": confusion.tolist()}
    return {**measures, **lists}


def label_metrics(y: NDArray[Any], proba: NDArray[Any], predicted: NDArray[Any]) -> dict[str, float]:
    """Return auc and f1 of independent labels: targets y of 0 and 1, probabilities and predictions, all (N, K).

    Both are means over the labels, without those for which they are not defined: a label without rows of 0 or of 1 for
    auc, a label that is 0 in all rows and predictions for f1.
    """
    y, predicted = y > 0.5, predicted > 0.5
    with np.errstate(invalid="ignore"):
        f1 = 2 * (y & predicted).sum(0) / (y.sum(0) + predicted.sum(0))
    return {"auc": _mean([roc_auc(*columns) for columns in zip(y.T, proba.T, strict=True)]), "f1": _mean(f1)}


def roc_auc(positive: NDArray[np.bool_], scores: NDArray[Any]) -> float:
    """Return the area under the ROC curve of scores (N,), NaN if all rows are positive or none is.

    It is the probability that a positive row has a higher score than a negative one. Ties count one half.
    """
    positives, negatives = _counts(positive, scores)
    pairs = float(positives.sum()) * float(negatives.sum())
    below = negatives.cumsum() - negatives / 2
    return float((positives * below).sum() / pairs) if pairs else float("nan")


def average_precision(positive: NDArray[np.bool_], scores: NDArray[Any]) -> float:
    """Return the mean precision over the steps of recall as the threshold falls, NaN if no row is positive.

    It is the area under the curve of precision against recall, without interpolation.
    """
    positives, negatives = (counts[::-1] for counts in _counts(positive, scores))
    found = positives.cumsum()
    total = found[-1]
    return float((positives * (found / (found + negatives.cumsum()))).sum() / total) if total else float("nan")


def _counts(positive: NDArray[np.bool_], scores: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the numbers of positive and of negative rows for each distinct score, in ascending order."""
    distinct, index = np.unique(scores, return_inverse=True)
    positives, rows = np.bincount(index[positive], minlength=len(distinct)), np.bincount(index)
    return positives, rows - positives


def _mean(values: Any) -> float:
    """Return the mean without NaN, or NaN if there are no other values."""
    values = np.asarray(values, np.float64)
    values = values[~np.isnan(values)]
    return float(values.mean()) if values.size else float("nan")


def regression_metrics(y: NDArray[Any], predicted: NDArray[Any]) -> dict[str, float]:
    """Return rmse, mae and r2 of predictions (N, K) or (N,), in the target's units. r2 is the mean over the outputs."""
    y, predicted = (np.asarray(a, np.float64).reshape(len(y), -1) for a in (y, predicted))
    residual = y - predicted
    spread = ((y - y.mean(0)) ** 2).sum(0)
    unexplained = (residual**2).sum(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        r2 = np.where(spread > 0, 1.0 - unexplained / spread, np.where(unexplained > 0, 0.0, 1.0))
    return {
        "rmse": float(np.sqrt((residual**2).mean())),
        "mae": float(np.abs(residual).mean()),
        "r2": float(r2.mean()),
    }


def gaussian_log_density(y: NDArray[Any], values: NDArray[Any], tau: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the log-density (N,) of y (N, K) under normal distributions of means `values` and precisions tau (K,)."""
    return 0.5 * (np.log(tau) - LOG_2PI - tau * (y - values) ** 2).sum(1)


def poisson_log_density(
    y: NDArray[Any], log_rates: NDArray[Any], log_factorials: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the log-density (N,) of counts y (N, K) under Poisson distributions. `log_factorials` are those of y."""
    log_rates = log_rates.astype(np.float64)
    with np.errstate(over="ignore"):
        return (y * log_rates - np.exp(log_rates) - log_factorials).sum(1)


def value_loss(loss: str, y: NDArray[np.float64], predicted: NDArray[np.float64]) -> float:
    """Return the mean loss of standardized values (N, K), for "poisson" of counts and rates."""
    if loss == "poisson":
        return float((predicted - y * np.log(np.maximum(predicted, np.finfo(np.float64).tiny))).mean())
    sizes = np.abs(y - predicted)
    if loss == "huber":
        return float(np.where(sizes <= 1, sizes**2 / 2, sizes - 0.5).mean())
    return float((sizes if loss == "absolute" else sizes**2).mean())
