"""The network's forward and backward pass, written by hand for a table of layers: one source for every target.

`build_passes` takes a target: its kernels and decorators. With `kernels.cpu`, Numba compiles the whole training loop,
and many steps run without Python. All buffers are allocated before the first step. The passes allocate nothing: a
layer's weight, gradient or output is a view into a flat buffer.
"""

from __future__ import annotations

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

__all__ = ["LOSSES", "PassSpec", "Passes", "Weighted", "build_passes", "passes_for"]

LOSSES = ("cross_entropy", "mse", "bce")

TRUE, FALSE = np.bool_(True), np.bool_(False)  # Numba would compile a version of its own for each literal


class PassSpec(NamedTuple):
    """The specification of a network's passes."""

    loss: str
    update: str = "sgd"
    clip_norm: bool = False  # bound the norm of the gradient
    max_norm: bool = False  # bound the norms of the weights
    variant: str = "dropout"
    sparse: bool = False  # the data are compressed rows, `sparse.Compressed`
    sample_weight: bool = False  # rows have weights of mean 1, and y is `Weighted`


class Weighted(NamedTuple):
    """Targets of rows, and the sample weights of their losses."""

    targets: Any  # labels (N,), or targets (N, K)
    weights: Any  # (N,)


class Passes(NamedTuple):
    """The functions of a network that `build_passes` builds."""

    forward: Callable[..., None]
    backward: Callable[..., None]
    train_steps: Callable[..., None]
    evaluate: Callable[..., None]
    sample: Callable[..., None]


