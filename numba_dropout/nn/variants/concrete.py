"""Concrete dropout's rates in training: each is stepped with the layer that its values go into.

A layer's regulariser is of its weight and of the rate before it (Gal, Hron & Kendall, NeurIPS 2017, equations 3 and 4).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..buffers import LOGIT
from ..views import FIRST, Target, Views

__all__ = ["learning"]

DECAY = {"sgd": 3, "adam": 6}  # the column of weight decay in a rule's settings
ZERO = np.uint64(0)
FALSE = np.bool_(False)


def learning(target: Target, update: str, views: Views, descend: Callable[..., None]) -> Callable[..., None]:
    """Return the step of a layer's parameters, by `descend`, and of the rate before it."""
    kernels, part, vector = target.kernels, target.part, target.vector
    weight, logit = views.weight, views.logit
    step, decay = getattr(kernels, f"step_{update}"), np.int64(DECAY[update])

    @part
    def descend_and_learn(net, layer, dout, inp, state, settings):
        """Step a layer, with the decay that goes with its rate; then the rate, whose gradient by the loss is there."""
        if net.thresholds[layer] == ZERO:
            descend(net, layer, dout, inp, state, settings)
        else:
            own, by_own = logit(net, net.params, layer), logit(net, net.dparams, layer)
            kernels.concrete_regularizer(by_own, net.sums, weight(net, net.params, layer), own, net.strengths)
            with_decay = vector(net.settings, FIRST, settings.size)
            kernels.concrete_settings(with_decay, settings, own, net.strengths, decay)
            descend(net, layer, dout, inp, state, with_decay)
            step(own, by_own, state, net.layers[layer, LOGIT], settings, FALSE)

    return descend_and_learn
