"""Loss functions of one element."""

from ...core.jit import scalar
from .constants import ONE, ZERO
from .transcendental import exp, log1p

__all__ = ["bce_with_logits", "sigmoid"]


@scalar
def bce_with_logits(z, target):
    """Return the cross-entropy of sigmoid(z) with a target in [0, 1], without overflow.

    The derivative with respect to z is sigmoid(z) - target.
    """
    largest = z if z > ZERO else ZERO
    return largest - z * target + log1p(exp(-abs(z)))


@scalar
def sigmoid(z):
    """Return 1 / (1 + exp(-z)) without overflow."""
    if z >= ZERO:
        return ONE / (ONE + exp(-z))
    e = exp(z)
    return e / (ONE + e)
