"""The sigmoid linear unit, also called swish (Elfwing et al., Neural Networks 107, 2018)."""

from ....core.jit import scalar
from ..transcendental import EXP_MAX, ONE64, exp_parts

__all__ = ["value", "value_and_slope"]


@scalar
def value_and_slope(x, short):
    """Return the value and its derivative."""
    x = -EXP_MAX if x < -EXP_MAX else x
    scale, rest = exp_parts(-x, short)
    e = scale * rest + scale
    y = ONE64 / (ONE64 + e)
    finite = EXP_MAX if x > EXP_MAX else x
    return x * y, y + finite * (e * y * y)


@scalar
def value(x, short):
    """Return x / (1 + e**-x)."""
    y, _ = value_and_slope(x, short)
    return y