def build_passes(target: Target, spec: PassSpec) -> Passes:
    """Build the passes with the kernels of one target."""
    loss, update, clip_norm, max_norm, variant, sparse, sample_weight = spec
    kernels, loop, entry, internal, view, matrix, vector, compacts = target
    views = views_of(target)
    layer_input, layer_output, doutput, weight, bias, _, at_rates, _ = views
    kernel = "softmax_cross_entropy" if loss == "cross_entropy" else loss
    loss_forward = getattr(kernels, f"{kernel}_forward")
    loss_backward = getattr(kernels, f"{kernel}_backward")
    step_layer = getattr(kernels, f"linear_{update}")
    step_parameters = getattr(kernels, f"step_{update}")

    if sparse:

        @internal
        def load(net, data, rows):
            """Copy rows of the data, standardized, to the network's input."""
            inp = layer_input(net, FIRST, rows.size)
            values, columns, starts = data.values, data.columns, data.starts
            kernels.gather_sparse_rows(inp, values, columns, starts, rows, net.input_offset, net.input_scale)

    else:

        @internal
        def load(net, data, rows):
            """Copy rows of the data, standardized, to the network's input."""
            kernels.gather_rows(layer_input(net, FIRST, rows.size), data, rows, net.input_offset, net.input_scale)

    sites = sites_of(target, views, variant)
    drop, drop_samples, backward_at_site, backward_to_input, fused, by_sign, learned_rates = sites

    @internal
    def forward(net, rows, training, step, row_offset):
        """Run the loaded batch through all layers. Its first row has the masks of row `row_offset`."""
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

    def backward_pass(on_layer):
        """Return the backward pass that calls `on_layer` for the weight and bias of each layer."""

        @internal
        def backward(net, rows, training, to_input, step, row_offset, state, hyperparameters):
            """Backpropagate the gradient from the last output through all layers, and to the input if `to_input`."""
            last = net.layers.shape[0] - 1
            for number in range(last + 1):
                layer = last - number
                dout = doutput(net, layer, rows)
                inp = layer_input(net, layer, rows)
                fused_backward = layer > 0 and (by_sign or not training)
                if layer > 0 or to_input or (learned_rates and training and net.thresholds[FIRST] != ZERO):
                    # through this layer's product, then through ReLU and dropout of the layer before, if any
                    dinp = doutput(net, layer - 1, rows)
                    kernels.linear_backward_input(
                        dinp,
                        dout,
                        weight(net, net.params, layer),
                        layer_input(net, layer, rows if fused_backward else 0),
                        net.scales[layer] if training else net.scales.dtype.type(1),
                    )
                    if layer > 0 and not fused_backward:
                        backward_at_site(net, dinp, inp, layer, step, row_offset)
                    elif layer == 0 and training:
                        backward_to_input(net, dinp, inp, step, row_offset)
                on_layer(net, layer, dout, inp, state, hyperparameters)

        return backward

    @internal
    def layer_gradients(net, layer, dout, inp, state, hyperparameters):
        """Write the gradients with respect to a layer's weight and bias."""
        kernels.linear_backward_weight(weight(net, net.dparams, layer), bias(net, net.dparams, layer), dout, inp)

    @internal
    def update_layer(net, layer, dout, inp, state, hyperparameters):
        """Update a layer's weight and bias."""
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

    if learned_rates:
        update_layer = concrete(target, update, views, update_layer)
    backward_with_gradients, backward_with_updates = backward_pass(layer_gradients), backward_pass(update_layer)

    if loss == "cross_entropy":

        @view
        def target_of(net, y, rows):
            """Return a view of the classes of the batch."""
            return vector(net.labels, FIRST, rows)

        @internal
        def load_targets(net, y, rows):
            """Copy the classes of rows of the data to the batch."""
            kernels.gather(target_of(net, y, rows.size), y, rows)

    else:

        @view
        def target_of(net, y, rows):
            """Return a view of the targets of the batch."""
            return matrix(net.targets, FIRST, rows, y.shape[1])

        @internal
        def load_targets(net, y, rows):
            """Copy the targets of rows of the data, standardized, to the batch."""
            target = target_of(net, y, rows.size)
            kernels.gather_rows(target, y, rows, net.target_offset, net.target_scale)

    @internal
    def batch_loss(net, out, saved, target, sums):
        """Write the sums of losses and correct predictions of the batch, and save values for the loss's derivative."""
        rows = out.shape[0]
        losses, correct = vector(net.losses, FIRST, rows), vector(net.correct, FIRST, rows)
        loss_forward(losses, correct, saved, out, target)
        kernels.batch_sums(sums, losses, correct)

    if sample_weight:

        @internal
        def loss_and_grad(net, out, dout, y, batch, sums):
            """Write the sums of weighted losses and correct predictions, and the gradient of the mean loss."""
            rows = batch.size
            load_targets(net, y.targets, batch)
            target, weights = target_of(net, y.targets, rows), vector(net.weights, FIRST, rows)
            kernels.gather(weights, y.weights, batch)
            loss_forward(vector(net.losses, FIRST, rows), vector(net.correct, FIRST, rows), dout, out, target)
            kernels.scale_rows(matrix(net.losses, FIRST, rows, 1), weights)
            kernels.scale_rows(matrix(net.correct, FIRST, rows, 1), weights)
            kernels.batch_sums(sums, vector(net.losses, FIRST, rows), vector(net.correct, FIRST, rows))
            loss_backward(dout, dout, target)
            kernels.scale_rows(dout, weights)

    else:

        @internal
        def loss_and_grad(net, out, dout, y, batch, sums):
            """Write the sums of losses and correct predictions, and the gradient of the mean loss."""
            load_targets(net, y, batch)
            target = target_of(net, y, batch.size)
            batch_loss(net, out, dout, target, sums)
            loss_backward(dout, dout, target)

    if max_norm:

        @internal
        def limit_norms(net, max_norm):
            """Bound the norm of the incoming weights of each hidden unit."""
            for layer in range(net.layers.shape[0] - 1):
                kernels.max_norm(weight(net, net.params, layer), max_norm)

    else:

        @internal
        def limit_norms(net, max_norm):
            """Do nothing: the weights have no bound."""
            pass  # Numba's debug information needs a first statement

    sample = None
    if variant == "subnetwork" and compacts and not sparse:
        forward_train, gradients, update_all = subnetwork(target, update, views, forward, backward_with_gradients)
    elif variant == "dropconnect":
        forward_train, gradients, sample = dropconnect(target, views, load, forward, backward_with_gradients)
    else:

        @internal
        def forward_train(net, data, batch, step, row_offset):
            """Load rows of the data and run the forward pass in training mode."""
            load(net, data, batch)
            forward(net, batch.size, TRUE, step, row_offset)

        @internal
        def gradients(net, rows, to_input, step, row_offset):
            """Run the backward pass in training mode, and write the gradients."""
            backward_with_gradients(net, rows, TRUE, to_input, step, row_offset, net.doutputs, net.scales)

        @internal
        def update_all(net, rows, step, state, hyperparameters):
            """Run the backward pass in training mode, and update the parameters."""
            backward_with_updates(net, rows, TRUE, FALSE, step, ZERO, state, hyperparameters)

    if clip_norm or variant == "dropconnect":

        @internal
        def update_stored(net, layer, dout, inp, state, hyperparameters):
            """Update a layer's weight and bias with the stored gradients."""
            first, size = net.layers[layer, WEIGHT], net.layers[layer, INPUTS] * net.layers[layer, UNITS]
            weights, dweights = vector(net.params, first, size), vector(net.dparams, first, size)
            step_parameters(weights, dweights, state, first, hyperparameters, TRUE)
            first, b, db = net.layers[layer, BIAS], bias(net, net.params, layer), bias(net, net.dparams, layer)
            step_parameters(b, db, state, first, hyperparameters, FALSE)

        if learned_rates:
            update_stored = concrete(target, update, views, update_stored)

        @internal
        def update_all(net, rows, step, state, hyperparameters):
            """Run the backward pass in training mode, clip the gradient if specified, and update the parameters."""
            gradients(net, rows, FALSE, step, ZERO)
            if clip_norm:
                kernels.clip_norm(net.dparams, net.sums, hyperparameters)
            for layer in range(net.layers.shape[0]):
                dout, inp = doutput(net, layer, FIRST), layer_input(net, layer, FIRST)
                update_stored(net, layer, dout, inp, state, hyperparameters)

    @internal
    def train_step(net, sums, data, y, batch, step, state, hyperparameters, max_norm):
        """Train on one batch of rows. `sums` (2,) receives the sums of its losses and correct predictions."""
        size, last = batch.size, net.layers.shape[0] - 1
        forward_train(net, data, batch, step, ZERO)
        loss_and_grad(net, layer_output(net, last, size), doutput(net, last, size), y, batch, sums)
        update_all(net, size, step, state, hyperparameters)
        limit_norms(net, max_norm)

    @entry
    def evaluate(net, sums, data, y, rows, batch_size):
        """Write the sums of losses and correct predictions of batches of rows in evaluation mode."""
        last = net.layers.shape[0] - 1
        for s in range(sums.shape[0]):
            batch = rows[s * batch_size : min((s + 1) * batch_size, rows.size)]
            size = batch.size
            load(net, data, batch)
            forward(net, size, FALSE, ZERO, ZERO)
            load_targets(net, y, batch)
            target = target_of(net, y, size)
            batch_loss(net, layer_output(net, last, size), doutput(net, last, size), target, sums[s])

    @entry
    def forward_rows(net, data, rows, training, step, row_offset):
        """Load rows of the data and run the forward pass."""
        if training:
            forward_train(net, data, rows, step, row_offset)
        else:
            load(net, data, rows)
            forward(net, rows.size, FALSE, step, row_offset)

    @entry
    def sample_units(net, data, rows, size, step, row_offset):
        """Run rows of the data, repeated for each sample, through the network with the masks of samples.

        A sample has `size` rows. Its first row has the masks of row `row_offset`. Samples have consecutive steps.
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

    @entry
    def backward_rows(net, rows, training, to_input, step, row_offset):
        """Run the backward pass after `forward_rows`, and write the gradients."""
        if training:
            gradients(net, rows, to_input, step, row_offset)
        else:
            backward_with_gradients(net, rows, FALSE, to_input, step, row_offset, net.doutputs, net.scales)
            if learned_rates:
                kernels.drop_all(vector(net.dparams, net.layers[0, LOGIT], net.layers.shape[0]))

    return Passes(forward_rows, backward_rows, loop(train_step, at_rates), evaluate, sample or sample_units)


def train_loop(train_step, at_rates):
    """Return the loop over training steps, compiled as one function."""

    @entry_point
    def train_steps(
        net, sums, data, y, rows, batch_size, first_step, state, hyperparameters, thresholds, scales, max_norm
    ):
        """Train on consecutive batches of rows. Batch s has the counter first_step + s and hyperparameters[s].

        `thresholds` and `scales` (S, L) are the rates of each step. `sums` (S, 2) receives the sums of losses and
        correct predictions of each batch. The last batch may be smaller.
        """
        for s in range(sums.shape[0]):
            batch = rows[s * batch_size : min((s + 1) * batch_size, rows.size)]
            step, net_at_rates = np.uint64(first_step + s), at_rates(net, thresholds[s], scales[s])
            train_step(net_at_rates, sums[s], data, y, batch, step, state, hyperparameters[s], max_norm)

    return train_steps


CPU = Target(cpu, train_loop, entry_point, serial_loop, scalar, simd.matrix, simd.vector, compacts=True)


_COMPILED: dict[PassSpec, Passes] = {}


def passes_for(device: str, spec: PassSpec) -> Passes:
    """Return the passes with the kernels of a device. Numba compiles each function at its first call."""
    if device != "cpu":
        from . import cuda_graphs

        return cuda_graphs.passes(spec)
    if spec not in _COMPILED:
        _COMPILED.setdefault(spec, build_passes(CPU, spec))  # two threads get the same objects
    return _COMPILED[spec]
