"""Views into a network's flat buffers: what a layer reads and writes, on any target."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from .buffers import BIAS, INPUTS, LOGIT, OUTPUT, UNITS, WEIGHT, Network

__all__ = ["FIRST", "Target", "Training", "Views", "views_of"]

FIRST = np.int64(0)


class Target(NamedTuple):
    """What the passes are built over."""

    kernels: ModuleType
    repeat: Callable[..., Any]  # (a training step, `at_rates`): the function that takes consecutive steps
    build: Callable[[Any], Any]  # for the functions that are returned
    part: Callable[[Any], Any]  # for those that only these call
    view: Callable[[Any], Any]  # for those that return a view
    matrix: Callable[..., Any]  # (flat, start, rows, columns): a part of a flat array as a matrix
    vector: Callable[..., Any]  # (flat, start, size): a part of a flat array
    thins: bool  # sub-networks are made smaller, not masked


class Views(NamedTuple):
    """The functions that `views_of` builds, of a network and the number of a layer."""

    layer_input: Callable[..., Any]
    layer_output: Callable[..., Any]
    doutput: Callable[..., Any]
    weight: Callable[..., Any]
    bias: Callable[..., Any]
    logit: Callable[..., Any]
    at_rates: Callable[..., Any]  # of a network, thresholds and scales: the network with those
    inner: Callable[..., Any]  # of a network: that which a batch runs through instead


class Training(NamedTuple):
    """The functions over a network of which training is made, where it is not by the passes themselves."""

    begin: Callable[..., None]  # load a batch and run it forward
    store: Callable[..., None]  # go back, and keep the gradients
    descend: Callable[..., None]  # go back, and step the parameters


def views_of(target: Target) -> Views:
    """Write the views for one target."""
    view, matrix, vector = target.view, target.matrix, target.vector

    @view
    def layer_input(net, layer, rows):
        """View the input of a layer: the output of the one before."""
        units = net.layers[layer, INPUTS]
        return matrix(net.outputs, (net.layers[layer, OUTPUT] - units) * net.losses.size, rows, units)

    @view
    def layer_output(net, layer, rows):
        """View the output of a layer."""
        return matrix(net.outputs, net.layers[layer, OUTPUT] * net.losses.size, rows, net.layers[layer, UNITS])

    @view
    def doutput(net, layer, rows):
        """View the gradient by the output of a layer (-1: by the network's input); neighbours share no memory."""
        units = net.layers[layer, UNITS] if layer >= 0 else net.layers[0, INPUTS]
        return matrix(net.doutputs[(layer + 1) & 1], FIRST, rows, units)

    @view
    def weight(net, flat, layer):
        """View a layer's weight, (units, inputs), in the parameters or in their gradients."""
        return matrix(flat, net.layers[layer, WEIGHT], net.layers[layer, UNITS], net.layers[layer, INPUTS])

    @view
    def bias(net, flat, layer):
        """View a layer's bias, (units,), in the parameters or in their gradients."""
        return vector(flat, net.layers[layer, BIAS], net.layers[layer, UNITS])

    @view
    def logit(net, flat, site):
        """View the logit, (1,), of a site's rate, where that is learnt, in the parameters or in their gradients."""
        return vector(flat, net.layers[site, LOGIT], 1)

    @view
    def replaced(net, layers, params, dparams, thresholds, scales):
        """View a network with another table, other parameters and other rates."""
        return Network(
            layers,
            params,
            dparams,
            net.shift,
            net.stretch,
            net.target_shift,
            net.target_stretch,
            thresholds,
            scales,
            net.key,
            net.outputs,
            net.doutputs,
            net.losses,
            net.correct,
            net.labels,
            net.targets,
            net.weights,
            net.sums,
            net.unit_thresholds,
            net.unit_scales,
            net.unit_mask,
            net.row_starts,
            net.kept,
            net.inner_layers,
            net.inner_params,
            net.inner_dparams,
            net.regularization,
            net.hyperparameters,
        )

    @view
    def at_rates(net, thresholds, scales):
        """View the network with other rates."""
        return replaced(net, net.layers, net.params, net.dparams, thresholds, scales)

    @view
    def inner(net):
        """View the network of what a batch keeps, where that is copied together."""
        return replaced(net, net.inner_layers, net.inner_params, net.inner_dparams, net.thresholds, net.scales)

    return Views(layer_input, layer_output, doutput, weight, bias, logit, at_rates, inner)
