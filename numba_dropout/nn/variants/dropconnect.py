"""DropConnect: the weights into a layer are dropped, the same for all rows of a batch (Wan et al., ICML 2013).

A batch runs through a copy of the parameters, of which weights are dropped; the gradients by the copy are dropped
alike. A layer's rate is that of its input, its mask that of the weight's elements at the site of that number.
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
    """Write the passes forward and back with dropped weights from the plain ones, and the pass that draws samples."""
    kernels, part, build, matrix, vector = target.kernels, target.part, target.build, target.matrix, target.vector
    layer_input, layer_output, _, weight, bias, _, _, inner = views

    @part
    def drop(net, out, given, layer, purpose, step):
        """Write a layer's weight, or the gradient by it, as it is when some are dropped; out may be what is given."""
        threshold, kept = net.thresholds[layer], vector(out, FIRST, out.size)
        if threshold == DROP_ALL:
            kernels.drop_all(kept)
        else:
            key, whole, stream = net.key, vector(given, FIRST, given.size), np.uint64(layer) | purpose
            kernels.dropout_forward(kept, whole, threshold, net.scales[layer], key[0], key[1], stream, step, ZERO)

    @part
    def copy_biases(net):
        """Copy what follows the weights."""
        first = net.layers[0, BIAS]
        size = net.params.size - first
        out, given = vector(net.inner_params, first, size), vector(net.params, first, size)
        kernels.dropout_forward(out, given, ZERO, net.scales.dtype.type(1), ZERO, ZERO, ZERO, ZERO, ZERO)

    @part
    def begin(net, data, batch, step, row_offset):
        """Drop weights, and run rows of the data through what is left."""
        for layer in range(net.layers.shape[0]):
            drop(net, weight(net, net.inner_params, layer), weight(net, net.params, layer), layer, ZERO, step)
        copy_biases(net)
        load(net, data, batch)
        forward(inner(net), batch.size, FALSE, ZERO, ZERO)

    @part
    def store(net, rows, to_input, step, row_offset):
        """Go back, and keep the gradients by all parameters, 0 where a weight was dropped."""
        backward(inner(net), rows, FALSE, to_input, ZERO, ZERO, net.doutputs, net.scales)
        for layer in range(net.layers.shape[0]):
            if net.thresholds[layer] != ZERO:
                dweight = weight(net, net.dparams, layer)
                drop(net, dweight, dweight, layer, ZERO, step)

    @build
    def sample(net, data, rows, size, step, row_offset):
        """Run rows of the data, the same again for each sample, through the network with the weights of samples.

        A sample is `size` rows; the samples' steps follow each other.
        """
        load(net, data, rows)
        count, last = rows.size, net.layers.shape[0] - 1
        for layer in range(last + 1):
            inp, out = layer_input(net, layer, count), layer_output(net, layer, count)
            whole, left = weight(net, net.params, layer), weight(net, net.inner_params, layer)
            b = bias(net, net.params, layer)
            inputs, units = inp.shape[1], out.shape[1]
            for number in range(count // size):
                drop(net, left, whole, layer, SAMPLES, step + np.uint64(number))
                some = matrix(vector(inp, FIRST, inp.size), number * size * inputs, size, inputs)
                result = matrix(vector(out, FIRST, out.size), number * size * units, size, units)
                if layer < last:
                    one = net.scales.dtype.type(1)
                    kernels.linear_relu_dropout_forward(result, some, left, b, ZERO, one, ZERO, ZERO, ZERO, ZERO, ZERO)
                else:
                    kernels.linear_forward(result, some, left, b)

    return begin, store, sample
