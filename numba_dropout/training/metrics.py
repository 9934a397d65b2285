"""Metrics of predictions, in NumPy and float64."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Calibration",
    "calibration",
    "class_metrics",
    "confusion_matrix",
    "gaussian_log_density",
    "regression_metrics",
]

BINS = 15  # number of confidence bins, as in the paper
LOG_2PI = np.log(2 * np.pi)


@dataclass(frozen=True)
class Calibration:
    """Confidence and accuracy in bins of equal width. Confidence is the probability of the predicted class.

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
    y: NDArray[Any], proba: NDArray[Any], log_likelihoods: NDArray[np.float64], calibrated: Calibration
) -> dict[str, Any]:
    """Return the metrics of probabilities (N, C) for classes y (N,).

    `log_likelihoods` (N,) are those of the true classes, `calibrated` is the result of `calibration`. Metrics:
    accuracy, error, log_likelihood (mean, nats), ece (expected calibration error), confusion (`confusion_matrix`), and
    precision and recall of each class, NaN for a class without predictions or without rows.
    """
    predicted = proba.argmax(1)
    confusion = confusion_matrix(y, predicted, proba.shape[1])
    correct = confusion.diagonal()
    with np.errstate(invalid="ignore", divide="ignore"):
        precision, recall = correct / confusion.sum(0), correct / confusion.sum(1)
    accuracy = float(correct.sum() / len(y))
    return {
        "accuracy": accuracy,
        "error": 1.0 - accuracy,
        "log_likelihood": float(log_likelihoods.mean()),
        "ece": calibrated.error,
        "precision": precision.tolist(),
        "recall": recall.tolist(),
        "confusion": confusion.tolist(),
    }


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
