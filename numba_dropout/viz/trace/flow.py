"""Stages of a forward pass: the values and masks of a batch after each operation.

The stages call the public operations with the seed, sites and steps of the network's masks. The last stage equals the
network's forward pass except for the order of sums.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...core import contract
from ...functional.alpha_dropout import alpha_dropout
from ...functional.concrete_dropout import concrete_dropout
from ...functional.dropconnect import dropconnect
from ...functional.dropout import dropout
from ...functional.gaussian_dropout import gaussian_dropout
from ...functional.linear import linear
from ...functional.linear_dropout import linear_dropout
from ...functional.mask import sample_mask
from ...nn.losses import VALUE_LOSSES
from ...nn.mlp import MLP

__all__ = ["PREDICTIVE", "Stage", "flow", "joined", "predictive"]

PREDICTIVE = {
    "cross_entropy": "softmax",
    "bce": "sigmoid",
    **dict.fromkeys(VALUE_LOSSES, "value"),
    "poisson": "rate",
}


@dataclass(frozen=True)
class Stage:
    """An operation on a batch: its name, its output (rows, units), and the mask of kept values, if it has one.

    `site` is the site of the mask, and `note` a sentence on its effect.
    """

    name: str
    values: NDArray[Any]
    kept: NDArray[np.bool_] | None = None
    site: int | None = None
    note: str = ""


def flow(
    net: MLP, x: ArrayLike, *, training: bool, row_offset: int = 0, masks: Sequence[NDArray[np.bool_]] = ()
) -> list[Stage]:
    """Return the stages of a batch (rows, inputs). The first stage is the standardized input.

    The masks are those of the network's next step, for rows from `row_offset`. `masks`, one for each site, replaces
    them. The values are then multiplied by the masks and not scaled.
    """
    weights, values = net.weights(), net.standardized(x)
    stages = [Stage("input", values)]
    names = iter([name for name, _ in net.stages() if name.split()[0] not in ("input", "linear", *net.activation)])
    for site, p in enumerate(net.rates):
        if site:
            values = _activated(values, net.activation[site - 1])
            stages.append(Stage(net.activation[site - 1], values))
        weight, bias = weights[f"{site}.weight"], weights[f"{site}.bias"]
        mask_options: dict[str, Any] = {"seed": net.seed, "stream": site, "step": net.step}
        if masks:
            stages.append(_masked(values, masks[site], site, training))
        elif np.any(p) and net.variant == "dropconnect":
            name = next(names)
            note = _drop_note(name, sample_mask(weight.shape, p, **mask_options), "weights of the next layer")
            stages.append(Stage(name, values, None, site, note if training else ""))
            values = dropconnect(values, weight, bias, p, **mask_options, training=training)
        elif np.any(p):
            stages.append(_dropped(net, next(names), values, p, site, row_offset, training))
        if net.variant != "dropconnect" or not np.any(p):
            values = linear(stages[-1].values, weight, bias)
        stages.append(Stage("linear", values))
    return stages


def _activated(values: NDArray[Any], activation: str) -> NDArray[Any]:
    """Return the values of an activation function: a layer whose weight is the identity matrix."""
    units = values.shape[1]
    identity, zeros = np.eye(units, dtype=values.dtype), np.zeros(units, values.dtype)
    return linear_dropout(values, identity, zeros, 0.0, activation=activation, training=False)


def _masked(values: Any, mask: NDArray[np.bool_], site: int, training: bool) -> Stage:
    kept = np.broadcast_to(mask, values.shape) if training else None
    return Stage("mask", dropout(values, 0.0, mask=mask, training=training), kept, site)


def _dropped(net: MLP, name: str, x: Any, p: Any, site: int, row_offset: int, training: bool) -> Stage:
    """Return the stage of the dropout at a site."""
    shape, offset = x.shape, row_offset * x.shape[1]
    if net.variant == "subnetwork":
        shape, offset = (1, x.shape[1]), 0
    mask_options: dict[str, Any] = {"seed": net.seed, "stream": site, "step": net.step, "offset": offset}
    kept: Any = None
    if net.variant == "gaussian":
        values = gaussian_dropout(x, p, **mask_options, training=training)
        deviation = contract.deviation(p)
        note = f"{name}: values were multiplied by normal numbers with mean 1 and standard deviation {deviation:.2f}"
    elif net.variant == "concrete":
        values = concrete_dropout(x, float(net.weights()[f"{site}.logit"][0]), **mask_options, training=training)
        note = f"{name}: values were multiplied by masks between 0 and 1 and divided by 1 - p; p was learned"
    elif net.variant == "alpha":
        values = alpha_dropout(x, p, **mask_options, training=training)
        dropped = _drop_note(name, sample_mask(shape, p, **mask_options), "values", "set to the limit of selu")
        note = f"{dropped}; then all were scaled and shifted to keep mean and variance"
    else:  # masks of 0 and 1
        values = dropout(x, p, noise_shape=shape, **mask_options, training=training)
        kept = np.broadcast_to(sample_mask(shape, p, **mask_options), x.shape)
        note = _drop_note(name, kept, "values")
    return Stage(name, values, kept, site, note) if training else Stage(name, values, None, site)


def _drop_note(name: str, kept: NDArray[np.bool_], items: str, change: str = "set to 0") -> str:
    """Return a sentence with the number and percentage of dropped values."""
    dropped = kept.size - np.count_nonzero(kept)
    return f"{name}: {dropped:,} of {kept.size:,} {items} were {change} ({100 * dropped / max(kept.size, 1):.1f} %)"


def predictive(net: MLP, outputs: NDArray[Any]) -> Stage:
    """Return the final stage: probabilities of classes, or values in the target's units."""
    return Stage(PREDICTIVE[net.loss], net.predictive(outputs))


def joined(stages: Sequence[Stage], name: str) -> Stage:
    """Return the last of several stages under another name."""
    return replace(stages[-1], name=name)
