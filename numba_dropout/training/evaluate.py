"""Evaluation of a network on data: metrics, calibration and uncertainty."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arrays.convert import on_host
from ..core import checks
from ..core.errors import InputError
from ..nn.mlp import MLP
from .metrics import Calibration, calibration, class_metrics, gaussian_log_density, regression_metrics

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
    net: MLP, x: ArrayLike, y: ArrayLike, *, samples: int | None = None, tau: float | Sequence[float] | None = None
) -> dict[str, Any]:
    """Return the metrics of a network on data, in evaluation mode or from samples of the dropout masks.

    Classes: loss, accuracy, error, log_likelihood (mean, nats), ece (expected calibration error, 15 bins; Guo et al.,
    ICML 2017), and the lists classes, precision, recall and confusion (rows are true classes). Independent classes
    ("bce" with more than one output): loss, accuracy, error, log_likelihood (mean of the outputs). Regression: rmse,
    mae, r2 and log_likelihood in the target's units, and loss in standardized units.

    Parameters
    ----------
    net, x, y
        As for `fit`.
    samples : int, optional
        Predict with the mean of this number of samples (Monte-Carlo dropout; Gal & Ghahramani, ICML 2016).
    tau : float or sequence, optional
        Precision of the noise of a regression, 1 over its variance in the target's units, one number or one for each
        output. The default is the network's `tau`. If both are None, log_likelihood is None. With samples,
        log_likelihood is that of the mean of their densities (the paper's equation 8).

    Raises
    ------
    ValueError, TypeError
        An argument does not fit the network.

    Examples
    --------
    >>> net = nd.MLP([2, 8, 2], seed=0)
    >>> x, labels = np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([0, 1, 0])
    >>> sorted(nd.evaluate(net, x, labels))
    ['accuracy', 'classes', 'confusion', 'ece', 'error', 'log_likelihood', 'loss', 'precision', 'recall']
    """
    return evaluation(net, x, y, samples=samples, tau=tau).measures


def evaluation(
    net: MLP, x: ArrayLike, y: ArrayLike, *, samples: int | None = None, tau: float | Sequence[float] | None = None
) -> Evaluation:
    """Return all results of an evaluation. Arguments and errors are those of `evaluate`."""
    with net.access.reading("evaluate"):
        data, target = net.check_xy(x, y)
        if net.predicts_values:
            return _of_values(net, data, _values(net, y), samples, _precisions(net, tau))
        if tau is not None:
            raise InputError(f"tau: only valid for a regression, got loss {net.loss}")
        if net.loss == "bce" and net.sizes[-1] > 1:
            return _of_independent(net, data, on_host(target), samples)
        return _of_classes(net, data, on_host(target), samples)


def precision_of_noise(net: MLP, x: ArrayLike, y: ArrayLike) -> list[float]:
    """Return the reciprocal mean squared error of a regression on data for each output, in the target's units."""
    with net.access.reading("precision_of_noise"):
        data, _ = net.check_xy(x, y)
        squares = ((net.predictive(net.outputs(data)) - _values(net, y)) ** 2).mean(0)
    return [float(1 / square) if square else float(np.finfo(np.float64).max) for square in squares]


def _values(net: MLP, y: ArrayLike) -> NDArray[np.float64]:
    """Return the targets (N, K) of a regression in float64, not rounded to the network's dtype."""
    return on_host(y).astype(np.float64).reshape(-1, net.sizes[-1])


def _precisions(net: MLP, tau: float | Sequence[float] | None) -> NDArray[np.float64] | None:
    """Return the precisions (K,) of the noise of a regression's outputs, or None if they are unknown."""
    if tau is None:
        return None if net.tau is None else np.array(net.tau)
    values = list(tau) if isinstance(tau, Sequence | np.ndarray) and not isinstance(tau, str) else [tau]
    if len(values) not in (1, net.sizes[-1]):
        raise InputError(f"tau: expected one number or {net.sizes[-1]}, one for each output, got {tau!r}")
    return np.broadcast_to([checks.number(value, "tau", above=0) for value in values], (net.sizes[-1],))


def _of_values(
    net: MLP, data: Any, y: NDArray[np.float64], samples: int | None, tau: NDArray[np.float64] | None
) -> Evaluation:
    """Evaluate a regression."""
    uncertainty = likelihood = None
    if samples is None:
        predicted = net.predictive(net.outputs(data))
        if tau is not None:
            likelihood = float(gaussian_log_density(y, predicted, tau).mean())
    else:
        predictive, density = net.sample_predictive(data, samples), None
        if tau is not None:
            density = _Mixture(lambda values: gaussian_log_density(y, values, tau))
            predictive = density.through(predictive)
        aggregated = net.aggregate(predictive)
        predicted, likelihood = aggregated.mean, None if density is None else float(density.logs().mean())
        noise = 0.0 if tau is None else 1 / tau
        uncertainty = np.sqrt((aggregated.variance + noise).mean(1))
    metrics = regression_metrics(y, predicted)
    scale, _ = net.target_scaling()
    loss = float((((y - predicted) * scale) ** 2).mean())
    wrong = ((y - predicted) ** 2).mean(1)
    measures = {**metrics, "log_likelihood": likelihood, "loss": loss}
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
    measures = class_metrics(y, proba, density.logs(), calibrated)
    loss = -measures["log_likelihood"] if samples is not None else net.evaluate_loss(data, target)[0]
    names = list(range(proba.shape[1])) if net.classes is None else net.classes
    measures = {"loss": loss, **measures, "classes": names}
    wrong = (proba.argmax(1) != y).astype(np.float64)
    return Evaluation(measures, names, calibrated, entropy, wrong, y, proba.argmax(1))


def _of_independent(net: MLP, data: Any, target: NDArray[Any], samples: int | None) -> Evaluation:
    """Evaluate a network for independent classes, or for targets between 0 and 1."""
    ones = _Mixture(lambda out: -np.logaddexp(0.0, -out.astype(np.float64)))
    zeros = _Mixture(lambda out: -np.logaddexp(0.0, out.astype(np.float64)))
    proba, entropy = _probabilities(net, zeros.through(ones.through(_passes(net, data, samples))))
    proba = proba[:, -target.shape[1] :]
    terms = target * ones.logs() + (1 - target) * zeros.logs()
    correct = (proba > 0.5) == (target > 0.5)
    loss, accuracy = (
        net.evaluate_loss(data, target) if samples is None else (-float(terms.mean()), float(correct.mean()))
    )
    assert accuracy is not None
    measures = {"loss": loss, "accuracy": accuracy, "error": 1.0 - accuracy, "log_likelihood": float(terms.mean())}
    return Evaluation(measures, None, None, entropy, 1.0 - correct.mean(1), target, proba)


def _passes(net: MLP, data: Any, samples: int | None) -> Iterable[NDArray[Any]]:
    """Return the outputs of one pass without dropout, or of `samples` passes with dropout."""
    return [net.outputs(data)] if samples is None else net.samples(data, samples)


def _probabilities(net: MLP, passes: Iterable[NDArray[Any]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean probabilities of passes and their entropy for each row."""
    aggregated = net.aggregate(map(net.predictive, passes))
    assert aggregated.entropy is not None
    return aggregated.mean, aggregated.entropy
