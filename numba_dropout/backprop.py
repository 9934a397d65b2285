"""The network's forward and backward pass, by hand, over a table of layers: one composition for every target.

`compose` takes a target: its kernels and what to compile with. Over `kernels.cpu` Numba compiles the whole of
it, so that many training steps run without Python. All arrays are laid out before the first step, and nothing here
allocates: a layer's weight, gradient or output is a view into a flat buffer.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from ._jit import composed, scalar, span
from .kernels import cpu, simd
from .network import BIAS, INPUTS, OUTPUT, UNITS, WEIGHT

__all__ = ["LOSSES", "Composition", "Target", "compiled", "compose"]

LOSSES = ("cross_entropy", "mse", "bce")

ZERO = np.uint64(0)
FIRST = np.int64(0)
TRUE, FALSE = np.bool_(True), np.bool_(False)  # a literal one would be compiled for as a type of its own
EVERYTHING = np.uint64(1 << 32)


class Composition(NamedTuple):
    """The functions over a network that `compose` builds."""

    forward: Callable[..., None]
    backward: Callable[..., None]
    train_steps: Callable[..., None]
    evaluate: Callable[..., None]


class Target(NamedTuple):
    """What the passes are built over."""

    kernels: ModuleType
    repeat: Callable[[Any], Any]  # (a training step): the function that takes consecutive steps
    build: Callable[[Any], Any]  # for the functions that are returned
    part: Callable[[Any], Any]  # for those that only these call
    view: Callable[[Any], Any]  # for those that return a view
    matrix: Callable[..., Any]  # (flat, start, rows, columns): a part of a flat array as a matrix
    vector: Callable[..., Any]  # (flat, start, size): a part of a flat array


def compose(target: Target, loss: str, update: str, limited: bool) -> Composition:
    """Write the passes over the kernels of one target, for one loss and update rule, with max-norm if `limited`."""
    kernels, repeat, build, part, view, matrix, vector = target
    kernel = "softmax_cross_entropy" if loss == "cross_entropy" else loss
    loss_forward = getattr(kernels, f"{kernel}_forward")
    loss_backward = getattr(kernels, f"{kernel}_backward")
    step_layer = getattr(kernels, f"linear_{update}")

    @view
    def layer_input(net, layer, rows):
        """View the input of a layer: the output of the one before."""
        units = net.layers[layer, INPUTS]
        return matrix(net.outputs, (net.layers[layer, OUTPUT] - units) * net.losses.size, rows, units)

    @view
    def layer_output(net, layer, rows):
        """View the output of a layer."""
        return matrix(net.outputs, net.layers[layer, OUTPUT] * net.losses.size, rows, net.layers[layer, UNITS])

    @view
    def weight(net, flat, layer):
        """View a layer's weight, (units, inputs), in the parameters or in their gradients."""
        return matrix(flat, net.layers[layer, WEIGHT], net.layers[layer, UNITS], net.layers[layer, INPUTS])

    @view
    def bias(net, flat, layer):
        """View a layer's bias, (units,), in the parameters or in their gradients."""
        return vector(flat, net.layers[layer, BIAS], net.layers[layer, UNITS])

    @part
    def load(net, data, rows):
        """Bring rows of the data, standardised, to the network's input."""
        kernels.gather_rows(layer_input(net, FIRST, rows.size), data, rows, net.shift, net.stretch)

    @part
    def dropout_input(net, out, step, row_offset):
        """Drop elements of the input, or of the gradient by it, in place: site 0, and the same operation."""
        threshold = net.thresholds[0]
        flat = vector(out, FIRST, out.size)
        if threshold == EVERYTHING:
            kernels.drop_all(flat)
        elif threshold != ZERO:
            offset = row_offset * np.uint64(out.shape[1])
            kernels.dropout_forward(flat, flat, threshold, net.scales[0], net.key[0], net.key[1], ZERO, step, offset)

    @part
    def forward(net, rows, training, step, row_offset):
        """Run the loaded batch through all layers; the batch's first row is row row_offset of the masks."""
        if training:
            dropout_input(net, layer_input(net, FIRST, rows), step, row_offset)
        last = net.layers.shape[0] - 1
        for layer in range(last):
            out = layer_output(net, layer, rows)
            site = layer + 1
            threshold = net.thresholds[site] if training else ZERO
            if threshold == EVERYTHING:
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
        kernels.linear_forward(
            layer_output(net, last, rows),
            layer_input(net, last, rows),
            weight(net, net.params, last),
            bias(net, net.params, last),
        )

    @view
    def doutput(net, layer, rows):
        """View the gradient by the output of a layer (-1: by the network's input); neighbours share no memory."""
        units = net.layers[layer, UNITS] if layer >= 0 else net.layers[0, INPUTS]
        return matrix(net.doutputs[(layer + 1) & 1], FIRST, rows, units)

    def passing_back(change):
        """Return the backward pass, with what is done about a layer's weight and bias."""

        @part
        def backward(net, rows, training, to_input, step, row_offset, state, settings):
            """Take the gradient by the last output through all layers, and to the input where it is asked for."""
            last = net.layers.shape[0] - 1
            for back in range(last + 1):
                layer = last - back
                dout = doutput(net, layer, rows)
                inp = layer_input(net, layer, rows)
                if layer > 0 or to_input:
                    # through this layer's product, then through ReLU and dropout of the layer before, if there is one
                    kernels.linear_backward_input(
                        doutput(net, layer - 1, rows),
                        dout,
                        weight(net, net.params, layer),
                        layer_input(net, layer, rows if layer > 0 else 0),
                        net.scales[layer] if training else net.scales.dtype.type(1),
                    )
                change(net, layer, dout, inp, state, settings)
            if to_input and training:
                dropout_input(net, doutput(net, np.int64(-1), rows), step, row_offset)

        return backward

    @part
    def store(net, layer, dout, inp, state, settings):
        """Write the gradients by a layer's weight and bias."""
        kernels.linear_backward_weight(weight(net, net.dparams, layer), bias(net, net.dparams, layer), dout, inp)

    @part
    def descend(net, layer, dout, inp, state, settings):
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
            settings,
        )

    backward_and_store, backward_and_descend = passing_back(store), passing_back(descend)

    if loss == "cross_entropy":

        @view
        def target_of(net, y, rows):
            """View the batch's classes."""
            return vector(net.labels, FIRST, rows)

        @part
        def load_targets(net, y, rows):
            """Bring the classes of rows of the data to the batch."""
            kernels.gather_labels(target_of(net, y, rows.size), y, rows)

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
    def measure(net, out, saved, target, totals):
        """Write the sums of the batch's losses and hits, and into `saved` what the loss's derivative needs."""
        rows = out.shape[0]
        losses, hits = vector(net.losses, FIRST, rows), vector(net.hits, FIRST, rows)
        loss_forward(losses, hits, saved, out, target)
        kernels.batch_totals(totals, losses, hits)

    if limited:

        @part
        def limit_norms(net, max_norm):
            """Bound the norms of the hidden units' incoming weights."""
            for layer in range(net.layers.shape[0] - 1):
                kernels.max_norm(weight(net, net.params, layer), max_norm)

    else:

        @part
        def limit_norms(net, max_norm):
            """Leave the weights as they are."""

    @part
    def train_step(net, totals, data, y, batch, step, state, settings, max_norm):
        """Train on one batch, rows of the data; totals (2,) receives the sums of its losses and hits."""
        size, last = batch.size, net.layers.shape[0] - 1
        load(net, data, batch)
        forward(net, size, TRUE, step, ZERO)
        dout = doutput(net, last, size)
        load_targets(net, y, batch)
        target = target_of(net, y, size)
        measure(net, layer_output(net, last, size), dout, target, totals)
        loss_backward(dout, dout, target)
        backward_and_descend(net, size, TRUE, FALSE, step, ZERO, state, settings)
        limit_norms(net, max_norm)

    @build
    def evaluate(net, totals, data, y, rows, batch_size):
        """Write the sums of the losses and hits of batches of rows in evaluation mode."""
        last = net.layers.shape[0] - 1
        for s in range(totals.shape[0]):
            batch = rows[s * batch_size : min((s + 1) * batch_size, rows.size)]
            size = batch.size
            load(net, data, batch)
            forward(net, size, FALSE, ZERO, ZERO)
            load_targets(net, y, batch)
            target = target_of(net, y, size)
            measure(net, layer_output(net, last, size), doutput(net, last, size), target, totals[s])

    @build
    def load_and_forward(net, data, rows, training, step, row_offset):
        """Load rows of the data and run them through the network."""
        load(net, data, rows)
        forward(net, rows.size, training, step, row_offset)

    @build
    def backward_alone(net, rows, training, to_input, step, row_offset):
        """Run the backward pass after `load_and_forward`, and keep the gradients."""
        backward_and_store(net, rows, training, to_input, step, row_offset, net.doutputs, net.scales)

    return Composition(load_and_forward, backward_alone, repeat(train_step), evaluate)


def repeated(train_step):
    """Return the loop over training steps, compiled whole."""

    @composed
    def train_steps(net, totals, data, y, rows, batch_size, first_step, state, settings, max_norm):
        """Train on consecutive batches of rows: step s of them is counter first_step + s and uses settings[s].

        totals (S, 2) receives the sums of losses and hits of each batch; the last batch may be smaller.
        """
        for s in range(totals.shape[0]):
            batch = rows[s * batch_size : min((s + 1) * batch_size, rows.size)]
            train_step(net, totals[s], data, y, batch, np.uint64(first_step + s), state, settings[s], max_norm)

    return train_steps


CPU = Target(cpu, repeated, composed, span, scalar, simd.matrix, simd.vector)


@functools.cache
def compiled(loss: str, update: str, limited: bool) -> Composition:
    """Return the composition over the CPU's kernels, compiled by Numba at the first call of each function."""
    return compose(CPU, loss, update, limited)
