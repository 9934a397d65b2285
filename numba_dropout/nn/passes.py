"""The network's forward and backward pass, by hand, over a table of layers: one composition for every target.

`build_passes` takes a target: its kernels and what to compile with. Over `kernels.cpu` Numba compiles the whole of
it, so that many training steps run without Python. All arrays are laid out before the first step, and nothing here
allocates: a layer's weight, gradient or output is a view into a flat buffer.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..core.jit import entry_point, scalar, serial_loop
from ..kernels import cpu, simd
from .buffers import BIAS, INPUTS, LOGIT, UNITS, WEIGHT
from .variants import sites_of
from .variants.concrete_dropout import concrete
from .variants.dropconnect import dropconnect
from .variants.sites import DROP_ALL, ZERO
from .variants.subnetwork import subnetwork
from .views import FIRST, Target, views_of

__all__ = ["LOSSES", "PassSpec", "Passes", "Weighted", "build_passes", "compiled"]

LOSSES = ("cross_entropy", "mse", "bce")

TRUE, FALSE = np.bool_(True), np.bool_(False)  # a literal one would be compiled for as a type of its own


class PassSpec(NamedTuple):
    """What a composition is written for."""

    loss: str
    update: str = "sgd"
    clip_norm: bool = False  # the gradient's norm is bounded
    max_norm: bool = False  # those of the weights are
    variant: str = "dropout"
    sparse: bool = False  # data come in compressed rows, `sparse.Compressed`
    sample_weight: bool = False  # rows have weights, of mean 1: y is `Weighted`


class Weighted(NamedTuple):
    """Targets of rows, and the weights of their losses."""

    targets: Any  # labels (N,), or targets (N, K)
    weights: Any  # (N,)


class Passes(NamedTuple):
    """The functions over a network that `build_passes` builds."""

    forward: Callable[..., None]
    backward: Callable[..., None]
    train_steps: Callable[..., None]
    evaluate: Callable[..., None]
    sample: Callable[..., None]


def build_passes(target: Target, choice: PassSpec) -> Passes:
    """Write the passes over the kernels of one target."""
    loss, update, clip_norm, max_norm, variant, sparse, sample_weight = choice
    kernels, repeat, build, part, view, matrix, vector, thins = target
    views = views_of(target)
    layer_input, layer_output, doutput, weight, bias, _, at_rates, _ = views
    kernel = "softmax_cross_entropy" if loss == "cross_entropy" else loss
    loss_forward = getattr(kernels, f"{kernel}_forward")
    loss_backward = getattr(kernels, f"{kernel}_backward")
    step_layer = getattr(kernels, f"linear_{update}")
    step_parameters = getattr(kernels, f"step_{update}")

    if sparse:

        @part
        def load(net, data, rows):
            """Bring rows of the data, standardised, to the network's input."""
            inp = layer_input(net, FIRST, rows.size)
            values, columns, starts = data.values, data.columns, data.starts
            kernels.gather_sparse_rows(inp, values, columns, starts, rows, net.shift, net.stretch)

    else:

        @part
        def load(net, data, rows):
            """Bring rows of the data, standardised, to the network's input."""
            kernels.gather_rows(layer_input(net, FIRST, rows.size), data, rows, net.shift, net.stretch)

    drop, drop_samples, back_at_site, back_to_input, fused, by_sign, learns = sites_of(target, views, variant)

    @part
    def forward(net, rows, training, step, row_offset):
        """Run the loaded batch through all layers; the batch's first row is row row_offset of the masks."""
        if training:
            drop(net, layer_input(net, FIRST, rows), FIRST, ZERO, step, row_offset)
        last = net.layers.shape[0] - 1
        for layer in range(last):
            out = layer_output(net, layer, rows)
            site = layer + 1
            threshold = net.thresholds[site] if fused and training else ZERO
            if threshold == DROP_ALL:
                kernels.drop_all(vector(out, FIRST, out.size))
            else:
                kernels.linear_relu_dropout_forward(
                    out,
                    layer_input(net, layer, rows),
                    weight(net, net.params, layer),
                    bias(net, net.params, layer),
                    threshold,
                    net.scales[site],
                    net.key[0],
                    net.key[1],
                    np.uint64(site),
                    step,
                    row_offset * np.uint64(out.shape[1]),
                )
                if training and not fused:
                    drop(net, out, site, ZERO, step, row_offset)
        kernels.linear_forward(
            layer_output(net, last, rows),
            layer_input(net, last, rows),
            weight(net, net.params, last),
            bias(net, net.params, last),
        )

    def passing_back(change):
        """Return the backward pass, with what is done about a layer's weight and bias."""

        @part
        def backward(net, rows, training, to_input, step, row_offset, state, hyperparameters):
            """Take the gradient by the last output through all layers, and to the input where it is asked for."""
            last = net.layers.shape[0] - 1
            for back in range(last + 1):
                layer = last - back
                dout = doutput(net, layer, rows)
                inp = layer_input(net, layer, rows)
                at_once = layer > 0 and (by_sign or not training)
                if layer > 0 or to_input or (learns and training and net.thresholds[FIRST] != ZERO):
                    # through this layer's product, then through ReLU and dropout of the layer before, if there is one
                    before = doutput(net, layer - 1, rows)
                    kernels.linear_backward_input(
                        before,
                        dout,
                        weight(net, net.params, layer),
                        layer_input(net, layer, rows if at_once else 0),
                        net.scales[layer] if training else net.scales.dtype.type(1),
                    )
                    if layer > 0 and not at_once:
                        back_at_site(net, before, inp, layer, step, row_offset)
                    elif layer == 0 and training:
                        back_to_input(net, before, inp, step, row_offset)
                change(net, layer, dout, inp, state, hyperparameters)

        return backward

    @part
    def store(net, layer, dout, inp, state, hyperparameters):
        """Write the gradients by a layer's weight and bias."""
        kernels.linear_backward_weight(weight(net, net.dparams, layer), bias(net, net.dparams, layer), dout, inp)

    @part
    def descend(net, layer, dout, inp, state, hyperparameters):
        """Step a layer's weight and bias."""
        step_layer(
            weight(net, net.params, layer),
            bias(net, net.params, layer),
            weight(net, net.dparams, layer),
            bias(net, net.dparams, layer),
            state,
            net.layers[layer, WEIGHT : BIAS + 1],
            dout,
            inp,
            hyperparameters,
        )

    if learns:
        descend = concrete(target, update, views, descend)
    backward_and_store, backward_and_descend = passing_back(store), passing_back(descend)

    if loss == "cross_entropy":

        @view
        def target_of(net, y, rows):
            """View the batch's classes."""
            return vector(net.labels, FIRST, rows)

        @part
        def load_targets(net, y, rows):
            """Bring the classes of rows of the data to the batch."""
            kernels.gather(target_of(net, y, rows.size), y, rows)

    else:

        @view
        def target_of(net, y, rows):
            """View the batch's targets."""
            return matrix(net.targets, FIRST, rows, y.shape[1])

        @part
        def load_targets(net, y, rows):
            """Bring the targets of rows of the data, standardised, to the batch."""
            target = target_of(net, y, rows.size)
            kernels.gather_rows(target, y, rows, net.target_shift, net.target_stretch)

    @part
    def measure(net, out, saved, target, sums):
        """Write the sums of the batch's losses and correct predictions, and save what the loss's derivative needs."""
        rows = out.shape[0]
        losses, correct = vector(net.losses, FIRST, rows), vector(net.correct, FIRST, rows)
        loss_forward(losses, correct, saved, out, target)
        kernels.batch_totals(sums, losses, correct)

    if sample_weight:

        @part
        def learn(net, out, dout, y, batch, sums):
            """Write the sums of the batch's weighted losses and correct predictions, and the gradient of their mean."""
            rows = batch.size
            load_targets(net, y.targets, batch)
            target, weights = target_of(net, y.targets, rows), vector(net.weights, FIRST, rows)
            kernels.gather(weights, y.weights, batch)
            loss_forward(vector(net.losses, FIRST, rows), vector(net.correct, FIRST, rows), dout, out, target)
            kernels.scale_rows(matrix(net.losses, FIRST, rows, 1), weights)
            kernels.scale_rows(matrix(net.correct, FIRST, rows, 1), weights)
            kernels.batch_totals(sums, vector(net.losses, FIRST, rows), vector(net.correct, FIRST, rows))
            loss_backward(dout, dout, target)
            kernels.scale_rows(dout, weights)

    else:

        @part
        def learn(net, out, dout, y, batch, sums):
            """Write the sums of the batch's losses and correct predictions, and the gradient of their mean."""
            load_targets(net, y, batch)
            target = target_of(net, y, batch.size)
            measure(net, out, dout, target, sums)
            loss_backward(dout, dout, target)

    if max_norm:

        @part
        def limit_norms(net, max_norm):
            """Bound the norms of the hidden units' incoming weights."""
            for layer in range(net.layers.shape[0] - 1):
                kernels.max_norm(weight(net, net.params, layer), max_norm)

    else:

        @part
        def limit_norms(net, max_norm):
            """Leave the weights as they are."""
            pass  # Numba's debug information points at a first statement

    sample = None
    if variant == "subnetwork" and thins and not sparse:
        begin, store_all, descend_all = subnetwork(target, update, views, forward, backward_and_store)
    elif variant == "dropconnect":
        begin, store_all, sample = dropconnect(target, views, load, forward, backward_and_store)
    else:

        @part
        def begin(net, data, batch, step, row_offset):
            """Load rows of the data and run them forward in training mode."""
            load(net, data, batch)
            forward(net, batch.size, TRUE, step, row_offset)

        @part
        def store_all(net, rows, to_input, step, row_offset):
            """Go back in training mode, and keep the gradients."""
            backward_and_store(net, rows, TRUE, to_input, step, row_offset, net.doutputs, net.scales)

        @part
        def descend_all(net, rows, step, state, hyperparameters):
            """Go back in training mode, and step the parameters."""
            backward_and_descend(net, rows, TRUE, FALSE, step, ZERO, state, hyperparameters)

    if clip_norm or variant == "dropconnect":

        @part
        def descend_stored(net, layer, dout, inp, state, hyperparameters):
            """Step a layer's weight and bias with the gradients that are kept."""
            first, size = net.layers[layer, WEIGHT], net.layers[layer, INPUTS] * net.layers[layer, UNITS]
            weights, dweights = vector(net.params, first, size), vector(net.dparams, first, size)
            step_parameters(weights, dweights, state, first, hyperparameters, TRUE)
            first, b, db = net.layers[layer, BIAS], bias(net, net.params, layer), bias(net, net.dparams, layer)
            step_parameters(b, db, state, first, hyperparameters, FALSE)

        if learns:
            descend_stored = concrete(target, update, views, descend_stored)

        @part
        def descend_all(net, rows, step, state, hyperparameters):
            """Go back in training mode, bound the norm of the whole gradient where asked, and step the parameters."""
            store_all(net, rows, FALSE, step, ZERO)
            if clip_norm:
                kernels.clip_norm(net.dparams, net.sums, hyperparameters)
            for layer in range(net.layers.shape[0]):
                dout, inp = doutput(net, layer, FIRST), layer_input(net, layer, FIRST)
                descend_stored(net, layer, dout, inp, state, hyperparameters)

    @part
    def train_step(net, sums, data, y, batch, step, state, hyperparameters, max_norm):
        """Train on one batch, rows of the data; sums (2,) receives the sums of its losses and correct predictions."""
        size, last = batch.size, net.layers.shape[0] - 1
        begin(net, data, batch, step, ZERO)
        learn(net, layer_output(net, last, size), doutput(net, last, size), y, batch, sums)
        descend_all(net, size, step, state, hyperparameters)
        limit_norms(net, max_norm)

    @build
    def evaluate(net, sums, data, y, rows, batch_size):
        """Write the sums of the losses and correct predictions of batches of rows in evaluation mode."""
        last = net.layers.shape[0] - 1
        for s in range(sums.shape[0]):
            batch = rows[s * batch_size : min((s + 1) * batch_size, rows.size)]
            size = batch.size
            load(net, data, batch)
            forward(net, size, FALSE, ZERO, ZERO)
            load_targets(net, y, batch)
            target = target_of(net, y, size)
            measure(net, layer_output(net, last, size), doutput(net, last, size), target, sums[s])

    @build
    def load_and_forward(net, data, rows, training, step, row_offset):
        """Load rows of the data and run them through the network."""
        if training:
            begin(net, data, rows, step, row_offset)
        else:
            load(net, data, rows)
            forward(net, rows.size, FALSE, step, row_offset)

    @build
    def sample_units(net, data, rows, size, step, row_offset):
        """Run rows of the data, the same again for each sample, through the network with the masks of samples.

        A sample is `size` rows, the first of them row row_offset of the masks; the samples' steps follow each other.
        """
        count, last = rows.size, net.layers.shape[0] - 1
        load(net, data, rows)
        drop_samples(net, layer_input(net, FIRST, count), FIRST, size, step, row_offset)
        for layer in range(last):
            out = layer_output(net, layer, count)
            inp, w, b = layer_input(net, layer, count), weight(net, net.params, layer), bias(net, net.params, layer)
            scale = net.scales[layer + 1]
            kernels.linear_relu_dropout_forward(out, inp, w, b, ZERO, scale, ZERO, ZERO, ZERO, ZERO, ZERO)
            drop_samples(net, out, layer + 1, size, step, row_offset)
        inp, w, b = layer_input(net, last, count), weight(net, net.params, last), bias(net, net.params, last)
        kernels.linear_forward(layer_output(net, last, count), inp, w, b)

    @build
    def backward_alone(net, rows, training, to_input, step, row_offset):
        """Run the backward pass after `load_and_forward`, and keep the gradients."""
        if training:
            store_all(net, rows, to_input, step, row_offset)
        else:
            backward_and_store(net, rows, FALSE, to_input, step, row_offset, net.doutputs, net.scales)
            if learns:
                kernels.drop_all(vector(net.dparams, net.layers[0, LOGIT], net.layers.shape[0]))

    return Passes(load_and_forward, backward_alone, repeat(train_step, at_rates), evaluate, sample or sample_units)


def repeated(train_step, at_rates):
    """Return the loop over training steps, compiled whole."""

    @entry_point
    def train_steps(
        net, sums, data, y, rows, batch_size, first_step, state, hyperparameters, thresholds, scales, max_norm
    ):
        """Train on consecutive batches of rows: step s of them is counter first_step + s and uses hyperparameters[s].

        thresholds and scales (S, L) are each step's rates; sums (S, 2) receives the sums of each batch's losses
        and correct predictions; the last batch may be smaller.
        """
        for s in range(sums.shape[0]):
            batch = rows[s * batch_size : min((s + 1) * batch_size, rows.size)]
            step, now = np.uint64(first_step + s), at_rates(net, thresholds[s], scales[s])
            train_step(now, sums[s], data, y, batch, step, state, hyperparameters[s], max_norm)

    return train_steps


CPU = Target(cpu, repeated, entry_point, serial_loop, scalar, simd.matrix, simd.vector, thins=True)


@functools.cache
def compiled(choice: PassSpec) -> Passes:
    """Return the composition over the CPU's kernels, compiled by Numba at the first call of each function."""
    return build_passes(CPU, choice)
