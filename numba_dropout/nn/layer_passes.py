"""The forward and the backward pass through all layers of a network, and the pass that draws samples."""

from __future__ import annotations

from collections.abc import Callable

from .hidden_layers import HiddenLayers
from .variants.sites import DROP_ALL, ZERO, Sites
from .views import FIRST, Target, Views

__all__ = ["backward_pass", "forward_pass", "gradients_of_layer", "sample_pass"]


def forward_pass(target: Target, views: Views, sites: Sites, hidden: HiddenLayers) -> Callable[..., None]:
    """Return the forward pass of a loaded batch."""
    kernels, vector = target.kernels, target.vector
    layer_input, layer_output, weight, bias = views.layer_input, views.layer_output, views.weight, views.bias
    hidden_forward, slopes_of, by_sign = hidden
    drop, fused, drops_slopes = sites.drop, sites.fused, not by_sign and sites.backward_dropout is None
    drop_slopes = sites.drop_slopes or drop

    @target.internal
    def forward(net, rows, training, keep, step, row_offset):
        """Run the loaded batch through all layers. Its first row has the masks of row `row_offset`.

        `keep` keeps what the backward pass needs.
        """
        if training:
            drop(net, layer_input(net, FIRST, rows), FIRST, ZERO, step, row_offset)
        last = net.run.layers.shape[0] - 1
        for layer in range(last):
            out, slopes = layer_output(net, layer, rows), slopes_of(net, layer, rows if keep else 0)
            site = layer + 1
            threshold = net.rates.thresholds[site] if fused and training else ZERO
            if threshold == DROP_ALL:
                kernels.drop_all(vector(out, FIRST, out.size))
                kernels.drop_all(vector(slopes, FIRST, slopes.size))
            else:
                inp, w, b = layer_input(net, layer, rows), weight(net.run, layer), bias(net.run, layer)
                hidden_forward(net, layer, out, slopes, inp, w, b, threshold, step, row_offset)
                if training and not fused:
                    drop(net, out, site, ZERO, step, row_offset)
                    if drops_slopes:
                        drop_slopes(net, slopes, site, ZERO, step, row_offset)
        out, inp = layer_output(net, last, rows), layer_input(net, last, rows)
        kernels.linear_forward(out, inp, weight(net.run, last), bias(net.run, last))

    return forward


def backward_pass(
    target: Target, views: Views, sites: Sites, hidden: HiddenLayers, on_layer: Callable[..., None]
) -> Callable[..., None]:
    """Return the backward pass that calls `on_layer(net, layer, dout, inp, operands)` for each layer."""
    layer_input, doutput = views.layer_input, views.doutput
    through_layer = (_through_relu if hidden.by_sign else _through_slopes)(target, views, sites, hidden)
    backward_to_input, learns_rates = sites.backward_to_input, sites.backward_dropout is not None

    @target.internal
    def backward(net, rows, training, to_input, step, row_offset, operands):
        """Backpropagate the gradient from the last output through all layers, and to the input if `to_input`."""
        last = net.run.layers.shape[0] - 1
        for number in range(last + 1):
            layer = last - number
            dout, inp = doutput(net, layer, rows), layer_input(net, layer, rows)
            if layer > 0 or to_input or (learns_rates and training and net.rates.thresholds[FIRST] != ZERO):
                dinp = doutput(net, layer - 1, rows)
                through_layer(net, dinp, dout, inp, layer, rows, training, step, row_offset)
                if layer == 0 and training:
                    backward_to_input(net, dinp, inp, step, row_offset)
            on_layer(net, layer, dout, inp, operands)

    return backward


