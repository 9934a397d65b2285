"""The scaled exponential linear unit (Klambauer et al., NeurIPS 2017, equation 2)."""

import numpy as np

from ....core.jit import scalar
from ..transcendental import ONE64, ZERO64, exp_parts

__all__ = ["value", "value_and_slope"]

SCALE = np.float64(1.0507009873554805)
SCALED_ALPHA = np.float64(1.0507009873554805 * 1.6732632423543772)


@scalar
def value(x, short):
    """Return 1.0507 x where x is positive, else 1.0507 * 1.6733 (e**x - 1)."""
    scale, rest = exp_parts(x, short)
    return SCALE * x if x > ZERO64 else SCALED_ALPHA * (scale * rest + (scale - ONE64))


@scalar
def value_and_slope(x, short):
    """Return the value and its derivative, that of negative numbers at 0."""
    scale, rest = exp_parts(x, short)
    y = SCALE * x if x > ZERO64 else SCALED_ALPHA * (scale * rest + (scale - ONE64))
    return y, SCALE if x > ZERO64 else SCALED_ALPHA * (scale * rest + scale)
