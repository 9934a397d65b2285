"""Update rules: how a network's parameters are updated, from products directly or from stored gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..optim import OPTIMIZERS
from .buffers import BIAS, INPUTS, UNITS, WEIGHT
from .views import FIRST, Target, Views

__all__ = ["RULES", "Rule", "fused_update", "norm_limits", "stored_update", "update_all"]

TRUE, FALSE = np.bool_(True), np.bool_(False)  # Numba would compile a version of its own for each literal


class Rule(NamedTuple):
    """An update rule. Its kernels are `linear_<name>`, `step_<name>` and, on the CPU, `subnetwork_<name>`."""

    name: str
    decay: int  # column of its hyperparameters: the weight decay that is added to the gradient


RULES = {kind.update: Rule(kind.update, kind.decay_column) for kind in OPTIMIZERS.values()}


def fused_update(target: Target, views: Views, rule: Rule) -> Callable[..., None]:
    """Return the function that updates a layer's weight and bias with gradients that are not stored."""
    kernel = getattr(target.kernels, f"linear_{rule.name}")
    weight, bias, dweight, dbias = views.weight, views.bias, views.dweight, views.dbias

    @target.internal
    def update_layer(net, layer, dout, inp, operands):
        """Update a layer's weight and bias. The operands are the state and the hyperparameters."""
        state, hyperparameters = operands
        kernel(
            weight(net.master, layer),
            bias(net.master, layer),
            dweight(net.master, layer),
            dbias(net.master, layer),
            state,
            net.master.layers[layer, WEIGHT : BIAS + 1],
            dout,
            inp,
            hyperparameters,
        )

    return update_layer


def stored_update(target: Target, views: Views, rule: Rule) -> Callable[..., None]:
    """Return the function that updates a layer's weight and bias with the stored gradients."""
    kernel, vector = getattr(target.kernels, f"step_{rule.name}"), target.vector
    bias, dbias = views.bias, views.dbias

    @target.internal
    def update_layer(net, layer, dout, inp, operands):
        """Update a layer's weight and bias with the stored gradients."""
        state, hyperparameters = operands
        layers = net.master.layers
        first, size = layers[layer, WEIGHT], layers[layer, INPUTS] * layers[layer, UNITS]
        weights, dweights = vector(net.master.values, first, size), vector(net.master.gradients, first, size)
        kernel(weights, dweights, state, first, hyperparameters, TRUE)
        first, b, db = layers[layer, BIAS], bias(net.master, layer), dbias(net.master, layer)
        kernel(b, db, state, first, hyperparameters, FALSE)

    return update_layer


def update_all(target: Target, views: Views, update_layer: Callable[..., None], clips: bool) -> Callable[..., None]:
    """Return the function that clips the stored gradients if specified, and updates all layers."""
    kernels, layer_input, doutput = target.kernels, views.layer_input, views.doutput

    @target.internal
    def update(net, state, hyperparameters):
        """Clip the gradient if specified, and update the parameters."""
        if clips:
            kernels.clip_norm(net.master.gradients, net.batch.sums, hyperparameters)
        for layer in range(net.master.layers.shape[0]):
            dout, inp = doutput(net, layer, FIRST), layer_input(net, layer, FIRST)
            update_layer(net, layer, dout, inp, (state, hyperparameters))

    return update


def norm_limits(target: Target, views: Views, bounded: bool) -> Callable[..., None]:
    """Return the function that bounds the norms of the weights after an update."""
    kernels, weight = target.kernels, views.weight

    if bounded:

        @target.internal
        def limit_norms(net, max_norm):
            """Bound the norm of the incoming weights of each hidden unit."""
            for layer in range(net.master.layers.shape[0] - 1):
                kernels.max_norm(weight(net.master, layer), max_norm)

    else:

        @target.internal
        def limit_norms(net, max_norm):
            """Do nothing: the weights have no bound."""
            pass  # Numba's debug information needs a first statement

    return limit_norms
