"""Sub-network dropout: the products of a batch leave out the units that it drops.

The weights between kept units are copied to a smaller network. A batch runs through it without dropout. Its gradients
then update the master parameters. The copy scales the weights, which is the same as scaling the units that they
multiply.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...arrays.memory import Allocate
from ..buffers import BIAS, INPUTS, OUTPUT, UNITS, WEIGHT, Parameters
from ..updates import Rule
from ..views import FIRST, Target, Views
from .sites import DROP_ALL, ZERO, Sites, forward_again, left_to_product, sample_by_sample
from .variant import Layers, Training, Variant

__all__ = ["Subnetwork"]

TRUE, FALSE = np.bool_(True), np.bool_(False)


class Units(NamedTuple):
    """The units of a batch that its sites keep."""

    mask: NDArray[np.bool_]  # (max units,): of one site
    kept: NDArray[np.int64] | None  # (L + 1, max units + 2): for each site their number, then their list


class Subnetwork(Variant):
    """Dropout of units, the same for all rows of a batch."""

    title = "sub-network dropout"
    needs_row_starts = True

    def run(self, master: Parameters, zeros: Allocate, compact: bool) -> Parameters:
        """Return the parameters of the smaller network, with a table of its layers, if it is compact."""
        if not compact:
            return master
        size, dtype = master.values.size, master.values.dtype
        return Parameters(master.layers.copy(), zeros(size, dtype), zeros(size, dtype))

    def extra(self, sizes: Sequence[int], dtype: np.dtype[Any], zeros: Allocate, compact: bool) -> Units:
        """Return arrays for the kept units."""
        widest = max(sizes)
        kept = np.zeros((len(sizes), widest + 2), np.int64) if compact else None
        return Units(zeros(widest, np.bool_), kept)

    def own(self, extra: Units, zeros: Allocate) -> Units:
        """Return new arrays for the kept units."""
        return Units(zeros(extra.mask.size, np.bool_), None if extra.kept is None else np.zeros_like(extra.kept))

    def sites(self, target: Target, views: Views) -> Sites:
        """Return the functions of dropout of units, the same for all rows, for one target."""
        kernels, vector = target.kernels, target.vector

        @target.internal
        def drop(net, out, site, purpose, step, row_offset):
            """Drop columns of a site's values or of their gradient, in place: the same for all rows."""
            threshold, flat, units = net.rates.thresholds[site], vector(out, FIRST, out.size), out.shape[1]
            if threshold == DROP_ALL:
                kernels.drop_all(flat)
            elif threshold != ZERO:
                scale, starts, key = net.rates.scales[site], vector(net.batch.row_starts, FIRST, out.shape[0]), net.key
                mask, zero = vector(net.extra.mask, FIRST, units), net.rates.scales.dtype.type(0)
                kernels.sample_mask(mask, threshold, key[0], key[1], np.uint64(site) | purpose, step, ZERO)
                kernels.masked_dropout_forward(flat, flat, units, mask, starts, FIRST + 1, scale, -zero, zero)

        samples, again = sample_by_sample(target, drop), forward_again(target, drop)
        return Sites(drop, samples, left_to_product(target), again, fused=False, by_sign=True)

    def training(self, target: Target, views: Views, rule: Rule, layers: Layers, sparse: bool) -> Training:
        """Return the functions of a training step through the smaller network."""
        if not target.compacts or sparse:
            return super().training(target, views, rule, layers, sparse)  # over all units, with masks of 0 and 1
        kernels, internal, vector = target.kernels, target.internal, target.vector
        layer_input, doutput, weight, bias = views.layer_input, views.doutput, views.weight, views.bias
        dweight, dbias, on_master = views.dweight, views.dbias, views.on_master
        step_layer, forward, backward = getattr(kernels, f"subnetwork_{rule.name}"), layers.forward, layers.backward

        @target.inlined
        def kept(net, site):
            """Return a view of the list of the units that a site keeps."""
            return vector(net.extra.kept, site * net.extra.kept.shape[1], net.extra.kept.shape[1])

        @internal
        def select_units(net, step):
            """List the units that each site keeps, and fill the table of the small network."""
            full, small = net.master.layers, net.run.layers
            last = full.shape[0] - 1
            for site in range(last + 1):
                units, threshold = full[site, INPUTS], net.rates.thresholds[site]
                kernels.kept_units(kept(net, site), units, threshold, net.key[0], net.key[1], np.uint64(site), step)
            kernels.kept_units(kept(net, last + 1), full[last, UNITS], ZERO, ZERO, ZERO, ZERO, ZERO)
            outputs = full[last, OUTPUT]  # both networks write their outputs at the same offset
            for layer in range(last + 1):
                outputs -= kept(net, layer)[0]
            size, biases = FIRST, FIRST
            for layer in range(last + 1):
                inputs, units = kept(net, layer)[0], kept(net, layer + 1)[0]
                outputs += inputs
                small[layer, INPUTS], small[layer, UNITS] = inputs, units
                small[layer, WEIGHT], small[layer, BIAS], small[layer, OUTPUT] = size, biases, outputs
                size += inputs * units
                biases += units
            for layer in range(last + 1):
                small[layer, BIAS] += size

        @internal
        def forward_train(net, data, batch, step, row_offset):
            """Select units, copy their weights, and run rows of the data through the small network."""
            select_units(net, step)
            for layer in range(net.master.layers.shape[0]):
                kernels.take_layer(
                    weight(net.run, layer),
                    bias(net.run, layer),
                    weight(net.master, layer),
                    bias(net.master, layer),
                    kept(net, layer + 1),
                    kept(net, layer),
                    net.rates.scales[layer],
                )
            inp, scaling = layer_input(net, FIRST, batch.size), net.scaling
            kernels.gather_columns(inp, data, batch, kept(net, FIRST), scaling.input_offset, scaling.input_scale)
            forward(net, batch.size, FALSE, TRUE, ZERO, ZERO)

        @internal
        def gradients(net, rows, to_input, step, row_offset):
            """Run the backward pass, and write the gradients of all parameters, 0 where a unit was dropped."""
            backward(net, rows, FALSE, to_input, ZERO, ZERO, ())
            for layer in range(net.master.layers.shape[0]):
                kernels.spread_layer(
                    dweight(net.master, layer),
                    dbias(net.master, layer),
                    dweight(net.run, layer),
                    dbias(net.run, layer),
                    kept(net, layer + 1),
                    kept(net, layer),
                    net.rates.scales[layer],
                )
            if to_input:
                dinp = doutput(on_master(net), np.int64(-1), rows)
                kernels.spread_columns(dinp, kept(net, FIRST))

        @internal
        def update(net, rows, step, state, hyperparameters):
            """Run the backward pass, and update all parameters."""
            backward(net, rows, FALSE, FALSE, ZERO, ZERO, ())
            for layer in range(net.master.layers.shape[0]):
                step_layer(
                    weight(net.master, layer),
                    bias(net.master, layer),
                    dweight(net.run, layer),
                    dbias(net.run, layer),
                    state,
                    net.master.layers[layer, WEIGHT : BIAS + 1],
                    kept(net, layer + 1),
                    kept(net, layer),
                    net.rates.scales[layer],
                    hyperparameters,
                )

        return Training(forward_train, gradients, update, None)
