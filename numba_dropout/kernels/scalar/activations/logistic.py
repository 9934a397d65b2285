"""The logistic function, also called sigmoid."""

from ....core.jit import scalar
from ..transcendental import ONE64, exp_parts

__all__ = ["value", "value_and_slope"]


@scalar
def value(x, short):
    """Return 1 / (1 + e**-x)."""
    scale, rest = exp_parts(-x, short)
    return ONE64 / (ONE64 + (scale * rest + scale))


@scalar
def value_and_slope(x, short):
    """Return the value and its derivative."""
    scale, rest = exp_parts(-x, short)
    e = scale * rest + scale
    y = ONE64 / (ONE64 + e)
    return y, e * y * y
