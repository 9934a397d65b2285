"""The rectified linear unit (ReLU)."""

from ....core.jit import scalar
from ..constants import ZERO
from ..transcendental import ONE64, ZERO64

__all__ = ["relu", "relu_derivative", "relu_dropout_derivative", "value", "value_and_slope"]


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
def value(x, short):
    """Return x where it is positive or NaN, else +0."""
    return x if x > ZERO64 or x != x else ZERO64


@scalar
def value_and_slope(x, short):
    """Return the value and its derivative, 0 at 0."""
    return value(x, short), ONE64 if x > ZERO64 or x != x else ZERO64
