"""The hyperbolic tangent."""

from ....core.jit import scalar
from ..transcendental import ONE64, TWO64, exp_parts

__all__ = ["value", "value_and_slope"]


@scalar
def value(x, short):
    """Return tanh(x)."""
    scale, rest = exp_parts(TWO64 * x, short)
    e = scale * rest + (scale - ONE64)  # e**(2 x) - 1
    return e / (e + TWO64)


@scalar
def value_and_slope(x, short):
    """Return tanh(x) and its derivative."""
    y = value(x, short)
    return y, ONE64 - y * y
