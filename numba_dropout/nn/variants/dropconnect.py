"""DropConnect: dropout of the weights of a layer, the same for all rows of a batch (Wan et al., ICML 2013).

A batch runs through a copy of the parameters with dropped weights. The gradients with respect to the copy take the same
mask. The rate of a layer is that of its input. The mask covers the elements of the weight, at the site of the layer's
index.
"""

from __future__ import annotations

import numpy as np

from ...arrays.memory import Allocate
from ..buffers import BIAS, Parameters
from ..updates import Rule
from ..views import FIRST, Target, Views
from .dropout import Dropout
from .sites import DROP_ALL, SAMPLES, ZERO
from .variant import Layers, Training

__all__ = ["DropConnect"]

TRUE, FALSE = np.bool_(True), np.bool_(False)


class DropConnect(Dropout):
    """Dropout of weights. In evaluation mode the network is that of dropout."""

    title = "dropconnect"

    def run(self, master: Parameters, zeros: Allocate, compact: bool) -> Parameters:
        """Return a copy of the parameters, with the gradients of the master."""
        return master._replace(values=zeros(master.values.size, master.values.dtype))

    def training(self, target: Target, views: Views, rule: Rule, layers: Layers, sparse: bool) -> Training:
        """Return the functions of a training step through the copy of the parameters."""
        kernels, internal, matrix, vector = target.kernels, target.internal, target.matrix, target.vector
        layer_input, layer_output, weight, bias = views.layer_input, views.layer_output, views.weight, views.bias
        network, dweight = views.network, views.dweight
        load, forward, hidden, backward, _ = layers
        hidden_forward, slopes_of = hidden.forward, hidden.slopes

        @internal
        def drop(net, out, inp, layer, purpose, step):
            """Write a layer's weight, or its gradient, with elements dropped. `out` may be `inp`."""
            threshold, flat_out = net.rates.thresholds[layer], vector(out, FIRST, out.size)
            if threshold == DROP_ALL:
                kernels.drop_all(flat_out)
            else:
                key, flat, stream = net.key, vector(inp, FIRST, inp.size), np.uint64(layer) | purpose
                scale = net.rates.scales[layer]
                kernels.dropout_forward(flat_out, flat, threshold, scale, key[0], key[1], stream, step, ZERO)

        @internal
        def copy_biases(net):
            """Copy the parameters after the weights."""
            first = net.master.layers[0, BIAS]
            size = net.master.values.size - first
            out, inp = vector(net.run.values, first, size), vector(net.master.values, first, size)
            one = net.rates.scales.dtype.type(1)
            kernels.dropout_forward(out, inp, ZERO, one, ZERO, ZERO, ZERO, ZERO, ZERO)

        @internal
        def forward_train(net, data, batch, step, row_offset):
            """Drop weights, and run rows of the data through the copy."""
            for layer in range(net.master.layers.shape[0]):
                drop(net, weight(net.run, layer), weight(net.master, layer), layer, ZERO, step)
            copy_biases(net)
            load(net, data, batch)
            forward(net, batch.size, FALSE, TRUE, ZERO, ZERO)

        @internal
        def gradients(net, rows, to_input, step, row_offset):
            """Run the backward pass, and write the gradients of all parameters, 0 where a weight was dropped."""
            backward(net, rows, FALSE, to_input, ZERO, ZERO, ())
            for layer in range(net.master.layers.shape[0]):
                if net.rates.thresholds[layer] != ZERO:
                    dw = dweight(net.master, layer)
                    drop(net, dw, dw, layer, ZERO, step)

        @target.entry
        def sample(arrays, data, rows, size, step, row_offset):
            """Run rows of the data, repeated for each sample, through the network with the weights of samples.

            A sample has `size` rows. Samples have consecutive steps.
            """
            net = network(arrays)
            load(net, data, rows)
            count, last = rows.size, net.master.layers.shape[0] - 1
            for layer in range(last + 1):
                inp, out = layer_input(net, layer, count), layer_output(net, layer, count)
                w, dropped, b = weight(net.master, layer), weight(net.run, layer), bias(net.master, layer)
                inputs, units = inp.shape[1], out.shape[1]
                for number in range(count // size):
                    drop(net, dropped, w, layer, SAMPLES, step + np.uint64(number))
                    chunk = matrix(vector(inp, FIRST, inp.size), number * size * inputs, size, inputs)
                    result = matrix(vector(out, FIRST, out.size), number * size * units, size, units)
                    if layer < last:
                        slopes = slopes_of(net, layer, 0)
                        hidden_forward(net, layer, result, slopes, chunk, dropped, b, ZERO, ZERO, ZERO)
                    else:
                        kernels.linear_forward(result, chunk, dropped, b)

        return Training(forward_train, gradients, None, sample)
