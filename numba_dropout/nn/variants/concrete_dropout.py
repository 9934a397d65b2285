"""Concrete dropout between the layers of a network, and its rates, each updated with the layer after it.

The regularizer of a layer has its weight and the rate before it (Gal, Hron & Kendall, NeurIPS 2017, equations 3, 4).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..buffers import LOGIT
from ..views import FIRST, Target, Views
from .sites import NOISE, ZERO, Sites, sample_by_sample

__all__ = ["concrete", "regularization", "sites"]

LENGTH_SCALE = 0.01  # length scale of the prior of the weights
DECAY = {"sgd": 3, "adam": 6}  # column of weight decay in the hyperparameters of an update rule
FALSE = np.bool_(False)


def sites(target: Target, views: Views) -> Sites:
    """Return the functions of Concrete dropout, for one target."""
    kernels, internal, vector = target.kernels, target.internal, target.vector

    logit = views.logit

    @internal
    def drop(net, out, site, purpose, step, row_offset):
        """Multiply by masks between 0 and 1, in place."""
        if net.thresholds[site] != ZERO:
            flat, key, offset = vector(out, FIRST, out.size), net.key, row_offset * np.uint64(out.shape[1])
            stream, rate_logit = np.uint64(site) | (purpose if purpose else NOISE), logit(net, net.params, site)
            kernels.concrete_dropout_forward(flat, flat, rate_logit, key[0], key[1], stream, step, offset)

    @internal
    def backward_through_dropout(net, dout, out, site, step, row_offset):
        """Backpropagate through a site's dropout, in place, and write the gradient of the logit of its rate."""
        if net.thresholds[site] != ZERO:
            flat, key, offset = vector(dout, FIRST, dout.size), net.key, row_offset * np.uint64(out.shape[1])
            stream, values, rate_logit = (
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
                rate_logit,
                key[0],
                key[1],
                stream,
                step,
                offset,
            )

    @internal
    def backward(net, dout, out, site, step, row_offset):
        """Keep the gradient where the values are positive, then backpropagate through dropout: masks change no sign."""
        flat = vector(dout, FIRST, dout.size)
        kernels.relu_backward(flat, flat, vector(out, FIRST, out.size))
        backward_through_dropout(net, dout, out, site, step, row_offset)

    @internal
    def backward_to_input(net, dout, out, step, row_offset):
        """Backpropagate through the input's dropout, in place."""
        backward_through_dropout(net, dout, out, FIRST, step, row_offset)

    return Sites(
        drop,
        sample_by_sample(target, drop),
        backward,
        backward_to_input,
        fused=False,
        by_sign=False,
        learned_rates=True,
    )


def concrete(target: Target, update: str, views: Views, update_layer: Callable[..., None]) -> Callable[..., None]:
    """Return the function that updates a layer's parameters, with `update_layer`, and the rate before it."""
    kernels, internal, vector = target.kernels, target.internal, target.vector
    weight, logit = views.weight, views.logit
    step, decay = getattr(kernels, f"step_{update}"), np.int64(DECAY[update])

    @internal
    def update_layer_with_rate(net, layer, dout, inp, state, hyperparameters):
        """Update a layer with the weight decay of its rate, then the rate from its stored gradient."""
        if net.thresholds[layer] == ZERO:
            update_layer(net, layer, dout, inp, state, hyperparameters)
        else:
            rate_logit, drate_logit = logit(net, net.params, layer), logit(net, net.dparams, layer)
            kernels.concrete_regularizer(
                drate_logit, net.sums, weight(net, net.params, layer), rate_logit, net.regularization
            )
            with_decay = vector(net.hyperparameters, FIRST, hyperparameters.size)
            kernels.concrete_hyperparameters(with_decay, hyperparameters, rate_logit, net.regularization, decay)
            update_layer(net, layer, dout, inp, state, with_decay)
            step(rate_logit, drate_logit, state, net.layers[layer, LOGIT], hyperparameters, FALSE)

    return update_layer_with_rate


def regularization(loss: str, outputs: int, rows: int) -> tuple[float, float]:
    """Return the strengths of Concrete dropout's regularizers of weights and of rates, for a data set.

    They make the loss of `rows` rows, up to a constant, a bound on their likelihood: with a prior length scale of 0.01,
    and for "mse" with noise of variance 1 in standardized units (Gal, Hron & Kendall, NeurIPS 2017, section 3).
    """
    likelihood = rows * {"cross_entropy": 1.0, "bce": outputs, "mse": outputs / 2}[loss]
    return LENGTH_SCALE**2 / (2 * likelihood), 1 / likelihood
