"""Sub-network dropout: units that a batch drops are left out of its products, instead of multiplied by zero.

The weights between the units that are kept are copied together, as a network of its own, which `passes`
run through without dropout; its gradients then step the whole network's parameters. Weights are scaled as
they are copied, which is the same as scaling the units that they come from.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..buffers import BIAS, INPUTS, OUTPUT, UNITS, WEIGHT
from ..views import FIRST, Target, Training, Views
from .sites import DROP_ALL, ZERO, Sites, again, by_the_product, sample_by_sample

__all__ = ["sites", "subnetwork"]

FALSE = np.bool_(False)


def sites(target: Target, views: Views) -> Sites:
    """Return the functions of dropout of whole units, the same for all rows, for one target."""
    kernels, part, vector = target.kernels, target.part, target.vector

    @part
    def drop(net, out, site, purpose, step, row_offset):
        """Drop columns of a site's values, or of the gradient by them, in place: the same for all rows."""
        threshold, flat, units = net.thresholds[site], vector(out, FIRST, out.size), out.shape[1]
        if threshold == DROP_ALL:
            kernels.drop_all(flat)
        elif threshold != ZERO:
            scale, starts, key = net.scales[site], vector(net.row_starts, FIRST, out.shape[0]), net.key
            mask, nothing = vector(net.unit_mask, FIRST, units), net.scales.dtype.type(0)
            kernels.sample_mask(mask, threshold, key[0], key[1], np.uint64(site) | purpose, step, ZERO)
            kernels.apply_mask(flat, flat, units, mask, starts, FIRST + 1, scale, -nothing, nothing)

    return Sites(
        drop,
        sample_by_sample(target, drop),
        by_the_product(target),
        again(target, drop),
        fused=False,
        by_sign=True,
        learns=False,
    )


def subnetwork(
    target: Target, update: str, views: Views, forward: Callable[..., None], backward: Callable[..., None]
) -> Training:
    """Write the training passes over the units that are kept, from the passes over a whole network."""
    kernels, part, view, vector = target.kernels, target.part, target.view, target.vector
    layer_input, _, doutput, weight, bias, _, _, inner = views
    step_layer = getattr(kernels, f"sub_network_{update}")

    @view
    def kept(net, site):
        """View the list of the units that a site keeps."""
        return vector(net.kept, site * net.kept.shape[1], net.kept.shape[1])

    @part
    def choose(net, step):
        """List the units that each site keeps, and lay the small network out."""
        last = net.layers.shape[0] - 1
        for site in range(last + 1):
            units, threshold = net.layers[site, INPUTS], net.thresholds[site]
            kernels.kept_units(kept(net, site), units, threshold, net.key[0], net.key[1], np.uint64(site), step)
        kernels.kept_units(kept(net, last + 1), net.layers[last, UNITS], ZERO, ZERO, ZERO, ZERO, ZERO)
        table = net.inner_layers
        outputs = net.layers[last, OUTPUT]  # where all look for what the network gives, whatever is before it
        for layer in range(last + 1):
            outputs -= kept(net, layer)[0]
        size, biases = FIRST, FIRST
        for layer in range(last + 1):
            inputs, units = kept(net, layer)[0], kept(net, layer + 1)[0]
            outputs += inputs
            table[layer, INPUTS], table[layer, UNITS] = inputs, units
            table[layer, WEIGHT], table[layer, BIAS], table[layer, OUTPUT] = size, biases, outputs
            size += inputs * units
            biases += units
        for layer in range(last + 1):
            table[layer, BIAS] += size

    @part
    def begin(net, data, batch, step, row_offset):
        """Choose, copy the weights, and run rows of the data through the units that are kept."""
        choose(net, step)
        small, last = inner(net), net.layers.shape[0] - 1
        for layer in range(last + 1):
            kernels.take_layer(
                weight(small, small.params, layer),
                bias(small, small.params, layer),
                weight(net, net.params, layer),
                bias(net, net.params, layer),
                kept(net, layer + 1),
                kept(net, layer),
                net.scales[layer],
            )
        inp = layer_input(small, FIRST, batch.size)
        kernels.gather_columns(inp, data, batch, kept(net, FIRST), net.shift, net.stretch)
        forward(small, batch.size, FALSE, ZERO, ZERO)

    @part
    def back(net, rows, to_input):
        """Take the gradient by the output through the units that are kept."""
        backward(inner(net), rows, FALSE, to_input, ZERO, ZERO, net.doutputs, net.scales)

    @part
    def store(net, rows, to_input, step, row_offset):
        """Go back, and write the gradients by all parameters, 0 where a unit was dropped."""
        back(net, rows, to_input)
        small = inner(net)
        for layer in range(net.layers.shape[0]):
            kernels.spread_layer(
                weight(net, net.dparams, layer),
                bias(net, net.dparams, layer),
                weight(small, small.dparams, layer),
                bias(small, small.dparams, layer),
                kept(net, layer + 1),
                kept(net, layer),
                net.scales[layer],
            )
        if to_input:
            kernels.spread_columns(doutput(net, np.int64(-1), rows), kept(net, FIRST))

    @part
    def descend(net, rows, step, state, hyperparameters):
        """Go back, and step all parameters."""
        back(net, rows, FALSE)
        small = inner(net)
        for layer in range(net.layers.shape[0]):
            step_layer(
                weight(net, net.params, layer),
                bias(net, net.params, layer),
                weight(small, small.dparams, layer),
                bias(small, small.dparams, layer),
                state,
                net.layers[layer, WEIGHT : BIAS + 1],
                kept(net, layer + 1),
                kept(net, layer),
                net.scales[layer],
                hyperparameters,
            )

    return Training(begin, store, descend)
