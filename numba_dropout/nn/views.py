"""Views into a network's flat buffers: the arrays that a layer reads and writes, on any target."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from .buffers import BIAS, INPUTS, LOGIT, OUTPUT, UNITS, WEIGHT, Batch, Network, Parameters, Rates, Scaling

__all__ = ["FIRST", "Target", "Views", "views_of"]

FIRST = np.int64(0)


class Target(NamedTuple):
    """The kernels and decorators that the passes are built with."""

    kernels: ModuleType
    loop: Callable[..., Any]  # (train_step, views): the function that runs consecutive steps
    entry: Callable[[Any], Any]  # decorates functions that Python calls
    internal: Callable[[Any], Any]  # decorates functions that only those call
    inlined: Callable[[Any], Any]  # decorates small functions, which are compiled into their callers
    matrix: Callable[..., Any]  # (flat, start, rows, columns): a slice of a flat array as a matrix
    vector: Callable[..., Any]  # (flat, start, size): a slice of a flat array
    compacts: bool  # a sub-network is copied to smaller arrays instead of masked


class Views(NamedTuple):
    """The functions that `views_of` builds. `params` are the `Parameters` of a network, its master's or its batch's."""

    network: Callable[..., Any]  # (arrays): the network of arrays in plain tuples, which entries take
    layer_input: Callable[..., Any]  # (net, layer, rows)
    layer_output: Callable[..., Any]  # (net, layer, rows)
    slopes: Callable[..., Any]  # (net, layer, rows)
    doutput: Callable[..., Any]  # (net, layer, rows)
    weight: Callable[..., Any]  # (params, layer)
    bias: Callable[..., Any]  # (params, layer)
    dweight: Callable[..., Any]  # (params, layer)
    dbias: Callable[..., Any]  # (params, layer)
    logit: Callable[..., Any]  # (params, layer)
    dlogit: Callable[..., Any]  # (params, layer)
    on_master: Callable[..., Any]  # (net): the network that runs batches through its master parameters
    at_rates: Callable[..., Any]  # (net, thresholds, scales): the network with these
    with_gradients: Callable[..., Any]  # (net, gradients): the network with these of its master parameters


def views_of(target: Target) -> Views:
    """Build the views for one target."""
    view, matrix, vector = target.inlined, target.matrix, target.vector

    @view
    def network(arrays):
        """Return the network of arrays in plain tuples."""
        master, run, rates, scaling, batch, key, extra = arrays
        return Network(
            Parameters(*master), Parameters(*run), Rates(*rates), Scaling(*scaling), Batch(*batch), key, extra
        )

    @view
    def layer_input(net, layer, rows):
        """Return a view of the input of a layer: the output of the layer before."""
        units = net.run.layers[layer, INPUTS]
        start = (net.run.layers[layer, OUTPUT] - units) * net.batch.losses.size
        return matrix(net.batch.outputs, start, rows, units)

    @view
    def layer_output(net, layer, rows):
        """Return a view of the output of a layer."""
        start = net.run.layers[layer, OUTPUT] * net.batch.losses.size
        return matrix(net.batch.outputs, start, rows, net.run.layers[layer, UNITS])

    @view
    def slopes(net, layer, rows):
        """Return a view of the derivatives of a hidden layer's outputs with respect to its products."""
        start = (net.run.layers[layer, OUTPUT] - net.run.layers[0, OUTPUT]) * net.batch.losses.size
        return matrix(net.batch.slopes, start, rows, net.run.layers[layer, UNITS])

    @view
    def doutput(net, layer, rows):
        """Return a view of the gradient with respect to a layer's output (-1: the input). Neighbors share no memory."""
        units = net.run.layers[layer, UNITS] if layer >= 0 else net.run.layers[0, INPUTS]
        return matrix(net.batch.doutputs[(layer + 1) & 1], FIRST, rows, units)

    def parameter_views(flat):
        """Return the views of a layer's weight, bias and logit in a flat array of parameters, which flat(params) is."""

        @view
        def weight(params, layer):
            """Return a view of a layer's weight (units, inputs), or of its gradient."""
            layers = params.layers
            return matrix(flat(params), layers[layer, WEIGHT], layers[layer, UNITS], layers[layer, INPUTS])

        @view
        def bias(params, layer):
            """Return a view of a layer's bias (units,), or of its gradient."""
            return vector(flat(params), params.layers[layer, BIAS], params.layers[layer, UNITS])

        @view
        def logit(params, layer):
            """Return a view of the logit (1,) of the learned rate of a layer's input, or of its gradient."""
            return vector(flat(params), params.layers[layer, LOGIT], 1)

        return weight, bias, logit

    @view
    def values(params):
        """Return the parameters."""
        return params.values

    @view
    def gradients(params):
        """Return the gradients of the parameters."""
        return params.gradients

    @view
    def on_master(net):
        """Return the network that runs batches through its master parameters, without a variant's copy of them."""
        return Network(net.master, net.master, net.rates, net.scaling, net.batch, net.key, net.extra)

    @view
    def at_rates(net, thresholds, scales):
        """Return the network with other rates."""
        rates = Rates(thresholds, scales)
        return Network(net.master, net.run, rates, net.scaling, net.batch, net.key, net.extra)

    @view
    def with_gradients(net, gradients):
        """Return the network with another array of the gradients of its master parameters."""
        master = Parameters(net.master.layers, net.master.values, gradients)
        return Network(master, net.run, net.rates, net.scaling, net.batch, net.key, net.extra)

    weight, bias, logit = parameter_views(values)
    dweight, dbias, dlogit = parameter_views(gradients)
    return Views(
        network,
        layer_input,
        layer_output,
        slopes,
        doutput,
        weight,
        bias,
        dweight,
        dbias,
        logit,
        dlogit,
        on_master,
        at_rates,
        with_gradients,
    )
