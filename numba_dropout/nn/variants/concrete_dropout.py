"""Concrete dropout between the layers of a network, and its rates, each updated with the layer after it.

The regularizer of a layer has its weight and the rate before it (Gal, Hron & Kendall, NeurIPS 2017, equations 3, 4).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...arrays.memory import Allocate
from ..buffers import LOGIT
from ..updates import Rule
from ..views import FIRST, Target, Views
from .sites import NOISE, ZERO, Sites, sample_by_sample
from .variant import Variant

__all__ = ["ConcreteDropout", "regularization"]

LENGTH_SCALE = 0.01  # length scale of the prior of the weights
SETTINGS = 10  # largest number of hyperparameters of an update rule, with the bound on the gradient
FALSE = np.bool_(False)


class Regularizers(NamedTuple):
    """The regularizers of learned rates, and a copy of the hyperparameters of one layer at one step."""

    strengths: NDArray[Any]  # (2,): of weights and of rates
    hyperparameters: NDArray[Any]  # (SETTINGS,)


class ConcreteDropout(Variant):
    """Dropout with rates that are learned with the weights."""

    title = "concrete dropout"
    takes_one = False
    takes_schedule = False
    learns_rates = True

    def extra(self, sizes: Sequence[int], dtype: np.dtype[Any], zeros: Allocate, compact: bool) -> Regularizers:
        """Return the regularizers, with strengths of 0."""
        return Regularizers(zeros(2, dtype), zeros(SETTINGS, dtype))

    def own(self, extra: Regularizers, zeros: Allocate) -> Regularizers:
        """Return the regularizers with another array of hyperparameters."""
        return extra._replace(hyperparameters=zeros(SETTINGS, extra.strengths.dtype))

    def sites(self, target: Target, views: Views) -> Sites:
        """Return the functions of Concrete dropout, for one target."""
        kernels, internal, vector = target.kernels, target.internal, target.vector
        logit, dlogit = views.logit, views.dlogit

        @internal
        def drop(net, out, site, purpose, step, row_offset):
            """Multiply by masks between 0 and 1, in place."""
            if net.rates.thresholds[site] != ZERO:
                flat, key, offset = vector(out, FIRST, out.size), net.key, row_offset * np.uint64(out.shape[1])
                stream, rate_logit = np.uint64(site) | (purpose if purpose else NOISE), logit(net.master, site)
                kernels.concrete_dropout_forward(flat, flat, rate_logit, key[0], key[1], stream, step, offset)

        @internal
        def backward_through_dropout(net, dout, out, site, step, row_offset):
            """Backpropagate through a site's dropout, in place, and write the gradient of the logit of its rate."""
            if net.rates.thresholds[site] != ZERO:
                flat, key, offset = vector(dout, FIRST, dout.size), net.key, row_offset * np.uint64(out.shape[1])
                values, stream = vector(out, FIRST, out.size), np.uint64(site) | NOISE
                rate_logit, drate_logit = logit(net.master, site), dlogit(net.master, site)
                kernels.concrete_dropout_backward(
                    flat,
                    drate_logit,
                    net.batch.sums,
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
            """Keep the gradient where the values are positive, then backpropagate through dropout.

            Masks change no sign.
            """
            flat = vector(dout, FIRST, dout.size)
            kernels.relu_backward(flat, flat, vector(out, FIRST, out.size))
            backward_through_dropout(net, dout, out, site, step, row_offset)

        @internal
        def backward_to_input(net, dout, out, step, row_offset):
            """Backpropagate through the input's dropout, in place."""
            backward_through_dropout(net, dout, out, FIRST, step, row_offset)

        samples = sample_by_sample(target, drop)
        through = backward_through_dropout
        return Sites(drop, samples, backward, backward_to_input, False, False, backward_dropout=through)

    def update_layer(self, target: Target, views: Views, rule: Rule, update: Callable[..., None]) -> Any:
        """Return the function that updates a layer's weight and bias, with `update`, and the rate before it."""
        kernels, vector = target.kernels, target.vector
        weight, logit, dlogit = views.weight, views.logit, views.dlogit
        step, decay = getattr(kernels, f"step_{rule.name}"), np.int64(rule.decay)

        @target.internal
        def update_layer_with_rate(net, layer, dout, inp, operands):
            """Update a layer with the weight decay of its rate, then the rate from its stored gradient."""
            state, hyperparameters = operands
            if net.rates.thresholds[layer] == ZERO:
                update(net, layer, dout, inp, operands)
            else:
                rate_logit, drate_logit = logit(net.master, layer), dlogit(net.master, layer)
                strengths, w = net.extra.strengths, weight(net.master, layer)
                kernels.concrete_regularizer(drate_logit, net.batch.sums, w, rate_logit, strengths)
                with_decay = vector(net.extra.hyperparameters, FIRST, hyperparameters.size)
                kernels.concrete_hyperparameters(with_decay, hyperparameters, rate_logit, strengths, decay)
                update(net, layer, dout, inp, (state, with_decay))
                step(rate_logit, drate_logit, state, net.master.layers[layer, LOGIT], hyperparameters, FALSE)

        return update_layer_with_rate


def regularization(loss: str, outputs: int, rows: int) -> tuple[float, float]:
    """Return the strengths of Concrete dropout's regularizers of weights and of rates, for a data set.

    They make the loss of `rows` rows, up to a constant, a bound on their likelihood, with a prior length scale of 0.01
    (Gal, Hron & Kendall, NeurIPS 2017, section 3). The loss is a mean over outputs, so that the negative logarithm of
    the likelihood is rows * outputs times the loss for "bce", "poisson", "absolute" (noise of Laplace's distribution of
    scale 1 in standardized units) and "huber" (noise whose log-density is the negative loss), and half of it for "mse"
    (noise of variance 1).
    """
    likelihood = rows * {"cross_entropy": 1.0, "mse": outputs / 2}.get(loss, outputs)
    return LENGTH_SCALE**2 / (2 * likelihood), 1 / likelihood
