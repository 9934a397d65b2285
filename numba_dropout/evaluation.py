"""How good a network is on data: measures, calibration, and whether it knows where it errs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _checks
from ._batches import on_host
from ._checks import InputError
from .metrics import Calibration, calibration, class_metrics, gaussian_log_density, regression_metrics
from .mlp import MLP

__all__ = ["Evaluation", "evaluate", "evaluation", "precision_of_noise"]


@dataclass(frozen=True)
class Evaluation:
    """What is known of a network on data.

    Attributes
    ----------
    measures : dict
        What `evaluate` returns.
    classes : list or None
        Their names, where the network has classes.
    calibration : Calibration or None
        For classes.
    uncertainty : array (N,) or None
        Of each row: predictive entropy in nats, or with samples of a regression the standard deviation of the
        prediction, with that of the noise, in the target's units; None for a regression without either.
    wrong : array (N,)
        Of each row: whether its class was missed, or its squared error, summed over the outputs.
    y, predicted : arrays
        Class numbers (N,), or values (N, K).
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
    """Return what is to be known of a network on data, in evaluation mode, or by draws of the dropout masks.

    Classes: loss, accuracy, error, log_likelihood (mean, nats), ece (expected calibration error, 15 bins; Guo et al.,
    ICML 2017), and lists: precision and recall of each class, confusion (rows are true classes). Of several independent
    classes ("bce" with more than one output): loss, accuracy, error, log_likelihood (mean of the outputs).
    Regression: rmse, mae, r2 and log_likelihood in the target's units, and loss in standardised ones.

    Parameters
    ----------
    net, x, y
        As for `fit`.
    samples : int, optional
        Predict by the mean of so many draws of the masks (Monte-Carlo dropout; Gal & Ghahramani, ICML 2016).
    tau : float, optional
        Precision of the noise around a regression's values, 1 over its variance in the target's units, or one for each
        output; the network's own `tau`, if it has one, where it is not given. Without it there is no log-likelihood:
        None. With samples it is that of the mean of their densities (the paper's equation 8).
    """
    return evaluation(net, x, y, samples=samples, tau=tau).measures


def evaluation(
    net: MLP, x: ArrayLike, y: ArrayLike, *, samples: int | None = None, tau: float | Sequence[float] | None = None
) -> Evaluation:
    """Do what `evaluate` does, and return all that it found."""
    data, target = net.as_pair(x, y)
    if net.loss == "mse":
        return _of_values(net, data, _values(net, y), samples, _precisions(net, tau))
    if tau is not None:
        raise InputError(f"tau: expected with a regression, got it with loss {net.loss}")
    if net.loss == "bce" and net.sizes[-1] > 1:
        return _of_independent(net, data, on_host(target), samples)
    return _of_classes(net, data, on_host(target), samples)


def precision_of_noise(net: MLP, x: ArrayLike, y: ArrayLike) -> list[float]:
    """Return 1 over the mean squared error of a regression on rows, for each output, in the target's units."""
    data, _ = net.as_pair(x, y)
    squares = ((net.answers(net.outputs(data)) - _values(net, y)) ** 2).mean(0)
    return [float(1 / square) if square else float(np.finfo(np.float64).max) for square in squares]


def _values(net: MLP, y: ArrayLike) -> NDArray[np.float64]:
    """Return the targets (N, K) of a regression as they are, not rounded to the network's dtype."""
    return on_host(y).astype(np.float64).reshape(-1, net.sizes[-1])


def _precisions(net: MLP, tau: float | Sequence[float] | None) -> NDArray[np.float64] | None:
    """Return the precisions (K,) of the noise around a regression's outputs, as far as they are known."""
    if tau is None:
        return None if net.tau is None else np.array(net.tau)
    given = np.atleast_1d(np.asarray(tau, np.float64))
    if given.shape not in ((1,), (net.sizes[-1],)):
        raise InputError(f"tau: expected one number, or {net.sizes[-1]}, got {tau!r}")
    return np.broadcast_to([_checks.number(float(one), "tau", above=0) for one in given], (net.sizes[-1],))


