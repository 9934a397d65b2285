"""Losses of a network: the targets of a batch, the sums of losses, and the gradient with respect to the outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from .views import FIRST, Target

__all__ = ["LOSSES", "VALUE_LOSSES", "LossFunctions", "Weighted", "loss_functions"]

VALUE_LOSSES = ("mse", "huber", "absolute", "poisson")  # losses whose targets are values, not classes
LOSSES = {
    "cross_entropy": "softmax_cross_entropy",
    "bce": "bce",
    **{loss: loss for loss in VALUE_LOSSES},
}  # the stems of their kernels
OF_CLASSES = ("cross_entropy",)  # losses whose targets are classes


class Weighted(NamedTuple):
    """Targets of rows, and the sample weights of their losses."""

    targets: Any  # labels (N,), or targets (N, K)
    weights: Any  # (N,)


class LossFunctions(NamedTuple):
    """The functions of a loss. `sums` (2,) receives the sums of losses and correct predictions of a batch."""

    loss: Callable[..., None]  # (net, out, saved, y, batch, sums)
    loss_and_grad: Callable[..., None]  # (net, out, dout, y, batch, batch_rows, sums): to `dout`


def loss_functions(target: Target, loss: str, sample_weight: bool) -> LossFunctions:
    """Return the functions of a loss, for one target."""
    kernels, internal, matrix, vector = target.kernels, target.internal, target.matrix, target.vector
    loss_forward = getattr(kernels, f"{LOSSES[loss]}_forward")
    loss_backward = getattr(kernels, f"{LOSSES[loss]}_backward")

    if loss in OF_CLASSES:

        @target.inlined
        def target_of(net, y, rows):
            """Return a view of the classes of the batch."""
            return vector(net.batch.labels, FIRST, rows)

        @internal
        def load_targets(net, y, rows):
            """Copy the classes of rows of the data to the batch."""
            kernels.gather(target_of(net, y, rows.size), y, rows)

    else:

        @target.inlined
        def target_of(net, y, rows):
            """Return a view of the targets of the batch."""
            return matrix(net.batch.targets, FIRST, rows, y.shape[1])

        @internal
        def load_targets(net, y, rows):
            """Copy the targets of rows of the data, standardized, to the batch."""
            target, scaling = target_of(net, y, rows.size), net.scaling
            kernels.gather_rows(target, y, rows, scaling.target_offset, scaling.target_scale)

    @internal
    def batch_loss(net, out, saved, y, batch, sums):
        """Write the sums of losses and correct predictions, and save values for the loss's derivative."""
        load_targets(net, y, batch)
        rows = batch.size
        losses, correct = vector(net.batch.losses, FIRST, rows), vector(net.batch.correct, FIRST, rows)
        loss_forward(losses, correct, saved, out, target_of(net, y, rows))
        kernels.batch_sums(sums, losses, correct)

    if sample_weight:

        @internal
        def loss_and_grad(net, out, dout, y, batch, batch_rows, sums):
            """Write the sums of weighted losses and correct predictions, and the gradient of the mean loss."""
            rows = batch.size
            load_targets(net, y.targets, batch)
            target, weights = target_of(net, y.targets, rows), vector(net.batch.weights, FIRST, rows)
            kernels.gather(weights, y.weights, batch)
            losses, correct = vector(net.batch.losses, FIRST, rows), vector(net.batch.correct, FIRST, rows)
            loss_forward(losses, correct, dout, out, target)
            kernels.scale_rows(matrix(net.batch.losses, FIRST, rows, 1), weights)
            kernels.scale_rows(matrix(net.batch.correct, FIRST, rows, 1), weights)
            kernels.batch_sums(sums, losses, correct)
            loss_backward(dout, dout, target, batch_rows)
            kernels.scale_rows(dout, weights)

    else:

        @internal
        def loss_and_grad(net, out, dout, y, batch, batch_rows, sums):
            """Write the sums of losses and correct predictions, and the gradient of the mean loss over `batch_rows`."""
            batch_loss(net, out, dout, y, batch, sums)
            loss_backward(dout, dout, target_of(net, y, batch.size), batch_rows)

    return LossFunctions(batch_loss, loss_and_grad)
