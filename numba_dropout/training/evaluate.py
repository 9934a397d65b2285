"""Evaluation of a network on data: metrics, calibration and uncertainty."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arrays.convert import on_host
from ..core.errors import InputError
from ..nn.mlp import MLP
from .intervals import check_level, coverage, value_spread
from .metrics import Calibration, calibration, class_metrics, label_metrics, regression_metrics, value_loss
from .noise import Noise

__all__ = ["Evaluation", "evaluate", "evaluation", "precision_of_noise"]


@dataclass(frozen=True)
class Evaluation:
    """The results of a network on data.

    Attributes
    ----------
    measures : dict
        The result of `evaluate`.
    classes : list or None
        Names of the classes, or None without classes.
    calibration : Calibration or None
        Calibration of the probabilities. It is None unless classes are exclusive.
    uncertainty : array (N,) or None
        Predictive entropy of each row in nats. For a regression with samples, the standard deviation of the prediction
        in the target's units, including known noise. It is None for a regression without samples.
    wrong : array (N,)
        Error of each row: 0 or 1 for a class, the share of wrong labels for independent classes, the mean squared error
        of the outputs for a regression.
    y, predicted : arrays
        Class numbers (N,), values (N, K), or targets and probabilities (N, K) of independent classes.
    """

    measures: dict[str, Any]
    classes: list[Any] | None
    calibration: Calibration | None
    uncertainty: NDArray[np.float64] | None
    wrong: NDArray[np.float64]
    y: NDArray[Any]
    predicted: NDArray[Any]


def evaluate(
    net: MLP,
    x: ArrayLike,
    y: ArrayLike,
    *,
    samples: int | None = None,
    tau: float | Sequence[float] | None = None,
    interval: float = 0.95,
) -> dict[str, Any]:
    """Return the metrics of a network on data, in evaluation mode or from samples of the dropout masks.

    Classes: loss, accuracy, error, log_likelihood (mean, nats), log_loss (its negative), ece (expected calibration
    error, 15 bins; Guo et al., ICML 2017), balanced_accuracy (mean recall), auc (area under the ROC curve), f1, and the
    lists classes, precision, recall and confusion (rows are true classes). Of two classes, auc and f1 are those of the
    second, which is positive_class, and average_precision is another measure of it. Of several, auc is the mean over
    classes of each one against the rest, and f1 is the mean over classes. With a `threshold`, which is then an entry
    too, accuracy, error, balanced_accuracy, f1, precision, recall and confusion are those of its predictions.

    Independent classes ("bce" with more than one output): loss, accuracy, error, log_likelihood (mean of the outputs)
    and log_loss, and if the targets are 0 and 1, auc and f1, both means over the outputs.

    Regression: rmse, mae, r2 and log_likelihood in the target's units, and loss in standardized units. With samples
    also coverage, the share of targets in the prediction intervals of the level `interval`, which is an entry too.

    Metrics that are not defined, such as auc without rows of a class, are NaN.

    Parameters
    ----------
    net, x, y
        As for `fit`.
    samples : int, optional
        Predict with the mean of this number of samples (Monte-Carlo dropout; Gal & Ghahramani, ICML 2016).
    tau : float or sequence, optional
        Precision of the noise of a regression, 1 over its variance in units of the transformed target, one number or
        one for each output. The default is the network's `tau`. If both are None, log_likelihood is None. A network of
        loss "poisson" needs none, because the variance of a count is its rate. With samples,
        log_likelihood is that of the mean of their densities (the paper's equation 8).
    interval : float
        Level of the prediction intervals of a regression with samples, between 0 and 1. An interval is the mean plus
        and minus a quantile of the normal distribution times the standard deviation of samples and noise, in units of
        the transformed target. Without tau, coverage is None.

    Raises
    ------
    ValueError, TypeError
        An argument does not fit the network, or x or y has NaN or infinity.

    Examples
    --------
    >>> net = nd.MLP([2, 8, 2], seed=0)
    >>> x, labels = np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([0, 1, 0])
    >>> result = nd.evaluate(net, x, labels)
    >>> sorted(name for name, value in result.items() if isinstance(value, float))[:4]
    ['accuracy', 'auc', 'average_precision', 'balanced_accuracy']
    >>> result["positive_class"], result["confusion"]
    (1, [[2, 0], [1, 0]])
    """
    return evaluation(net, x, y, samples=samples, tau=tau, interval=interval).measures


def evaluation(
    net: MLP,
    x: ArrayLike,
    y: ArrayLike,
    *,
    samples: int | None = None,
    tau: float | Sequence[float] | None = None,
    interval: float = 0.95,
) -> Evaluation:
    """Return all results of an evaluation. Arguments and errors are those of `evaluate`."""
    level = check_level(interval)
    with net.access.reading("evaluate"):
        data, target = net.check_xy(x, y, finite=True)
        if net.predicts_values:
            return _of_values(net, data, _values(net, y), samples, Noise(net, tau), level)
        if tau is not None:
            raise InputError(f"tau: only valid for a regression, got loss {net.loss}")
        if net.loss == "bce" and net.sizes[-1] > 1:
            return _of_independent(net, data, on_host(target), samples)
        return _of_classes(net, data, on_host(target), samples)


def precision_of_noise(net: MLP, x: ArrayLike, y: ArrayLike) -> list[float]:
    """Return the reciprocal mean squared error of a regression for each output, in units of the transformed target."""
    with net.access.reading("precision_of_noise"):
        data, _ = net.check_xy(x, y)
        noise = Noise(net)
        squares = ((noise.transformed(net.outputs(data)) - noise.forward(_values(net, y))) ** 2).mean(0)
    return [float(1 / square) if square else float(np.finfo(np.float64).max) for square in squares]


def _values(net: MLP, y: ArrayLike) -> NDArray[np.float64]:
    """Return the targets (N, K) of a regression in float64, not rounded to the network's dtype."""
    return on_host(y).astype(np.float64).reshape(-1, net.sizes[-1])


def _of_values(
    net: MLP, data: Any, y: NDArray[np.float64], samples: int | None, noise: Noise, level: float
) -> Evaluation:
    """Evaluate a regression."""
    uncertainty = likelihood = None
    covered: dict[str, float | None] = {}
    passes = _passes(net, data, samples)
    density = _Mixture(noise.log_density(y)) if noise.known else None
    if density is not None:
        passes = density.through(passes)
    if samples is None:
        (out,) = passes
        predicted = net.predictive(out)
    else:
        spread = value_spread(passes, noise)
        predicted, uncertainty = spread.mean, np.sqrt((spread.total_std**2).mean(1))
        covered = {"coverage": coverage(y, spread.interval(level)) if noise.known else None, "interval": level}
    if density is not None:
        likelihood = float(density.logs().mean())
    scale, _ = net.target_scaling()
    loss = value_loss(net.loss, noise.forward(y) * scale, noise.forward(predicted) * scale)
    wrong = ((y - predicted) ** 2).mean(1)
    measures = {**regression_metrics(y, predicted), "log_likelihood": likelihood, "loss": loss, **covered}
    return Evaluation(measures, None, None, uncertainty, wrong, y, predicted)


class _Mixture:
    """The logarithm of the mean density over forward passes, accumulated one pass at a time."""

    def __init__(self, log_density: Callable[[NDArray[Any]], NDArray[np.float64]]) -> None:
        self.log_density, self.count = log_density, 0
        self.total: Any = -np.inf

    def through(self, passes: Iterable[NDArray[Any]]) -> Iterator[NDArray[Any]]:
        """Yield the passes unchanged and accumulate their densities."""
        for out in passes:
            self.count += 1
            self.total = np.logaddexp(self.total, self.log_density(out))
            yield out

    def logs(self) -> NDArray[np.float64]:
        """Return the logarithm of the mean density, with the shape of `log_density`."""
        return self.total - np.log(self.count)


def _of_classes(net: MLP, data: Any, target: NDArray[Any], samples: int | None) -> Evaluation:
    """Evaluate a network for exclusive classes."""
    y = target.reshape(len(target)).astype(np.int64)
    if net.loss == "bce" and not np.array_equal(y, target.reshape(len(target))):
        return _of_independent(net, data, target, samples)
    density = _Mixture(lambda out: net.log_probabilities(out)[np.arange(len(y)), y])
    proba, entropy = _probabilities(net, density.through(_passes(net, data, samples)))
    calibrated = calibration(y, proba)
    predicted = net.decide(proba)
    measures = class_metrics(y, proba, density.logs(), calibrated, predicted)
    loss = measures["log_loss"] if samples is not None else net.evaluate_loss(data, target)[0]
    names = list(range(proba.shape[1])) if net.classes is None else net.classes
    measures = {"loss": loss, **measures, "classes": names}
    if len(names) == 2:
        measures["positive_class"] = names[1]
    if net.threshold is not None:
        measures["threshold"] = net.threshold
    wrong = (predicted != y).astype(np.float64)
    return Evaluation(measures, names, calibrated, entropy, wrong, y, predicted)


def _of_independent(net: MLP, data: Any, target: NDArray[Any], samples: int | None) -> Evaluation:
    """Evaluate a network for independent classes, or for targets between 0 and 1."""
    ones = _Mixture(lambda out: -np.logaddexp(0.0, -out.astype(np.float64)))
    zeros = _Mixture(lambda out: -np.logaddexp(0.0, out.astype(np.float64)))
    proba, entropy = _probabilities(net, zeros.through(ones.through(_passes(net, data, samples))))
    proba = proba[:, -target.shape[1] :]
    terms = target * ones.logs() + (1 - target) * zeros.logs()
    predicted = proba > (0.5 if net.threshold is None else net.threshold)
    correct = predicted == (target > 0.5)
    accuracy, log_likelihood = float(correct.mean()), float(terms.mean())
    loss = -log_likelihood if samples is not None else net.evaluate_loss(data, target)[0]
    measures = {"loss": loss, "accuracy": accuracy, "error": 1.0 - accuracy, "log_likelihood": log_likelihood}
    measures["log_loss"] = -log_likelihood
    if np.isin(target, (0, 1)).all():
        measures |= label_metrics(target, proba, predicted)
    return Evaluation(measures, None, None, entropy, 1.0 - correct.mean(1), target, proba)


def _passes(net: MLP, data: Any, samples: int | None) -> Iterable[NDArray[Any]]:
    """Return the outputs of one pass without dropout, or of `samples` passes with dropout."""
    return [net.outputs(data)] if samples is None else net.samples(data, samples)


def _probabilities(net: MLP, passes: Iterable[NDArray[Any]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean probabilities of passes and their entropy for each row."""
    aggregated = net.aggregate(map(net.predictive, passes))
    assert aggregated.entropy is not None
    return aggregated.mean, aggregated.entropy
