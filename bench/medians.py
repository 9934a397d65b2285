"""Statistics of repeated measurements: medians, spreads, and distribution-free intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

__all__ = ["geometric_mean", "interval", "median", "ratios", "spread"]

CONFIDENCE = 0.95


def median(values: Sequence[float]) -> float | None:
    """Return the median, or None if it is not finite."""
    return _finite(float(np.median(values))) if len(values) else None


def spread(values: Sequence[float]) -> float | None:
    """Return the interquartile range in percent of the median, or None without a median."""
    if not len(values) or not np.median(values):
        return None
    low, high = np.percentile(values, [25, 75])
    return _finite(float((high - low) / np.median(values) * 100))


def interval(values: Sequence[float], confidence: float = CONFIDENCE) -> tuple[float, float] | None:
    """Return two of the values that contain the true median with at least the given confidence.

    They are the k-th smallest and k-th largest, for the largest sufficient k: the number of values below the true
    median is binomial with 1/2. Returns None for too few values (below 6 for 95 %) or a non-finite one.
    Source: Conover, Practical Nonparametric Statistics, section 3.2.
    """
    n = len(values)
    below, k = 2.0**-n, 0  # below: the probability of at most k values on one side
    while below <= (1 - confidence) / 2 and 2 * k < n:
        k += 1
        below += math.exp(math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) - n * math.log(2))
    ordered = sorted(values)
    if k == 0 or not np.isfinite(ordered).all():
        return None
    return ordered[k - 1], ordered[n - k]


def ratios(values: Sequence[float], base: Sequence[float]) -> list[float]:
    """Return the ratio of each round, so that drift between rounds cancels."""
    return [a / b for a, b in zip(values, base, strict=True)]


def geometric_mean(values: Sequence[float]) -> float | None:
    """Return the geometric mean, or None without values or if it is not finite."""
    return _finite(math.exp(sum(map(math.log, values)) / len(values))) if values else None


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
