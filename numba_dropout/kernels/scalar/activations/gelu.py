"""The Gaussian error linear unit: x times the normal distribution function (Hendrycks & Gimpel, 2016)."""

import numpy as np

from ....core.jit import scalar
from ..transcendental import HALF64, ONE64, ZERO64, exp_parts_within, normal_tail

__all__ = ["value", "value_and_slope"]

DENSITY = np.float64(1 / np.sqrt(2 * np.pi))  # of the standard normal distribution at 0
# Beyond these numbers, both functions are those of ReLU in float64 and float32.
X_MAX, X_MAX_SHORT = np.float64(37.4), np.float64(14.6)


@scalar
def _tail(x, short):
    """Return |x|, 1 - cdf(|x|) without the factor exp(-x**2 / 2), and this factor."""
    t, bound = abs(x), X_MAX_SHORT if short else X_MAX
    t = bound if t > bound else t
    scale, rest = exp_parts_within(-HALF64 * t * t, short)
    return t, normal_tail(t, short), scale * rest + scale


@scalar
def _relu(x):
    return ZERO64 if x < ZERO64 else x


@scalar
def value(x, short):
    """Return x cdf(x)."""
    t, tail, e = _tail(x, short)
    return _relu(x) - t * (tail * e)


@scalar
def value_and_slope(x, short):
    """Return the value and its derivative, cdf(x) + x density(x)."""
    t, tail, e = _tail(x, short)
    above = e * (t * DENSITY - tail)  # of the derivative over 1, for x >= 0
    return _relu(x) - t * (tail * e), -above if x < ZERO64 else ONE64 + above
