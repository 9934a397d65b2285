"""The exponential linear unit with alpha = 1 (Clevert et al., ICLR 2016)."""

from ....core.jit import scalar
from ..transcendental import ONE64, ZERO64, exp_parts

__all__ = ["value", "value_and_slope"]


@scalar
def value(x, short):
    """Return x where it is positive, else e**x - 1."""
    scale, rest = exp_parts(x, short)
    return x if x > ZERO64 else scale * rest + (scale - ONE64)


@scalar
def value_and_slope(x, short):
    """Return the value and its derivative, 1 at 0."""
    scale, rest = exp_parts(x, short)
    y = x if x > ZERO64 else scale * rest + (scale - ONE64)
    return y, ONE64 if x > ZERO64 else scale * rest + scale
