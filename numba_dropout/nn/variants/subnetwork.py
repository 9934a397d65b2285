"""Sub-network dropout: the products of a batch leave out the units that it drops.

The weights between kept units are copied to a smaller network. `passes` run through it without dropout. Its gradients
then update the parameters of the full network. The copy scales the weights, which is the same as scaling the units
that they multiply.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..buffers import BIAS, INPUTS, OUTPUT, UNITS, WEIGHT
from ..views import FIRST, Target, Training, Views
from .sites import DROP_ALL, ZERO, Sites, forward_again, left_to_product, sample_by_sample

__all__ = ["sites", "subnetwork"]

FALSE = np.bool_(False)


def sites(target: Target, views: Views) -> Sites:
    """Return the functions of dropout of units, the same for all rows, for one target."""
    kernels, internal, vector = target.kernels, target.internal, target.vector

    @internal
    def drop(net, out, site, purpose, step, row_offset):
        """Drop columns of a site's values or of their gradient, in place: the same for all rows."""
        threshold, flat, units = net.thresholds[site], vector(out, FIRST, out.size), out.shape[1]
        if threshold == DROP_ALL:
            kernels.drop_all(flat)
        elif threshold != ZERO:
            scale, starts, key = net.scales[site], vector(net.row_starts, FIRST, out.shape[0]), net.key
            mask, zero = vector(net.unit_mask, FIRST, units), net.scales.dtype.type(0)
            kernels.sample_mask(mask, threshold, key[0], key[1], np.uint64(site) | purpose, step, ZERO)
            kernels.masked_dropout_forward(flat, flat, units, mask, starts, FIRST + 1, scale, -zero, zero)

    return Sites(
        drop,
        sample_by_sample(target, drop),
        left_to_product(target),
        forward_again(target, drop),
        fused=False,
        by_sign=True,
        learned_rates=False,
    )


def subnetwork(
    target: Target, update: str, views: Views, forward: Callable[..., None], backward: Callable[..., None]
) -> Training:
    """Build the training passes over the kept units from the passes over a full network."""
    kernels, internal, view, vector = target.kernels, target.internal, target.view, target.vector
    layer_input, _, doutput, weight, bias, _, _, inner = views
    step_layer = getattr(kernels, f"subnetwork_{update}")

    @view
    def kept(net, site):
        """Return a view of the list of the units that a site keeps."""
        return vector(net.kept, site * net.kept.shape[1], net.kept.shape[1])

    @internal
    def select_units(net, step):
        """List the units that each site keeps, and fill the table of the small network."""
        last = net.layers.shape[0] - 1
        for site in range(last + 1):
            units, threshold = net.layers[site, INPUTS], net.thresholds[site]
            kernels.kept_units(kept(net, site), units, threshold, net.key[0], net.key[1], np.uint64(site), step)
        kernels.kept_units(kept(net, last + 1), net.layers[last, UNITS], ZERO, ZERO, ZERO, ZERO, ZERO)
        table = net.inner_layers
        outputs = net.layers[last, OUTPUT]  # both networks write their outputs at the same offset
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

    @internal
    def forward_train(net, data, batch, step, row_offset):
        """Select units, copy their weights, and run rows of the data through the small network."""
        select_units(net, step)
        small_net, last = inner(net), net.layers.shape[0] - 1
        for layer in range(last + 1):
            kernels.take_layer(
                weight(small_net, small_net.params, layer),
                bias(small_net, small_net.params, layer),
                weight(net, net.params, layer),
                bias(net, net.params, layer),
                kept(net, layer + 1),
                kept(net, layer),
                net.scales[layer],
            )
        inp = layer_input(small_net, FIRST, batch.size)
        kernels.gather_columns(inp, data, batch, kept(net, FIRST), net.input_offset, net.input_scale)
        forward(small_net, batch.size, FALSE, ZERO, ZERO)

    @internal
    def backward_kept(net, rows, to_input):
        """Backpropagate the gradient with respect to the output through the small network."""
        backward(inner(net), rows, FALSE, to_input, ZERO, ZERO, net.doutputs, net.scales)

    @internal
    def gradients(net, rows, to_input, step, row_offset):
        """Run the backward pass, and write the gradients of all parameters, 0 where a unit was dropped."""
        backward_kept(net, rows, to_input)
        small_net = inner(net)
        for layer in range(net.layers.shape[0]):
            kernels.spread_layer(
                weight(net, net.dparams, layer),
                bias(net, net.dparams, layer),
                weight(small_net, small_net.dparams, layer),
                bias(small_net, small_net.dparams, layer),
                kept(net, layer + 1),
                kept(net, layer),
                net.scales[layer],
            )
        if to_input:
            kernels.spread_columns(doutput(net, np.int64(-1), rows), kept(net, FIRST))

    @internal
    def update_all(net, rows, step, state, hyperparameters):
        """Run the backward pass, and update all parameters."""
        backward_kept(net, rows, FALSE)
        small_net = inner(net)
        for layer in range(net.layers.shape[0]):
            step_layer(
                weight(net, net.params, layer),
                bias(net, net.params, layer),
                weight(small_net, small_net.dparams, layer),
                bias(small_net, small_net.dparams, layer),
                state,
                net.layers[layer, WEIGHT : BIAS + 1],
                kept(net, layer + 1),
                kept(net, layer),
                net.scales[layer],
                hyperparameters,
            )

    return Training(forward_train, gradients, update_all)
