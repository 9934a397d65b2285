"""How good a network is on data: measures, calibration, and whether it knows where it errs."""

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
        prediction, with that of the noise where it is known, in the target's units; None for one without samples.
    wrong : array (N,)
        Of each row: whether its class was missed; of independent classes the share of them; or the squared error, mean
        of the outputs.
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
    """Return what is to be known of a network on data, in evaluation mode, or by draws of the dropout masks.

    Classes: loss, accuracy, error, log_likelihood (mean, nats), ece (expected calibration error, 15 bins; Guo et al.,
    ICML 2017), and lists: classes, precision and recall of each, confusion (rows are true classes). Of several
    independent classes ("bce" with more than one output): loss, accuracy, error, log_likelihood (mean of the outputs).
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
    """Do what `evaluate` does, and return all that it found; errors are the same."""
    with net.access.reading("evaluate"):
        data, target = net.check_xy(x, y)
        if net.loss == "mse":
            return _of_values(net, data, _values(net, y), samples, _precisions(net, tau))
        if tau is not None:
            raise InputError(f"tau: expected with a regression, got it with loss {net.loss}")
        if net.loss == "bce" and net.sizes[-1] > 1:
            return _of_independent(net, data, on_host(target), samples)
        return _of_classes(net, data, on_host(target), samples)


def precision_of_noise(net: MLP, x: ArrayLike, y: ArrayLike) -> list[float]:
    """Return 1 over the mean squared error of a regression on rows, for each output, in the target's units."""
    with net.access.reading("precision_of_noise"):
        data, _ = net.check_xy(x, y)
        squares = ((net.predictive(net.outputs(data)) - _values(net, y)) ** 2).mean(0)
    return [float(1 / square) if square else float(np.finfo(np.float64).max) for square in squares]


def _values(net: MLP, y: ArrayLike) -> NDArray[np.float64]:
    """Return the targets (N, K) of a regression as they are, not rounded to the network's dtype."""
    return on_host(y).astype(np.float64).reshape(-1, net.sizes[-1])


def _precisions(net: MLP, tau: float | Sequence[float] | None) -> NDArray[np.float64] | None:
    """Return the precisions (K,) of the noise around a regression's outputs, as far as they are known."""
    if tau is None:
        return None if net.tau is None else np.array(net.tau)
    given = list(tau) if isinstance(tau, Sequence | np.ndarray) and not isinstance(tau, str) else [tau]
    if len(given) not in (1, net.sizes[-1]):
        raise InputError(f"tau: expected one number, or {net.sizes[-1]}, got {tau!r}")
    return np.broadcast_to([checks.number(one, "tau", above=0) for one in given], (net.sizes[-1],))


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
        drawn = net.aggregate(predictive)
        predicted, likelihood = drawn.mean, None if density is None else float(density.logs().mean())
        noise = 0.0 if tau is None else 1 / tau
        uncertainty = np.sqrt((drawn.variance + noise).mean(1))
    measures = regression_metrics(y, predicted)
    stretch, _ = net.target_scaling()
    loss = float((((y - predicted) * stretch) ** 2).mean())
    wrong = ((y - predicted) ** 2).mean(1)
    found = {**measures, "log_likelihood": likelihood, "loss": loss}
    return Evaluation(found, None, None, uncertainty, wrong, y, predicted)


class _Mixture:
    """The logarithm of the mean of densities that passes give, which are taken one after the other."""

    def __init__(self, log_density: Callable[[NDArray[Any]], NDArray[np.float64]]) -> None:
        self.log_density, self.count = log_density, 0
        self.total: Any = -np.inf

    def through(self, passes: Iterable[NDArray[Any]]) -> Iterator[NDArray[Any]]:
        """Yield the passes."""
        for one in passes:
            self.count += 1
            self.total = np.logaddexp(self.total, self.log_density(one))
            yield one

    def logs(self) -> NDArray[np.float64]:
        """Return what `log_density` returns, of the mean."""
        return self.total - np.log(self.count)


def _of_classes(net: MLP, data: Any, target: NDArray[Any], samples: int | None) -> Evaluation:
    """Evaluate a network of classes that exclude each other."""
    y = target.reshape(len(target)).astype(np.int64)
    if net.loss == "bce" and not np.array_equal(y, target.reshape(len(target))):
        return _of_independent(net, data, target, samples)
    of_class = _Mixture(lambda out: net.log_probabilities(out)[np.arange(len(y)), y])
    proba, entropy = _probabilities(net, of_class.through(_passes(net, data, samples)))
    calibrated = calibration(y, proba)
    measures = class_metrics(y, proba, of_class.logs(), calibrated)
    loss = -measures["log_likelihood"] if samples is not None else net.evaluate_loss(data, target)[0]
    names = list(range(proba.shape[1])) if net.classes is None else net.classes
    measures = {"loss": loss, **measures, "classes": names}
    wrong = (proba.argmax(1) != y).astype(np.float64)
    return Evaluation(measures, names, calibrated, entropy, wrong, y, proba.argmax(1))


def _of_independent(net: MLP, data: Any, target: NDArray[Any], samples: int | None) -> Evaluation:
    """Evaluate a network of classes that do not exclude each other, or of targets between 0 and 1."""
    ones = _Mixture(lambda out: -np.logaddexp(0.0, -out.astype(np.float64)))
    zeros = _Mixture(lambda out: -np.logaddexp(0.0, out.astype(np.float64)))
    proba, entropy = _probabilities(net, zeros.through(ones.through(_passes(net, data, samples))))
    proba = proba[:, -target.shape[1] :]
    terms = target * ones.logs() + (1 - target) * zeros.logs()
    right = (proba > 0.5) == (target > 0.5)
    loss, accuracy = net.evaluate_loss(data, target) if samples is None else (-float(terms.mean()), float(right.mean()))
    assert accuracy is not None
    measures = {"loss": loss, "accuracy": accuracy, "error": 1.0 - accuracy, "log_likelihood": float(terms.mean())}
    return Evaluation(measures, None, None, entropy, 1.0 - right.mean(1), target, proba)


def _passes(net: MLP, data: Any, samples: int | None) -> Iterable[NDArray[Any]]:
    """Return the outputs of one pass without dropout, or of samples."""
    return [net.outputs(data)] if samples is None else net.samples(data, samples)


def _probabilities(net: MLP, passes: Iterable[NDArray[Any]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean probabilities of passes, and the entropy of each row's."""
    drawn = net.aggregate(map(net.predictive, passes))
    assert drawn.entropy is not None
    return drawn.mean, drawn.entropy
