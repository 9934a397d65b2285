"""The forward and the backward pass through all layers of a network, and the pass that draws samples."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .variants.sites import DROP_ALL, ZERO, Sites
from .variants.variant import Variant
from .views import FIRST, Target, Views

__all__ = ["backward_pass", "forward_pass", "gradients_of_layer", "sample_pass"]


def forward_pass(target: Target, views: Views, sites: Sites) -> Callable[..., None]:
    """Return the forward pass of a loaded batch."""
    kernels, vector = target.kernels, target.vector
    layer_input, layer_output, weight, bias = views.layer_input, views.layer_output, views.weight, views.bias
    drop, fused = sites.drop, sites.fused

    @target.internal
    def forward(net, rows, training, step, row_offset):
        """Run the loaded batch through all layers. Its first row has the masks of row `row_offset`."""
        if training:
            drop(net, layer_input(net, FIRST, rows), FIRST, ZERO, step, row_offset)
        last = net.run.layers.shape[0] - 1
        for layer in range(last):
            out = layer_output(net, layer, rows)
            site = layer + 1
            threshold = net.rates.thresholds[site] if fused and training else ZERO
            if threshold == DROP_ALL:
                kernels.drop_all(vector(out, FIRST, out.size))
            else:
                kernels.linear_relu_dropout_forward(
                    out,
                    layer_input(net, layer, rows),
                    weight(net.run, layer),
                    bias(net.run, layer),
                    threshold,
                    net.rates.scales[site],
                    net.key[0],
                    net.key[1],
                    np.uint64(site),
                    step,
                    row_offset * np.uint64(out.shape[1]),
                )
                if training and not fused:
                    drop(net, out, site, ZERO, step, row_offset)
        out, inp = layer_output(net, last, rows), layer_input(net, last, rows)
        kernels.linear_forward(out, inp, weight(net.run, last), bias(net.run, last))

    return forward


def backward_pass(
    target: Target, views: Views, sites: Sites, variant: Variant, on_layer: Callable[..., None]
) -> Callable[..., None]:
    """Return the backward pass that calls `on_layer(net, layer, dout, inp, operands)` for each layer."""
    kernels, layer_input, doutput, weight = target.kernels, views.layer_input, views.doutput, views.weight
    backward_at_site, backward_to_input = sites.backward, sites.backward_to_input
    by_sign, learned_rates = sites.by_sign, variant.learns_rates

    @target.internal
    def backward(net, rows, training, to_input, step, row_offset, operands):
        """Backpropagate the gradient from the last output through all layers, and to the input if `to_input`."""
        last = net.run.layers.shape[0] - 1
        for number in range(last + 1):
            layer = last - number
            dout = doutput(net, layer, rows)
            inp = layer_input(net, layer, rows)
            fused_backward = layer > 0 and (by_sign or not training)
            if layer > 0 or to_input or (learned_rates and training and net.rates.thresholds[FIRST] != ZERO):
                # through this layer's product, then through ReLU and dropout of the layer before, if any
                dinp = doutput(net, layer - 1, rows)
                kernels.linear_backward_input(
                    dinp,
                    dout,
                    weight(net.run, layer),
                    layer_input(net, layer, rows if fused_backward else 0),
                    net.rates.scales[layer] if training else net.rates.scales.dtype.type(1),
                )
                if layer > 0 and not fused_backward:
                    backward_at_site(net, dinp, inp, layer, step, row_offset)
                elif layer == 0 and training:
                    backward_to_input(net, dinp, inp, step, row_offset)
            on_layer(net, layer, dout, inp, operands)

    return backward


def gradients_of_layer(target: Target, views: Views) -> Callable[..., None]:
    """Return the function that writes the gradients of a layer's parameters."""
    kernels, dweight, dbias = target.kernels, views.dweight, views.dbias

    @target.internal
    def layer_gradients(net, layer, dout, inp, operands):
        """Write the gradients with respect to a layer's weight and bias."""
        kernels.linear_backward_weight(dweight(net.run, layer), dbias(net.run, layer), dout, inp)

    return layer_gradients


def sample_pass(
    target: Target, views: Views, load: Callable[..., None], drop_samples: Callable[..., None]
) -> Callable[..., None]:
    """Return the pass through the master parameters that draws samples, with the masks of the sites."""
    kernels = target.kernels
    layer_input, layer_output, weight, bias = views.layer_input, views.layer_output, views.weight, views.bias
    on_master = views.on_master

    @target.entry
    def sample_units(network, data, rows, size, step, row_offset):
        """Run rows of the data, repeated for each sample, through the network with the masks of samples.

        A sample has `size` rows. Its first row has the masks of row `row_offset`. Samples have consecutive steps.
        """
        net = on_master(network)
        count, last = rows.size, net.run.layers.shape[0] - 1
        load(net, data, rows)
        drop_samples(net, layer_input(net, FIRST, count), FIRST, size, step, row_offset)
        for layer in range(last):
            out, inp = layer_output(net, layer, count), layer_input(net, layer, count)
            w, b, scale = weight(net.run, layer), bias(net.run, layer), net.rates.scales[layer + 1]
            kernels.linear_relu_dropout_forward(out, inp, w, b, ZERO, scale, ZERO, ZERO, ZERO, ZERO, ZERO)
            drop_samples(net, out, layer + 1, size, step, row_offset)
        out, inp = layer_output(net, last, count), layer_input(net, last, count)
        kernels.linear_forward(out, inp, weight(net.run, last), bias(net.run, last))

    return sample_units
