"""The baseline of an evaluation: the measures of a constant prediction, learnt from the training rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arrays.convert import on_host
from ..core.errors import InputError
from ..nn.mlp import MLP
from .metrics import calibration, class_metrics, label_metrics, regression_metrics

__all__ = ["Baseline", "baseline"]

LISTS = ("precision", "recall", "confusion")
USEFUL_AUC = 0.6  # the ranking of a network is worth a line from this auc on


@dataclass(frozen=True)
class Baseline:
    """A constant prediction.

    Attributes
    ----------
    measures : dict
        Its numbers, under the names of `evaluate`.
    prediction : str
        What it predicts, for messages: "'no'" or "the mean".
    """

    measures: dict[str, float]
    prediction: str

    def verdict(self, measures: Mapping[str, Any]) -> str | None:
        """Return a sentence if a network with these measures is no better, or better in part only, else None.

        For classes, a network is no better if neither its accuracy nor its log loss is, for values if its rmse is not.
        If only its accuracy is no better, or it is no better but has a high auc, the sentence says so.
        """
        constant = self.measures
        if "rmse" in constant:
            better = measures["rmse"] < constant["rmse"]
            return (
                None if better else f"no better than always predicting {self.prediction} (rmse {constant['rmse']:.4g})"
            )
        if measures["accuracy"] > constant["accuracy"]:
            return None
        always = f"no better than always predicting {self.prediction} (accuracy {constant['accuracy']:.3f})"
        auc = measures.get("auc", float("nan"))
        ranks = f"auc {auc:.3f}" if auc >= USEFUL_AUC else ""
        if measures["log_loss"] >= constant["log_loss"]:
            return f"{always}, but the probabilities of the network rank the rows ({ranks})" if ranks else always
        losses = f"log loss {measures['log_loss']:.3f} against {constant['log_loss']:.3f}"
        better = ", ".join(filter(None, [losses, ranks]))
        return f"the accuracy is {always}, but the probabilities of the network are better ({better})"


def baseline(net: MLP, train_targets: ArrayLike, targets: ArrayLike) -> Baseline:
    """Return the measures on `targets` of the constant prediction that is learnt from `train_targets`.

    For classes its probabilities are the frequencies of the classes, so it always predicts the most frequent one. For
    values it is their mean. Both targets are those of `fit` for the network, which is not used otherwise. The log loss
    is infinite if `targets` has a class that `train_targets` lacks.

    Raise ValueError or TypeError for targets that do not fit the network or have no rows.

    Examples
    --------
    >>> from numba_dropout.training.baseline import baseline
    >>> result = baseline(nd.MLP([2, 2]), [0, 0, 0, 1], [0, 1, 0, 0, 0])
    >>> result.prediction, result.measures["accuracy"], round(result.measures["log_loss"], 4)
    ('0', 0.8, 0.5074)
    """
    if not len(on_host(train_targets)) or not len(on_host(targets)):
        raise InputError("targets: expected at least one row, got none")
    if net.predicts_values:
        learnt, y = (on_host(a).astype(np.float64).reshape(-1, net.sizes[-1]) for a in (train_targets, targets))
        measures: dict[str, float] = regression_metrics(y, np.broadcast_to(learnt.mean(0), y.shape))
        return Baseline(measures, "the mean")
    learnt, y = (np.asarray(net.as_target(on_host(a))) for a in (train_targets, targets))
    if net.loss == "bce" and (net.sizes[-1] > 1 or not np.isin(y, (0, 1)).all()):
        return _of_labels(learnt.astype(np.float64), y.astype(np.float64))
    numbers = y.reshape(len(y)).astype(np.int64)
    count = max(2, net.sizes[-1])
    frequencies = np.bincount(learnt.reshape(len(learnt)).astype(np.int64), minlength=count) / len(learnt)
    proba = np.broadcast_to(frequencies, (len(y), count))
    with np.errstate(divide="ignore"):
        log_likelihoods = np.log(frequencies)[numbers]
    measures = class_metrics(numbers, proba, log_likelihoods, calibration(numbers, proba))
    names = net.classes or range(count)
    numbers_only = {name: value for name, value in measures.items() if name not in LISTS}
    return Baseline({"loss": measures["log_loss"], **numbers_only}, repr(names[int(frequencies.argmax())]))


def _of_labels(learnt: NDArray[np.float64], y: NDArray[np.float64]) -> Baseline:
    """Return the baseline of independent labels (N, K): the frequency of 1 in each."""
    frequencies = learnt.mean(0)
    proba = np.broadcast_to(frequencies, y.shape)
    with np.errstate(divide="ignore"):
        ones, zeros = np.log(frequencies), np.log1p(-frequencies)
    with np.errstate(invalid="ignore"):  # a label without a 1 has an infinite logarithm, which counts where y is 1
        terms = np.where(y > 0, y * ones, 0.0) + np.where(y < 1, (1 - y) * zeros, 0.0)
    predicted = proba > 0.5
    accuracy = float((predicted == (y > 0.5)).mean())
    log_loss = -float(terms.mean())
    measures = {"loss": log_loss, "accuracy": accuracy, "error": 1.0 - accuracy, "log_likelihood": -log_loss}
    measures |= {"log_loss": log_loss} | (label_metrics(y, proba, predicted) if np.isin(y, (0, 1)).all() else {})
    return Baseline(measures, "the more frequent value of each label")
