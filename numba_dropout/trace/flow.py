"""A batch's way through a network, operation by operation: what was dropped, and what came out.

The operations are the public ones, at the seed, sites and steps of the network's own masks: the last stage is what the
network's forward pass gives, but for the order of sums.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..concrete import concrete_dropout
from ..dropouts import dropout, sample_mask
from ..mlp import MLP
from ..noise import gaussian_dropout
from ..ops import dropconnect, linear, relu

__all__ = ["Stage", "answer", "flow", "joined"]


@dataclass(frozen=True)
class Stage:
    """An operation on a batch: its name, what comes out (rows, units), and which values were kept, where some are not.

    `site` is that of the mask.
    """

    name: str
    values: NDArray[Any]
    kept: NDArray[np.bool_] | None = None
    site: int | None = None


def flow(
    net: MLP,
    x: ArrayLike,
    *,
    training: bool,
    step: int | None = None,
    row_offset: int = 0,
    masks: Sequence[NDArray[np.bool_]] = (),
) -> list[Stage]:
    """Return the stages of a batch (rows, inputs), the input first: standardised, as the first layer sees it.

    `step` and `row_offset` are those of `MLP.forward`. With `masks`, one for each site, those are multiplied by instead
    of masks that are drawn, and nothing is scaled.
    """
    weights, step = net.weights(), net.step if step is None else step
    values = net.standardized(x)
    stages = [Stage("input", values)]
    names = iter([name for name, _ in net.stages() if name.split()[0] not in ("input", "relu", "linear")])
    for site, p in enumerate(net.rates):
        if site:
            values = relu(values)
            stages.append(Stage("relu", values))
        weight, bias = weights[f"{site}.weight"], weights[f"{site}.bias"]
        at = {"seed": net.seed, "stream": site, "step": step}
        if masks:
            values = dropout(values, 0.0, mask=masks[site], training=training)
            kept = np.broadcast_to(masks[site], values.shape) if training else None
            stages.append(Stage("mask", values, kept, site))
        elif np.any(p):
            name = next(names)
            if training and net.variant != "dropconnect":
                values, kept = _dropped(net.variant, values, p, at, row_offset)
                stages.append(Stage(name, values, kept, site))
            else:
                stages.append(Stage(name, values, None, site))
        if np.any(p) and not masks and net.variant == "dropconnect":
            values = dropconnect(values, weight, bias, p, **at, training=training)
        else:
            values = linear(values, weight, bias)
        stages.append(Stage("linear", values))
    return stages


def _dropped(variant: str, x: Any, p: Any, at: dict[str, Any], row_offset: int) -> tuple[Any, Any]:
    """Return values after the dropout of a site, and which were kept, where values are dropped."""
    if variant == "subnetwork":
        whole = (1, x.shape[1])
        kept = np.broadcast_to(sample_mask(whole, p, **at), x.shape)
        return dropout(x, p, noise_shape=whole, **at), kept
    at = {**at, "offset": row_offset * x.shape[1]}
    if variant == "gaussian":
        return gaussian_dropout(x, p, **at), None
    if variant == "concrete":
        return concrete_dropout(x, math.log(p / (1 - p)), **at), None
    return dropout(x, p, **at), sample_mask(x.shape, p, **at)


def answer(net: MLP, outputs: NDArray[Any]) -> Stage:
    """Return the stage after the last layer: probabilities of classes, or values in the target's units."""
    name = {"cross_entropy": "softmax", "bce": "sigmoid", "mse": "value"}[net.loss]
    return Stage(name, net.answers(outputs))


def joined(stages: Sequence[Stage], name: str) -> Stage:
    """Return several stages as one by another name."""
    return replace(stages[-1], name=name)
