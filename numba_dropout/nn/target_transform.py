"""Transformations of the target of a network, in float64: log1p and Yeo-Johnson's power transformation.

A function takes targets (rows, outputs) and `lambdas`, the parameter of each output. Only "yeo-johnson" has any.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import InputError

__all__ = ["LAMBDA_RANGE", "TRANSFORMS", "fit", "forward", "inverse", "log_derivative"]

TRANSFORMS = ("none", "log1p", "yeo-johnson")
LAMBDA_RANGE = 0.0, 2.0  # lambdas whose inverse takes every number
HALF_WIDTH = 4.0  # of the first interval of a search, around 1
MAX_HALF_WIDTH = 1024.0
TOLERANCE = 1e-7
GOLDEN = (math.sqrt(5) - 1) / 2

Lambdas = Sequence[float] | None


def forward(name: str, y: NDArray[Any], lambdas: Lambdas = None) -> NDArray[np.float64]:
    """Return transformed targets (rows, outputs). Raise InputError for "log1p" of a negative number.

    Yeo & Johnson, Biometrika 2000, equation 2.1.
    """
    y = np.asarray(y, np.float64)
    if name == "none":
        return y
    if name == "log1p":
        negative = y < 0
        if negative.any():
            row, column = (int(index) for index in np.argwhere(negative)[0])
            raise InputError(
                f"y: expected targets at least 0 for log1p, got {y[row, column]:g} at [{row}, {column}]",
                "use yeo-johnson",
            )
        return np.log1p(y)
    columns = zip(y.T, _lambdas_of(y, lambdas), strict=True)
    return np.column_stack([_yeo_johnson(column, power) for column, power in columns])


def inverse(name: str, values: NDArray[Any], lambdas: Lambdas = None) -> NDArray[np.float64]:
    """Return targets (rows, outputs) from transformed ones. Those of "log1p" are at least 0."""
    values = np.asarray(values, np.float64)
    with np.errstate(over="ignore"):
        if name == "none":
            return values
        if name == "log1p":
            return np.expm1(np.maximum(values, 0.0))
        columns = zip(values.T, _lambdas_of(values, lambdas), strict=True)
        return np.column_stack([_inverse_yeo_johnson(column, power) for column, power in columns])


def log_derivative(name: str, y: NDArray[Any], lambdas: Lambdas = None) -> NDArray[np.float64]:
    """Return the logarithm of the derivative of `forward` (rows, outputs) at targets y.

    Add it to the log-density of the transformed target to get the log-density of the target.
    """
    y = np.asarray(y, np.float64)
    if name == "none":
        return np.zeros_like(y)
    if name == "log1p":
        return -np.log1p(y)
    return (np.array(_lambdas_of(y, lambdas)) - 1) * np.copysign(np.log1p(np.abs(y)), y)


def fit(y: NDArray[Any]) -> list[float]:
    """Return Yeo-Johnson's lambda of each output of y (rows, outputs), by maximum likelihood.

    The transformed target has a normal distribution in the likelihood. A constant output has a lambda of 1.

    Raise InputError for a NaN or infinite target.
    """
    y = np.asarray(y, np.float64)
    if not np.isfinite(y).all():
        row, column = (int(index) for index in np.argwhere(~np.isfinite(y))[0])
        raise InputError(f"y: expected finite numbers, got {y[row, column]} at [{row}, {column}]")
    return [_best_lambda(column) for column in y.T]


def _lambdas_of(y: NDArray[np.float64], lambdas: Lambdas) -> Sequence[float]:
    """Return the lambdas, one for each output."""
    if lambdas is None or len(lambdas) != y.shape[1]:
        raise InputError(f"lambdas: expected {y.shape[1]}, one for each output, got {lambdas}")
    return lambdas


def _yeo_johnson(y: NDArray[np.float64], power: float) -> NDArray[np.float64]:
    """Return the transformed values of one output."""
    logs = np.log1p(np.abs(y))
    powers = np.where(y >= 0, power, 2 - power)
    with np.errstate(over="ignore"):
        sizes = np.where(powers == 0, logs, np.expm1(powers * logs) / np.where(powers == 0, 1, powers))
    return np.copysign(sizes, y)


def _inverse_yeo_johnson(values: NDArray[np.float64], power: float) -> NDArray[np.float64]:
    """Return the values of one output from transformed ones. Those beyond the function's range give infinity."""
    sizes = np.abs(values)
    powers = np.where(values >= 0, power, 2 - power)
    with np.errstate(divide="ignore"):
        logs = np.log1p(np.maximum(powers * sizes, -1.0)) / np.where(powers == 0, 1, powers)
    return np.copysign(np.expm1(np.where(powers == 0, sizes, logs)), values)


def _best_lambda(y: NDArray[np.float64]) -> float:
    """Return the lambda with the greatest likelihood for one output."""
    if y.size == 0 or y.min() == y.max():
        return 1.0
    if y.max() <= 0:  # the function of -y with 2 - lambda, negated
        return 2 - _best_lambda(-y)
    half_width = HALF_WIDTH
    while True:
        best = _maximum(y, 1 - half_width, 1 + half_width)
        if abs(best - 1) < 0.99 * half_width or half_width >= MAX_HALF_WIDTH:
            return best
        half_width *= 2


def _maximum(y: NDArray[np.float64], low: float, high: float) -> float:
    """Return the lambda with the greatest likelihood in an interval, by golden-section search (Kiefer, 1953)."""
    left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    at_left, at_right = _log_likelihood(y, left), _log_likelihood(y, right)
    while high - low > TOLERANCE:
        if at_left >= at_right:
            high, right, at_right = right, left, at_left
            left = high - GOLDEN * (high - low)
            at_left = _log_likelihood(y, left)
        else:
            low, left, at_left = left, right, at_right
            right = low + GOLDEN * (high - low)
            at_right = _log_likelihood(y, right)
    return (low + high) / 2


def _log_likelihood(y: NDArray[np.float64], power: float) -> float:
    """Return the logarithm of the likelihood of lambda, divided by the number of rows, up to a constant.

    Mean and variance of the normal distribution are those of the transformed values.
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        if y.min() >= 0:  # without the constant term, in which values of a negative lambda would vanish
            logs = np.log1p(y)
            center = float(logs.mean())
            distances = logs - center
            spread = np.expm1(power * distances) / power if power else distances
            log_variance = 2 * power * center + np.log(spread.var())
        else:
            log_variance = np.log(_yeo_johnson(y, power).var())
        value = float((power - 1) * np.copysign(np.log1p(np.abs(y)), y).mean() - log_variance / 2)
    return value if math.isfinite(value) else -math.inf
