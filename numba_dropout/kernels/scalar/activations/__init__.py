"""Activation functions of one element, each beside its derivative.

value(x, short) returns the value at a float64, value_and_slope(x, short) also the derivative. `short` asks for the
precision of float32, in less time. ReLU has further functions, of float32 too, for kernels without slopes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from . import elu, gelu, gelu_tanh, identity, leaky_relu, logistic, relu, selu, silu, tanh

__all__ = ["ACTIVATIONS"]


class Activation(NamedTuple):
    """The functions of an activation, and the initialization of weights that fits it."""

    value: Callable[..., Any]
    value_and_slope: Callable[..., Any]
    init: str = "he"


ACTIVATIONS = {
    "relu": Activation(relu.value, relu.value_and_slope),
    "leaky_relu": Activation(leaky_relu.value, leaky_relu.value_and_slope),
    "elu": Activation(elu.value, elu.value_and_slope),
    "selu": Activation(selu.value, selu.value_and_slope, init="lecun"),
    "gelu": Activation(gelu.value, gelu.value_and_slope),
    "gelu_tanh": Activation(gelu_tanh.value, gelu_tanh.value_and_slope),
    "silu": Activation(silu.value, silu.value_and_slope),
    "tanh": Activation(tanh.value, tanh.value_and_slope, init="glorot"),
    "logistic": Activation(logistic.value, logistic.value_and_slope, init="glorot"),
    "identity": Activation(identity.value, identity.value_and_slope, init="glorot"),
}
