"""All masks of a small network together: the ensemble that dropout samples, and the one network that stands for it."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...functional.dropout import dropout
from ...functional.linear import linear
from ...functional.relu import relu
from .report import Bars, Block, Section, Table, digits, number
from .toy_network import Toy

__all__ = ["ensemble"]

MOST = 16  # units whose masks are all gone through
BINS = 12


def ensemble(toy: Toy, *, every: bool) -> Section:
    """Compare the mean over all masks of the hidden units with the network whose weights are scaled.

    `every` lists all masks with their answers.
    """
    hidden, title = toy.sizes[1:-1], "All masks together"
    units = sum(hidden)
    if units > MOST:
        return Section(title, [f"{units} hidden units have 2^{units} masks, too many to go through here."])
    masks = every_mask(units)
    outputs = answers(toy, masks)
    weights = toy.p ** (~masks).sum(1) * (1 - toy.p) ** masks.sum(1)
    mean, scaled, whole = weights @ outputs, scaled_answer(toy), outputs[-1]
    share = number(1 - toy.p)
    table = Table(
        ["", "y"],
        [
            [f"mean over all {len(masks):,} masks, each weighted by p^dropped (1-p)^kept", _several(mean)],
            [f"one network, the weights behind hidden units times 1 - p = {share}", _several(scaled)],
            ["the whole network, nothing scaled", _several(whole)],
        ],
    )
    blocks: list[Block] = [
        f"Each mask of the hidden units makes a smaller network. With p = {number(toy.p)} their mean is what an "
        "ensemble of all of them would predict, and one network with scaled weights is the cheap stand-in for it.",
        table,
        f"They are {_several(np.abs(mean - scaled))} apart: scaling gives the mean exactly where everything behind the "
        "dropout is linear; with ReLU in between it approximates it, better or worse as ReLU cuts less or more.",
        _histogram(outputs[:, 0], weights),
    ]
    if every:
        cuts = list(itertools.pairwise(np.cumsum([0, *hidden])))
        rows = [
            [";".join(digits(mask[a:b]) for a, b in cuts), f"{weight:.4g}", _several(out)]
            for mask, weight, out in zip(masks, weights, outputs, strict=True)
        ]
        blocks.append(Table(["hidden masks", "weight", "y"], rows))
    return Section(title, blocks)


def every_mask(units: int) -> NDArray[np.bool_]:
    """Return all masks of so many units, (2**units, units), the one that keeps all last."""
    return np.asarray(np.arange(2**units)[:, None] >> np.arange(units)[::-1] & 1, np.bool_)


def answers(toy: Toy, masks: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the outputs (masks, outputs) by masks of all hidden units, with the input's own: one batch."""
    values, first = np.tile(toy.x * toy.masks[0], (len(masks), 1)), 0
    for place, (weight, bias) in enumerate(toy.layers):
        if place:
            own = masks[:, first : first + values.shape[1]]
            first += values.shape[1]
            values = dropout(relu(values), 0.0, mask=own)
        values = linear(values, weight, bias)
    return values


def scaled_answer(toy: Toy) -> NDArray[np.float64]:
    """Return the output (outputs,) of the network whose weights behind hidden units are multiplied by 1 - p."""
    values = (toy.x * toy.masks[0])[None]
    for place, (weight, bias) in enumerate(toy.layers):
        values = linear(relu(values), weight * (1 - toy.p), bias) if place else linear(values, weight, bias)
    return np.asarray(values[0])


def _several(values: Any) -> str:
    return ", ".join(f"{value:.4g}" for value in values)


def _histogram(values: NDArray[np.float64], weights: NDArray[np.float64]) -> Bars:
    counts, edges = np.histogram(values, BINS, weights=weights)
    labels = [f"{a:.1f} to {b:.1f}" for a, b in itertools.pairwise(edges)]
    return Bars("probability of the answers, together 1", labels, [float(count) for count in counts])
