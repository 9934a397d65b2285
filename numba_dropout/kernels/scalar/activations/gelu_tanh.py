"""The tanh approximation of the Gaussian error linear unit (Hendrycks & Gimpel, 2016), as in PyTorch."""

import numpy as np

from ....core.jit import scalar
from ..transcendental import EXP_MAX, ONE64, exp_parts

__all__ = ["value", "value_and_slope"]

# 0.5 x (1 + tanh(u)) = x / (1 + e**(-2 u)) with u = sqrt(2 / pi) (x + 0.044715 x**3)
LINEAR, CUBIC = np.float64(2 * np.sqrt(2 / np.pi)), np.float64(2 * np.sqrt(2 / np.pi) * 0.044715)
CUBIC_SLOPE = np.float64(3 * CUBIC)


@scalar
def value_and_slope(x, short):
    """Return the value and its derivative."""
    x = -EXP_MAX if x < -EXP_MAX else x
    finite = EXP_MAX if x > EXP_MAX else x
    square = finite * finite
    scale, rest = exp_parts(-finite * (LINEAR + CUBIC * square), short)
    e = scale * rest + scale
    y = ONE64 / (ONE64 + e)
    return x * y, y + finite * (LINEAR + CUBIC_SLOPE * square) * (e * y * y)


@scalar
def value(x, short):
    """Return 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x**3)))."""
    y, _ = value_and_slope(x, short)
    return y
