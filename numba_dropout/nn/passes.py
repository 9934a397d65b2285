"""The network's forward and backward pass, written by hand for a table of layers: one source for every target.

`build_passes` takes a target: its kernels and decorators. With `kernels.cpu`, Numba compiles the whole training loop,
and many steps run without Python. All buffers are allocated before the first step. The passes allocate nothing: a
layer's weight, gradient or output is a view into a flat buffer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..core.jit import entry_point, scalar, serial_loop
from ..kernels import cpu, simd
from .buffers import LOGIT
from .hidden_layers import RELU_ONLY, hidden_layers
from .layer_passes import backward_pass, forward_pass, gradients_of_layer, sample_pass
from .losses import LOSSES, Weighted, loss_functions
from .rows import ROWS
from .steps import step_at_once, step_in_chunks
from .updates import RULES, fused_update, norm_limits, stored_update, update_all
from .variants import KINDS
from .variants.sites import ZERO
from .variants.variant import Layers
from .views import Target, views_of

__all__ = ["LOSSES", "PassSpec", "Passes", "Weighted", "build_passes", "passes_for"]

FALSE = np.bool_(False)  # Numba would compile a version of its own for each literal


class PassSpec(NamedTuple):
    """The specification of a network's passes."""

    loss: str
    update: str = "sgd"
    clip_norm: bool = False  # bound the norm of the gradient
    max_norm: bool = False  # bound the norms of the weights
    variant: str = "dropout"
    sparse: bool = False  # the data are compressed rows, `sparse.Compressed`
    sample_weight: bool = False  # rows have weights of mean 1, and y is `Weighted`
    activations: tuple[str, ...] = RELU_ONLY  # the names of those in hidden layers, each once
    accumulates: bool = False  # a step adds up the gradients of the chunks of its batch


class Passes(NamedTuple):
    """The functions of a network that `build_passes` builds. `buffers.in_plain_tuples` returns their arrays."""

    forward: Callable[..., None]  # (arrays, data, rows, training, keep, step, row_offset)
    backward: Callable[..., None]  # (arrays, rows, training, to_input, step, row_offset)
    train_steps: Callable[..., None]  # `train_loop` has the arguments
    loss_and_gradients: Callable[..., None]  # (arrays, sums, data, y, rows, batch_rows, step, row_offset)
    update: Callable[..., None]  # (arrays, state, hyperparameters, max_norm)
    evaluate: Callable[..., None]  # (arrays, sums, data, y, rows, batch_size)
    sample: Callable[..., None]  # (arrays, data, rows, size, step, row_offset)


