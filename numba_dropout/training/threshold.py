"""The threshold on the probability of the second of two classes that has the best metric on data."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..core import checks
from ..core.errors import InputError

__all__ = ["METRICS", "best_threshold"]

METRICS = ("f1", "balanced_accuracy")


def best_threshold(y: ArrayLike, proba: ArrayLike, metric: str = "f1") -> float:
    """Return the threshold with the best metric, for `MLP.threshold`.

    All thresholds that give different predictions are tried. Between two neighbouring probabilities the threshold is
    their midpoint. Of equally good ones, the closest to 0.5 is returned.

    Parameters
    ----------
    y : array (N,)
        Class numbers, 0 or 1. Use rows that did not train the network.
    proba : array (N, 2)
        Probabilities of the classes, as `predict_proba` returns them.
    metric : str
        "f1" of class 1, or "balanced_accuracy".

    Raises
    ------
    ValueError
        The metric is unknown, the shapes do not match, a probability is not a number, or a class has no rows.

    Examples
    --------
    >>> from numba_dropout.training.threshold import best_threshold
    >>> best_threshold([0, 0, 0, 1, 1], np.array([[0.9, 0.8, 0.5, 0.75, 0.25], [0.1, 0.2, 0.5, 0.25, 0.75]]).T)
    0.225
    """
    checks.choice(metric, "metric", METRICS)
    labels, scores = np.asarray(y), np.asarray(proba, np.float64)
    if scores.ndim != 2 or scores.shape[1] != 2 or labels.shape != scores.shape[:1]:
        raise InputError(f"proba: expected shape (rows, 2) for y (rows,), got {scores.shape} for {labels.shape}")
    if not np.isfinite(scores).all():
        raise InputError("proba: expected numbers from 0 to 1, got NaN or infinity")
    if not np.isin(labels, (0, 1)).all() or len(np.unique(labels)) < 2:
        raise InputError("y: expected rows of both classes, 0 and 1; choose the threshold on more rows")
    distinct, index = np.unique(scores[:, 1], return_inverse=True)
    positives = np.bincount(index, weights=labels, minlength=len(distinct))
    negatives = np.bincount(index) - positives
    thresholds = _between(distinct)
    # A threshold is above the first k distinct probabilities, k = 0 ... n. All rows of the others are predicted as 1.
    hits, false = (np.append(counts[::-1].cumsum()[::-1], 0.0) for counts in (positives, negatives))
    if metric == "f1":
        values = 2 * hits / (hits + false + positives.sum())
    else:
        values = (hits / positives.sum() + 1 - false / negatives.sum()) / 2
    possible = (thresholds >= 0) & (values >= values[thresholds >= 0].max())
    best = thresholds[possible]
    return float(best[np.abs(best - 0.5).argmin()])


def _between(distinct: NDArray[Any]) -> NDArray[np.float64]:
    """Return the thresholds (n + 1,) below, between and above ascending probabilities (n,), -1 below 0."""
    low, high = distinct[:-1], distinct[1:]
    middle = low + (high - low) / 2
    middle = np.where(middle < high, middle, low)  # no number lies between neighbouring floats
    below = distinct[0] / 2 if distinct[0] > 0 else -1.0
    above = (distinct[-1] + 1) / 2
    return np.concatenate([[below], middle, [above]])
