"""DropConnect: dropout of the weights of a layer, the same for all rows of a batch (Wan et al., ICML 2013).

A batch runs through a copy of the parameters with dropped weights. The gradients with respect to the copy take the same
mask. The rate of a layer is that of its input. The mask covers the elements of the weight, at the site of the layer's
index.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..buffers import BIAS
from ..views import FIRST, Target, Views
from .sites import DROP_ALL, SAMPLES, ZERO

__all__ = ["dropconnect"]

FALSE = np.bool_(False)


def dropconnect(
    target: Target,
    views: Views,
    load: Callable[..., None],
    forward: Callable[..., None],
    backward: Callable[..., None],
) -> tuple[Callable[..., None], Callable[..., None], Callable[..., None]]:
    """Build the passes with dropped weights, forward and backward, from the plain ones, and the pass for samples."""
    kernels, _, entry, internal, _, matrix, vector, _ = target
    layer_input, layer_output, _, weight, bias, _, _, inner = views

    @internal
    def drop(net, out, inp, layer, purpose, step):
        """Write a layer's weight, or its gradient, with elements dropped. `out` may be `inp`."""
        threshold, flat_out = net.thresholds[layer], vector(out, FIRST, out.size)
        if threshold == DROP_ALL:
            kernels.drop_all(flat_out)
        else:
            key, flat, stream = net.key, vector(inp, FIRST, inp.size), np.uint64(layer) | purpose
            kernels.dropout_forward(flat_out, flat, threshold, net.scales[layer], key[0], key[1], stream, step, ZERO)

    @internal
    def copy_biases(net):
        """Copy the parameters after the weights."""
        first = net.layers[0, BIAS]
        size = net.params.size - first
        out, inp = vector(net.inner_params, first, size), vector(net.params, first, size)
        kernels.dropout_forward(out, inp, ZERO, net.scales.dtype.type(1), ZERO, ZERO, ZERO, ZERO, ZERO)

    @internal
    def forward_train(net, data, batch, step, row_offset):
        """Drop weights, and run rows of the data through the copy."""
        for layer in range(net.layers.shape[0]):
            drop(net, weight(net, net.inner_params, layer), weight(net, net.params, layer), layer, ZERO, step)
        copy_biases(net)
        load(net, data, batch)
        forward(inner(net), batch.size, FALSE, ZERO, ZERO)

    @internal
    def gradients(net, rows, to_input, step, row_offset):
        """Run the backward pass, and write the gradients of all parameters, 0 where a weight was dropped."""
        backward(inner(net), rows, FALSE, to_input, ZERO, ZERO, net.doutputs, net.scales)
        for layer in range(net.layers.shape[0]):
            if net.thresholds[layer] != ZERO:
                dweight = weight(net, net.dparams, layer)
                drop(net, dweight, dweight, layer, ZERO, step)

    @entry
    def sample(net, data, rows, size, step, row_offset):
        """Run rows of the data, repeated for each sample, through the network with the weights of samples.

        A sample has `size` rows. Samples have consecutive steps.
        """
        load(net, data, rows)
        count, last = rows.size, net.layers.shape[0] - 1
        for layer in range(last + 1):
            inp, out = layer_input(net, layer, count), layer_output(net, layer, count)
            w, dropped = weight(net, net.params, layer), weight(net, net.inner_params, layer)
            b = bias(net, net.params, layer)
            inputs, units = inp.shape[1], out.shape[1]
            for number in range(count // size):
                drop(net, dropped, w, layer, SAMPLES, step + np.uint64(number))
                chunk = matrix(vector(inp, FIRST, inp.size), number * size * inputs, size, inputs)
                result = matrix(vector(out, FIRST, out.size), number * size * units, size, units)
                if layer < last:
                    one = net.scales.dtype.type(1)
                    kernels.linear_relu_dropout_forward(
                        result, chunk, dropped, b, ZERO, one, ZERO, ZERO, ZERO, ZERO, ZERO
                    )
                else:
                    kernels.linear_forward(result, chunk, dropped, b)

    return forward_train, gradients, sample