def build_passes(target: Target, spec: PassSpec) -> Passes:
    """Build the passes with the kernels of one target."""
    kernels, entry, vector = target.kernels, target.entry, target.vector
    views = views_of(target)
    network, on_master, layer_output, doutput = views.network, views.on_master, views.layer_output, views.doutput
    variant, rule = KINDS[spec.variant], RULES[spec.update]
    sites, learned_rates = variant.sites(target, views), variant.learns_rates

    load = ROWS["sparse" if spec.sparse else "dense"](target, views)
    hidden = hidden_layers(target, views, spec.activations, variant)
    forward = forward_pass(target, views, sites, hidden)
    backward = backward_pass(target, views, sites, hidden, gradients_of_layer(target, views))
    fused = variant.update_layer(target, views, rule, fused_update(target, views, rule))
    layers = Layers(load, forward, hidden, backward, backward_pass(target, views, sites, hidden, fused))
    training = variant.training(target, views, rule, layers, spec.sparse)
    forward_train, gradients = training.forward, training.gradients
    sample = training.sample or sample_pass(target, views, hidden, load, sites.drop_samples)
    losses = loss_functions(target, spec.loss, spec.sample_weight)
    batch_loss, loss_and_grad = losses
    limit_norms = norm_limits(target, views, spec.max_norm)
    update_layer = variant.update_layer(target, views, rule, stored_update(target, views, rule))
    update = update_all(target, views, update_layer, spec.clip_norm)
    if spec.accumulates:
        train_step = step_in_chunks(target, views, training, losses, update, limit_norms)
    else:
        train_step = step_at_once(target, views, training, losses, update, limit_norms, clips=spec.clip_norm)

    @entry
    def loss_and_gradients(arrays, sums, data, y, rows, batch_rows, step, row_offset):
        """Write the sums of losses and correct predictions of rows, and the gradients of their mean over a batch."""
        net, size = network(arrays), rows.size
        last = net.master.layers.shape[0] - 1
        forward_train(net, data, rows, step, row_offset)
        loss_and_grad(net, layer_output(net, last, size), doutput(net, last, size), y, rows, batch_rows, sums)
        gradients(net, size, FALSE, step, row_offset)

    @entry
    def update_parameters(arrays, state, hyperparameters, max_norm):
        """Update the parameters with the stored gradients."""
        net = network(arrays)
        update(net, state, hyperparameters)
        limit_norms(net, max_norm)

    @entry
    def evaluate(arrays, sums, data, y, rows, batch_size):
        """Write the sums of losses and correct predictions of batches of rows in evaluation mode."""
        net = on_master(network(arrays))
        last = net.master.layers.shape[0] - 1
        for s in range(sums.shape[0]):
            batch = rows[s * batch_size : min((s + 1) * batch_size, rows.size)]
            load(net, data, batch)
            forward(net, batch.size, FALSE, FALSE, ZERO, ZERO)
            batch_loss(net, layer_output(net, last, batch.size), doutput(net, last, batch.size), y, batch, sums[s])

    @entry
    def forward_rows(arrays, data, rows, training, keep, step, row_offset):
        """Load rows of the data and run the forward pass. `keep` keeps what `backward_rows` needs."""
        net = network(arrays)
        if training:
            forward_train(net, data, rows, step, row_offset)
        else:
            load(on_master(net), data, rows)
            forward(on_master(net), rows.size, FALSE, keep, step, row_offset)

    @entry
    def backward_rows(arrays, rows, training, to_input, step, row_offset):
        """Run the backward pass after `forward_rows`, and write the gradients."""
        net = network(arrays)
        if training:
            gradients(net, rows, to_input, step, row_offset)
        else:
            backward(on_master(net), rows, FALSE, to_input, step, row_offset, ())
            if learned_rates:
                kernels.drop_all(vector(net.master.gradients, net.master.layers[0, LOGIT], net.master.layers.shape[0]))

    train_steps = target.loop(train_step, views)
    return Passes(forward_rows, backward_rows, train_steps, loss_and_gradients, update_parameters, evaluate, sample)


def train_loop(train_step, views):
    """Return the loop over training steps, compiled as one function."""
    network, at_rates = views.network, views.at_rates

    @entry_point
    def train_steps(
        arrays,
        accumulation,
        sums,
        data,
        y,
        rows,
        batch_size,
        first_step,
        state,
        hyperparameters,
        thresholds,
        scales,
        max_norm,
    ):
        """Train on consecutive batches of rows. Batch s has the counter first_step + s and hyperparameters[s].

        `thresholds` and `scales` (S, L) are the rates of each step. `sums` (S, 2) receives the sums of losses and
        correct predictions of each batch. The last batch may be smaller. `accumulation` is None, or arrays for the
        sums of gradients, losses and correct predictions of a batch, and the number of rows of its chunks.
        """
        net = network(arrays)
        for s in range(sums.shape[0]):
            batch = rows[s * batch_size : min((s + 1) * batch_size, rows.size)]
            step, net_at_rates = np.uint64(first_step + s), at_rates(net, thresholds[s], scales[s])
            train_step(net_at_rates, accumulation, sums[s], data, y, batch, step, state, hyperparameters[s], max_norm)

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
