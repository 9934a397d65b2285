"""Views into a network's flat buffers: the arrays that a layer reads and writes, on any target."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from .buffers import BIAS, INPUTS, LOGIT, OUTPUT, UNITS, WEIGHT, Network

__all__ = ["FIRST", "Target", "Training", "Views", "views_of"]

FIRST = np.int64(0)


class Target(NamedTuple):
    """The kernels and decorators that the passes are built with."""

    kernels: ModuleType
    loop: Callable[..., Any]  # (train_step, `at_rates`): the function that runs consecutive steps
    entry: Callable[[Any], Any]  # decorates functions that Python calls
    internal: Callable[[Any], Any]  # decorates functions that only those call
    view: Callable[[Any], Any]  # decorates functions that return a view
    matrix: Callable[..., Any]  # (flat, start, rows, columns): a slice of a flat array as a matrix
    vector: Callable[..., Any]  # (flat, start, size): a slice of a flat array
    compacts: bool  # a sub-network is copied to smaller arrays instead of masked


class Views(NamedTuple):
    """The functions that `views_of` builds. Each takes a network and the index of a layer."""

    layer_input: Callable[..., Any]
    layer_output: Callable[..., Any]
    doutput: Callable[..., Any]
    weight: Callable[..., Any]
    bias: Callable[..., Any]
    logit: Callable[..., Any]
    at_rates: Callable[..., Any]  # (net, thresholds, scales): the network with these
    inner: Callable[..., Any]  # (net): the network that a batch runs through instead


class Training(NamedTuple):
    """The training functions of a variant with passes of its own."""

    forward_train: Callable[..., None]  # load a batch and run the forward pass
    gradients: Callable[..., None]  # run the backward pass and write the gradients
    update: Callable[..., None]  # run the backward pass and update the parameters


def views_of(target: Target) -> Views:
    """Build the views for one target."""
    view, matrix, vector = target.view, target.matrix, target.vector

    @view
    def layer_input(net, layer, rows):
        """Return a view of the input of a layer: the output of the layer before."""
        units = net.layers[layer, INPUTS]
        return matrix(net.outputs, (net.layers[layer, OUTPUT] - units) * net.losses.size, rows, units)

    @view
    def layer_output(net, layer, rows):
        """Return a view of the output of a layer."""
        return matrix(net.outputs, net.layers[layer, OUTPUT] * net.losses.size, rows, net.layers[layer, UNITS])

    @view
    def doutput(net, layer, rows):
        """Return a view of the gradient with respect to a layer's output (-1: the input). Neighbors share no memory."""
        units = net.layers[layer, UNITS] if layer >= 0 else net.layers[0, INPUTS]
        return matrix(net.doutputs[(layer + 1) & 1], FIRST, rows, units)

    @view
    def weight(net, flat, layer):
        """Return a view of a layer's weight (units, inputs), in the parameters or in their gradients."""
        return matrix(flat, net.layers[layer, WEIGHT], net.layers[layer, UNITS], net.layers[layer, INPUTS])

    @view
    def bias(net, flat, layer):
        """Return a view of a layer's bias (units,), in the parameters or in their gradients."""
        return vector(flat, net.layers[layer, BIAS], net.layers[layer, UNITS])

    @view
    def logit(net, flat, site):
        """Return a view of the logit (1,) of a site's learned rate, in the parameters or in their gradients."""
        return vector(flat, net.layers[site, LOGIT], 1)

    @view
    def replaced(net, layers, params, dparams, thresholds, scales):
        """Return a network with other layers, parameters and rates, and the same buffers."""
        return Network(
            layers,
            params,
            dparams,
            net.input_offset,
            net.input_scale,
            net.target_offset,
            net.target_scale,
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
        """Return the network with other rates."""
        return replaced(net, net.layers, net.params, net.dparams, thresholds, scales)

    @view
    def inner(net):
        """Return the network of the copied parameters that a batch keeps."""
        return replaced(net, net.inner_layers, net.inner_params, net.inner_dparams, net.thresholds, net.scales)

    return Views(layer_input, layer_output, doutput, weight, bias, logit, at_rates, inner)