def _of_values(
    net: MLP, data: Any, y: NDArray[np.float64], samples: int | None, tau: NDArray[np.float64] | None
) -> Evaluation:
    """Evaluate a regression."""
    uncertainty = likelihood = None
    if samples is None:
        predicted = net.answers(net.outputs(data))
        if tau is not None:
            likelihood = float(gaussian_log_density(y, predicted, tau).mean())
    else:
        watched = _Mixture(y, tau)
        drawn = net.summary(watched.through(net.sample_answers(data, samples)))
        predicted, likelihood = drawn.mean, watched.log_density()
        noise = 0.0 if tau is None else 1 / tau
        uncertainty = np.sqrt((drawn.variance + noise).sum(1))
    measures = regression_metrics(y, predicted)
    stretch, _ = net.target_scaling()
    loss = float((((y - predicted) * stretch) ** 2).mean())
    wrong = ((y - predicted) ** 2).sum(1)
    found = {**measures, "log_likelihood": likelihood, "loss": loss}
    return Evaluation(found, None, None, uncertainty, wrong, y, predicted)


class _Mixture:
    """The log-density of y (N, K) under the mean of normal distributions around samples, taken one after the other."""

    def __init__(self, y: NDArray[np.float64], tau: NDArray[np.float64] | None) -> None:
        self.y, self.tau, self.count = y, tau, 0
        self.total = np.full(len(y), -np.inf)

    def through(self, samples: Iterator[NDArray[np.float64]]) -> Iterator[NDArray[np.float64]]:
        """Yield the samples."""
        for values in samples:
            if self.tau is not None:
                self.count += 1
                self.total = np.logaddexp(self.total, gaussian_log_density(self.y, values, self.tau))
            yield values

    def log_density(self) -> float | None:
        """Return the mean over the rows."""
        return None if self.tau is None else float((self.total - np.log(self.count)).mean())


def _of_classes(net: MLP, data: Any, target: NDArray[Any], samples: int | None) -> Evaluation:
    """Evaluate a network of classes that exclude each other."""
    y = target.reshape(len(target)).astype(np.int64)
    if net.loss == "bce" and not np.array_equal(y, target.reshape(len(target))):
        return _of_independent(net, data, target, samples)
    proba, entropy = _probabilities(net, data, samples)
    measures = class_metrics(y, proba)
    loss = -measures["log_likelihood"] if samples is not None else net.loss_of(data, target)[0]
    wrong = (proba.argmax(1) != y).astype(np.float64)
    names = list(range(proba.shape[1])) if net.classes is None else net.classes
    return Evaluation({"loss": loss, **measures}, names, calibration(y, proba), entropy, wrong, y, proba.argmax(1))


def _of_independent(net: MLP, data: Any, target: NDArray[Any], samples: int | None) -> Evaluation:
    """Evaluate a network of classes that do not exclude each other, or of targets between 0 and 1."""
    proba, entropy = _probabilities(net, data, samples)
    proba = proba[:, -target.shape[1] :]
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(target > 0, target * np.log(proba), 0.0)
        terms += np.where(target < 1, (1 - target) * np.log1p(-proba), 0.0)
    right = (proba > 0.5) == (target > 0.5)
    loss, accuracy = net.loss_of(data, target) if samples is None else (-float(terms.mean()), float(right.mean()))
    assert accuracy is not None
    measures = {"loss": loss, "accuracy": accuracy, "error": 1.0 - accuracy, "log_likelihood": float(terms.mean())}
    return Evaluation(measures, None, None, entropy, 1.0 - right.mean(1), target, proba)


def _probabilities(net: MLP, data: Any, samples: int | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return probabilities, and the entropy of each row's, by one pass without dropout or by samples."""
    passes = [net.answers(net.outputs(data))] if samples is None else net.sample_answers(data, samples)
    drawn = net.summary(passes)
    assert drawn.entropy is not None
    return drawn.mean, drawn.entropy
