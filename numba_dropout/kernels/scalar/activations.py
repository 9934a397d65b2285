"""Activation functions of one element and their derivatives."""

from ...core.jit import scalar
from .constants import ONE, ZERO
from .transcendental import exp

__all__ = ["relu", "relu_derivative", "relu_dropout_derivative", "sigmoid"]


@scalar
def relu(x):
    """Return x where it is positive or NaN, else +0."""
    return x if x > ZERO or x != x else ZERO


@scalar
def relu_derivative(dy, y):
    """Return the gradient dy where the ReLU's output y is positive, else +0."""
    return dy if y > ZERO else ZERO


@scalar
def relu_dropout_derivative(dy, y, scale):
    """Return dy * scale where the output y of ReLU and dropout is positive (kept, with a positive input), else +0."""
    return dy * scale if y > ZERO else ZERO


@scalar
def sigmoid(z):
    """Return 1 / (1 + exp(-z)) without overflow."""
    if z >= ZERO:
        return ONE / (ONE + exp(-z))
    e = exp(z)
    return e / (ONE + e)
