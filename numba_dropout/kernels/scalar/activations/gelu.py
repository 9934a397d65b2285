"""The Gaussian error linear unit: x times the normal distribution function (Hendrycks & Gimpel, 2016)."""

import numpy as np

from ....core.jit import scalar
from ..transcendental import HALF64, ONE64, ZERO64, exp_parts, normal_tail

__all__ = ["value", "value_and_slope"]

DENSITY = np.float64(1 / np.sqrt(2 * np.pi))  # of the standard normal distribution at 0
X_MAX = np.float64(38)  # from here on the density is 0 in float64


@scalar
def _distribution(x, short):
    """Return the distribution function and the density, times sqrt(2 pi), at x."""
    t = abs(x)
    t = X_MAX if t > X_MAX else t
    scale, rest = exp_parts(-HALF64 * t * t, short)
    e = scale * rest + scale
    tail = normal_tail(t, short) * e
    return tail if x < ZERO64 else ONE64 - tail, e


@scalar
def value(x, short):
    """Return x cdf(x)."""
    x = -X_MAX if x < -X_MAX else x
    cdf, _ = _distribution(x, short)
    return x * cdf


@scalar
def value_and_slope(x, short):
    """Return the value and its derivative, cdf(x) + x density(x)."""
    x = -X_MAX if x < -X_MAX else x
    cdf, e = _distribution(x, short)
    finite = X_MAX if x > X_MAX else x
    return x * cdf, cdf + finite * (e * DENSITY)
