"""Training steps: on a whole batch at once, or on its chunks one after another."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .losses import LossFunctions
from .variants.sites import ZERO
from .variants.variant import Training
from .views import Target, Views

__all__ = ["step_at_once", "step_in_chunks"]

FALSE = np.bool_(False)  # Numba would compile a version of its own for each literal

# Steps take (net, accumulation, sums, data, y, batch, step, state, hyperparameters, max_norm). `sums` (2,) receives the
# sums of losses and correct predictions of the batch. `limit_norms(net, max_norm)` bounds the norms of the weights.


def step_at_once(
    target: Target,
    views: Views,
    training: Training,
    losses: LossFunctions,
    update: Callable[..., None],
    limit_norms: Callable[..., None],
    *,
    clips: bool,
) -> Callable[..., None]:
    """Return the training step of a whole batch. Gradients go straight to the updates unless their norm is clipped."""
    layer_output, doutput, loss_and_grad = views.layer_output, views.doutput, losses.loss_and_grad
    forward, gradients, fused = training.forward, training.gradients, training.update

    if clips or fused is None:

        @target.internal
        def update_from_loss(net, rows, step, state, hyperparameters):
            """Run the backward pass in training mode, and update the parameters with the gradients."""
            gradients(net, rows, FALSE, step, ZERO)
            update(net, state, hyperparameters)

    else:
        update_from_loss = fused

    @target.internal
    def step_at_once(net, accumulation, sums, data, y, batch, step, state, hyperparameters, max_norm):
        """Train on one batch of rows."""
        size, last = batch.size, net.master.layers.shape[0] - 1
        forward(net, data, batch, step, ZERO)
        loss_and_grad(net, layer_output(net, last, size), doutput(net, last, size), y, batch, size, sums)
        update_from_loss(net, size, step, state, hyperparameters)
        limit_norms(net, max_norm)

    return step_at_once


def step_in_chunks(
    target: Target,
    views: Views,
    training: Training,
    losses: LossFunctions,
    update: Callable[..., None],
    limit_norms: Callable[..., None],
) -> Callable[..., None]:
    """Return the training step that adds up the gradients of the chunks of a batch, and then updates the parameters.

    It needs buffers for the rows of a chunk only. Each row has the mask that it has in the batch.
    """
    kernels, forward, gradients, loss_and_grad = (
        target.kernels,
        training.forward,
        training.gradients,
        losses.loss_and_grad,
    )
    layer_output, doutput, with_gradients = views.layer_output, views.doutput, views.with_gradients

    @target.internal
    def step_in_chunks(net, accumulation, sums, data, y, batch, step, state, hyperparameters, max_norm):
        """Train on one batch of rows. `accumulation` has arrays for the sums, and the rows of a chunk."""
        total, chunk_sums, chunk_size = accumulation
        last = net.master.layers.shape[0] - 1
        kernels.drop_all(total)
        kernels.drop_all(sums)
        for start in range(0, batch.size, chunk_size):
            chunk = batch[start : min(start + chunk_size, batch.size)]
            rows, row_offset = chunk.size, np.uint64(start)
            forward(net, data, chunk, step, row_offset)
            out, dout = layer_output(net, last, rows), doutput(net, last, rows)
            loss_and_grad(net, out, dout, y, chunk, batch.size, chunk_sums)
            gradients(net, rows, FALSE, step, row_offset)
            kernels.accumulate(total, net.master.gradients)
            kernels.accumulate(sums, chunk_sums)
        update(with_gradients(net, total), state, hyperparameters)
        limit_norms(net, max_norm)

    return step_in_chunks
