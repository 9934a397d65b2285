"""Spread and prediction intervals of values, from samples of the dropout masks and the noise."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core import checks
from ..core.errors import InputError
from ..nn.monte_carlo import of_values
from .noise import Noise

__all__ = ["Interval", "ValueSpread", "check_level", "coverage", "value_spread"]


@dataclass(frozen=True)
class Interval:
    """Bounds (N, K) that hold new observations with a probability, the level, if the model is right."""

    level: float
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]


@dataclass(frozen=True)
class ValueSpread:
    """Predictions of values (N, K) and their standard deviations, in the target's units.

    Attributes
    ----------
    mean : array (N, K)
        Mean over the samples of the dropout masks.
    model_std : array (N, K)
        Standard deviation over the samples: what more training data can reduce.
    noise_std : array (N, K) or None
        Standard deviation of the noise, or None if the noise is unknown.
    transformed_mean, transformed_std : arrays (N, K)
        Mean over the samples, and standard deviation of new observations, in units of the transformed target.
    noise : Noise
        The noise of the target.
    """

    mean: NDArray[np.float64]
    model_std: NDArray[np.float64]
    noise_std: NDArray[np.float64] | None
    transformed_mean: NDArray[np.float64]
    transformed_std: NDArray[np.float64]
    noise: Noise

    @property
    def total_std(self) -> NDArray[np.float64]:
        """Standard deviation of new observations: of the model and, if it is known, of the noise."""
        return self.model_std if self.noise_std is None else np.hypot(self.model_std, self.noise_std)

    def interval(self, level: float) -> Interval:
        """Return the interval of normal distributions of the transformed target. InputError: the noise is unknown."""
        check_level(level)
        if not self.noise.known:
            raise InputError(
                "interval: the model does not know the precision of its noise (tau); leave the interval out, or train "
                "the model again with `ndrop train` or `nd.train`, which store it"
            )
        half = NormalDist().inv_cdf((1 + level) / 2) * self.transformed_std
        center, inverse = self.transformed_mean, self.noise.inverse
        return Interval(level, inverse(center - half), inverse(center + half))


def check_level(level: Any, name: str = "interval") -> float:
    """Return the level of an interval, a number between 0 and 1, both excluded. Otherwise raise InputError."""
    result = checks.number(level, name, above=0)
    if result >= 1:
        raise InputError(f"{name}: expected a number between 0 and 1, such as 0.95, got {level!r}")
    return result


def value_spread(outputs: Iterable[NDArray[Any]], noise: Noise) -> ValueSpread:
    """Return the mean and spread of samples of a network's outputs (N, K), such as those of `MLP.samples`."""
    if not noise.transforms:
        result = of_values(map(noise.transformed, outputs))
        values, transformed, deviations = result.mean, result.mean, result.std
        spread, variance = result.std, noise.variance(result.mean) if noise.known else None
    else:
        result = of_values(_columns(out, noise) for out in outputs)  # the moments of all columns in one pass
        values, transformed, *variances = np.split(result.mean, 3 if noise.known else 2, axis=1)
        spread, deviations, *_ = np.split(result.std, 3 if noise.known else 2, axis=1)
        variance = variances[0] if noise.known else None
    noise_std = None if variance is None else np.sqrt(variance)
    if noise.known:
        deviations = np.sqrt(deviations**2 + noise.transformed_variance(transformed))
    return ValueSpread(values, spread, noise_std, transformed, deviations, noise)


def _columns(out: NDArray[Any], noise: Noise) -> NDArray[np.float64]:
    """Return the values, the transformed values and, if the noise is known, its variances, side by side."""
    transformed = noise.transformed(out)
    variances = [noise.variance(transformed)] if noise.known else []
    return np.hstack([noise.inverse(transformed), transformed, *variances])


def coverage(y: NDArray[Any], interval: Interval) -> float:
    """Return the share of the values y (N, K) that lie in an interval, over rows and outputs."""
    return float(((interval.lower <= y) & (y <= interval.upper)).mean())
