"""Loss functions of one element."""

from ...core.jit import scalar
from .constants import ZERO
from .transcendental import exp, log1p

__all__ = ["bce_with_logits"]


@scalar
def bce_with_logits(z, target):
    """Return the cross-entropy of sigmoid(z) with a target in [0, 1], without overflow.

    The derivative with respect to z is sigmoid(z) - target.
    """
    largest = z if z > ZERO else ZERO
    return largest - z * target + log1p(exp(-abs(z)))
