"""Loss functions of one element.

`huber`, `absolute` and `poisson` return the loss of an output z and its derivative with respect to z, `squared` half of
it. NaN goes through.
"""

from ...core.jit import scalar
from .constants import HALF, ONE, ZERO
from .transcendental import exp, log1p

__all__ = ["absolute", "bce_with_logits", "huber", "poisson", "sigmoid", "squared"]


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


@scalar
def squared(z, target):
    """Return the squared error, and half its derivative: the error."""
    residual = z - target
    return residual * residual, residual


@scalar
def huber(z, target):
    """Return half the squared error up to an error of 1, and its tangent beyond (Huber, 1964)."""
    residual = z - target
    size = abs(residual)
    slope = ONE if residual >= ONE else (-ONE if residual <= -ONE else residual)
    return HALF * residual * residual if size < ONE else size - HALF, slope


@scalar
def absolute(z, target):
    """Return the absolute error. The derivative at 0 is 0."""
    residual = z - target
    return abs(residual), ONE if residual > ZERO else (-ONE if residual < ZERO else residual)


@scalar
def poisson(z, target):
    """Return the negative log-likelihood of a count with the logarithm z of its rate, without log(target!)."""
    rate = exp(z)
    return rate - target * z, rate - target