def _through_relu(target: Target, views: Views, sites: Sites, hidden: HiddenLayers) -> Callable[..., None]:
    """Return the backward pass through a layer's product, then ReLU and dropout of the hidden layer before, if any."""
    kernels, layer_input, weight = target.kernels, views.layer_input, views.weight
    by_sign, backward_at_site = sites.by_sign, sites.backward

    @target.internal
    def through_layer(net, dinp, dout, inp, layer, rows, training, step, row_offset):
        """Write the gradient with respect to the product of the hidden layer before, or to the input."""
        fused = layer > 0 and (by_sign or not training)
        kernels.linear_backward_input(
            dinp,
            dout,
            weight(net.run, layer),
            layer_input(net, layer, rows if fused else 0),
            net.rates.scales[layer] if training else net.rates.scales.dtype.type(1),
        )
        if layer > 0 and not fused:
            backward_at_site(net, dinp, inp, layer, step, row_offset)

    return through_layer


def _through_slopes(target: Target, views: Views, sites: Sites, hidden: HiddenLayers) -> Callable[..., None]:
    """Return the backward pass through a layer's product, then through the hidden layer before with its slopes."""
    kernels, layer_input, weight, vector = target.kernels, views.layer_input, views.weight, target.vector
    slopes_of, backward_dropout = hidden.slopes, sites.backward_dropout

    @target.internal
    def through_layer(net, dinp, dout, inp, layer, rows, training, step, row_offset):
        """Write the gradient with respect to the product of the hidden layer before, or to the input."""
        w = weight(net.run, layer)
        if layer == 0 or (training and backward_dropout is not None):
            kernels.linear_backward_input(dinp, dout, w, layer_input(net, layer, 0), net.rates.scales.dtype.type(1))
        if layer > 0:
            slopes = slopes_of(net, layer - 1, rows)
            if training and backward_dropout is not None:
                backward_dropout(net, dinp, inp, layer, step, row_offset)
                flat = vector(dinp, FIRST, dinp.size)
                kernels.multiply_slopes(flat, flat, vector(slopes, FIRST, slopes.size))
            else:
                kernels.linear_backward_product(dinp, dout, w, slopes)

    return through_layer


def gradients_of_layer(target: Target, views: Views) -> Callable[..., None]:
    """Return the function that writes the gradients of a layer's parameters."""
    kernels, dweight, dbias = target.kernels, views.dweight, views.dbias

    @target.internal
    def layer_gradients(net, layer, dout, inp, operands):
        """Write the gradients with respect to a layer's weight and bias."""
        kernels.linear_backward_weight(dweight(net.run, layer), dbias(net.run, layer), dout, inp)

    return layer_gradients


def sample_pass(
    target: Target, views: Views, hidden: HiddenLayers, load: Callable[..., None], drop_samples: Callable[..., None]
) -> Callable[..., None]:
    """Return the pass through the master parameters that draws samples, with the masks of the sites."""
    kernels = target.kernels
    layer_input, layer_output, weight, bias = views.layer_input, views.layer_output, views.weight, views.bias
    network, on_master, hidden_forward, slopes_of = views.network, views.on_master, hidden.forward, hidden.slopes

    @target.entry
    def sample_units(arrays, data, rows, size, step, row_offset):
        """Run rows of the data, repeated for each sample, through the network with the masks of samples.

        A sample has `size` rows. Its first row has the masks of row `row_offset`. Samples have consecutive steps.
        """
        net = on_master(network(arrays))
        count, last = rows.size, net.run.layers.shape[0] - 1
        load(net, data, rows)
        drop_samples(net, layer_input(net, FIRST, count), FIRST, size, step, row_offset)
        for layer in range(last):
            out, inp = layer_output(net, layer, count), layer_input(net, layer, count)
            w, b, slopes = weight(net.run, layer), bias(net.run, layer), slopes_of(net, layer, 0)
            hidden_forward(net, layer, out, slopes, inp, w, b, ZERO, ZERO, ZERO)
            drop_samples(net, out, layer + 1, size, step, row_offset)
        out, inp = layer_output(net, last, count), layer_input(net, last, count)
        kernels.linear_forward(out, inp, weight(net.run, last), bias(net.run, last))

    return sample_units
