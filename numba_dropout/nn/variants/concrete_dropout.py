"""Concrete dropout between the layers of a network, and its rates, each stepped with the layer that its values go into.

A layer's regulariser is of its weight and of the rate before it (Gal, Hron & Kendall, NeurIPS 2017, equations 3 and 4).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..buffers import LOGIT
from ..views import FIRST, Target, Views
from .sites import NOISE, ZERO, Sites, sample_by_sample

__all__ = ["concrete", "regularization", "sites"]

LENGTH_SCALE = 0.01  # of the prior of weights
DECAY = {"sgd": 3, "adam": 6}  # the column of weight decay in a rule's hyperparameters
FALSE = np.bool_(False)


def sites(target: Target, views: Views) -> Sites:
    """Return the functions of Concrete dropout, for one target."""
    kernels, part, vector = target.kernels, target.part, target.vector

    logit = views.logit

    @part
    def drop(net, out, site, purpose, step, row_offset):
        """Multiply by masks between 0 and 1, in place."""
        if net.thresholds[site] != ZERO:
            flat, key, offset = vector(out, FIRST, out.size), net.key, row_offset * np.uint64(out.shape[1])
            stream, own = np.uint64(site) | (purpose if purpose else NOISE), logit(net, net.params, site)
            kernels.concrete_dropout_forward(flat, flat, own, key[0], key[1], stream, step, offset)

    @part
    def back_through_dropout(net, dout, out, site, step, row_offset):
        """Take a gradient back through a site's dropout, in place, and write that by its rate's logit."""
        if net.thresholds[site] != ZERO:
            flat, key, offset = vector(dout, FIRST, dout.size), net.key, row_offset * np.uint64(out.shape[1])
            stream, values, own = (
                np.uint64(site) | NOISE,
                vector(out, FIRST, out.size),
                logit(net, net.params, site),
            )
            kernels.concrete_dropout_backward(
                flat,
                logit(net, net.dparams, site),
                net.sums,
                flat,
                values,
                own,
                key[0],
                key[1],
                stream,
                step,
                offset,
            )

    @part
    def back(net, dout, out, site, step, row_offset):
        """Pass a gradient where the values are positive, then through the dropout: masks change no sign."""
        flat = vector(dout, FIRST, dout.size)
        kernels.relu_backward(flat, flat, vector(out, FIRST, out.size))
        back_through_dropout(net, dout, out, site, step, row_offset)

    @part
    def back_to_input(net, dout, out, step, row_offset):
        """Take the gradient back through the input's dropout, in place."""
        back_through_dropout(net, dout, out, FIRST, step, row_offset)

    return Sites(drop, sample_by_sample(target, drop), back, back_to_input, fused=False, by_sign=False, learns=True)


def concrete(target: Target, update: str, views: Views, descend: Callable[..., None]) -> Callable[..., None]:
    """Return the step of a layer's parameters, by `descend`, and of the rate before it."""
    kernels, part, vector = target.kernels, target.part, target.vector
    weight, logit = views.weight, views.logit
    step, decay = getattr(kernels, f"step_{update}"), np.int64(DECAY[update])

    @part
    def descend_and_learn(net, layer, dout, inp, state, hyperparameters):
        """Step a layer, with the decay that goes with its rate; then the rate, whose gradient by the loss is there."""
        if net.thresholds[layer] == ZERO:
            descend(net, layer, dout, inp, state, hyperparameters)
        else:
            own, by_own = logit(net, net.params, layer), logit(net, net.dparams, layer)
            kernels.concrete_regularizer(by_own, net.sums, weight(net, net.params, layer), own, net.regularization)
            with_decay = vector(net.hyperparameters, FIRST, hyperparameters.size)
            kernels.concrete_settings(with_decay, hyperparameters, own, net.regularization, decay)
            descend(net, layer, dout, inp, state, with_decay)
            step(own, by_own, state, net.layers[layer, LOGIT], hyperparameters, FALSE)

    return descend_and_learn


def regularization(loss: str, outputs: int, rows: int) -> tuple[float, float]:
    """Return the strengths of Concrete dropout's regularisers of weights and of rates, for a data set.

    They make the loss of `rows` rows, less a constant, a bound on their likelihood: with a prior length scale of 0.01,
    and for "mse" with noise of variance 1 in standardised units (Gal, Hron & Kendall, NeurIPS 2017, section 3).
    """
    likelihood = rows * {"cross_entropy": 1.0, "bce": outputs, "mse": outputs / 2}[loss]
    return LENGTH_SCALE**2 / (2 * likelihood), 1 / likelihood
