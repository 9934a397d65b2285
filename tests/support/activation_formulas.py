"""Activation functions and their derivatives in NumPy and SciPy, in float64."""

import numpy as np
from scipy import special

SELU, ALPHA = 1.0507009873554805, 1.6732632423543772
ROOT = np.sqrt(2 / np.pi)


def density(x):
    """Return the density of the standard normal distribution."""
    return np.exp(-x * x / 2) / np.sqrt(2 * np.pi)


def expm1_of_negative(x):
    """Return e**x - 1 where x is negative, else 0."""
    return np.expm1(np.minimum(x, 0))


def gate(x):
    """Return the factor 0.5 (1 + tanh) of the approximate GELU, and its derivative."""
    s = special.expit(2 * ROOT * (x + 0.044715 * x**3))
    return s, s * special.expit(-2 * ROOT * (x + 0.044715 * x**3)) * 2 * ROOT * (1 + 3 * 0.044715 * x**2)


FORMULAS = {
    "relu": (lambda x: np.maximum(x, 0), lambda x: (x > 0) * 1.0),
    "leaky_relu": (lambda x: np.where(x > 0, x, 0.01 * x), lambda x: np.where(x > 0, 1, 0.01)),
    "elu": (lambda x: np.where(x > 0, x, expm1_of_negative(x)), lambda x: 1 + expm1_of_negative(x)),
    "selu": (
        lambda x: SELU * np.where(x > 0, x, ALPHA * expm1_of_negative(x)),
        lambda x: SELU * np.where(x > 0, 1, ALPHA * (1 + expm1_of_negative(x))),
    ),
    "gelu": (lambda x: x * special.ndtr(x), lambda x: special.ndtr(x) + x * density(x)),
    "gelu_tanh": (lambda x: x * gate(x)[0], lambda x: gate(x)[0] + x * gate(x)[1]),
    "silu": (
        lambda x: x * special.expit(x),
        lambda x: special.expit(x) * (1 + x * special.expit(-x)),
    ),
    "tanh": (np.tanh, lambda x: 1 / np.cosh(x) ** 2),
    "logistic": (special.expit, lambda x: special.expit(x) * special.expit(-x)),
    "identity": (lambda x: x, np.ones_like),
}
