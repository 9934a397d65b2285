"""The leaky rectified linear unit (Maas et al., ICML workshop 2013), with the slope of PyTorch."""

import numpy as np

from ....core.jit import scalar
from ..transcendental import ONE64, ZERO64

__all__ = ["value", "value_and_slope"]

SLOPE = np.float64(0.01)  # of negative numbers


@scalar
def value(x, short):
    """Return x where it is positive, else 0.01 x."""
    return x if x > ZERO64 else SLOPE * x


@scalar
def value_and_slope(x, short):
    """Return the value and its derivative, 0.01 at 0."""
    slope = ONE64 if x > ZERO64 else SLOPE
    return slope * x, slope
