"""The ensemble over all masks of a small network, and the scaled network that approximates it."""

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

MAX_UNITS = 16  # largest number of hidden units, whose masks are all enumerated
BINS = 12


def ensemble(toy: Toy, *, every: bool) -> Section:
    """Compare the mean over all masks of the hidden units with the network with scaled weights.

    `every` adds a table of all masks with their outputs.
    """
    hidden, title = toy.sizes[1:-1], "All masks together"
    units = sum(hidden)
    if units > MAX_UNITS:
        return Section(title, [f"{units} hidden units have 2^{units} masks, too many to enumerate here."])
    masks = every_mask(units)
    outputs = answers(toy, masks)
    weights = toy.p ** (~masks).sum(1) * (1 - toy.p) ** masks.sum(1)
    mean, scaled, full = weights @ outputs, scaled_answer(toy), outputs[-1]
    share = number(1 - toy.p)
    table = Table(
        ["", "y"],
        [
            [f"mean over all {len(masks):,} masks, each weighted by p^dropped (1-p)^kept", _several(mean)],
            [f"one network, the weights after hidden units times 1 - p = {share}", _several(scaled)],
            ["the full network without scaling", _several(full)],
        ],
    )
    blocks: list[Block] = [
        f"Each mask of the hidden units defines a smaller network. With p = {number(toy.p)} the mean of their outputs "
        "is the prediction of the ensemble. One network with scaled weights approximates it at the cost of one pass.",
        table,
        f"They differ by {_several(np.abs(mean - scaled))}. Scaling gives the exact mean if all layers after the "
        "dropout are linear. With ReLU it is an approximation, which is worse the more inputs ReLU sets to 0.",
        _histogram(outputs[:, 0], weights),
    ]
    if every:
        slices = list(itertools.pairwise(np.cumsum([0, *hidden])))
        rows = [
            [";".join(digits(mask[a:b]) for a, b in slices), f"{weight:.4g}", _several(out)]
            for mask, weight, out in zip(masks, weights, outputs, strict=True)
        ]
        blocks.append(Table(["hidden masks", "weight", "y"], rows))
    return Section(title, blocks)


def every_mask(units: int) -> NDArray[np.bool_]:
    """Return all masks (2**units, units) of the units. The last one keeps all."""
    return np.asarray(np.arange(2**units)[:, None] >> np.arange(units)[::-1] & 1, np.bool_)


def answers(toy: Toy, masks: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the outputs (masks, outputs) for masks of all hidden units, with the input mask of `toy`."""
    values, first = np.tile(toy.x * toy.masks[0], (len(masks), 1)), 0
    for layer, (weight, bias) in enumerate(toy.layers):
        if layer:
            mask = masks[:, first : first + values.shape[1]]
            first += values.shape[1]
            values = dropout(relu(values), 0.0, mask=mask)
        values = linear(values, weight, bias)
    return values


def scaled_answer(toy: Toy) -> NDArray[np.float64]:
    """Return the output (outputs,) of the network with the weights after hidden units multiplied by 1 - p."""
    values = (toy.x * toy.masks[0])[None]
    for layer, (weight, bias) in enumerate(toy.layers):
        values = linear(relu(values), weight * (1 - toy.p), bias) if layer else linear(values, weight, bias)
    return np.asarray(values[0])


def _several(values: Any) -> str:
    return ", ".join(f"{value:.4g}" for value in values)


def _histogram(values: NDArray[np.float64], weights: NDArray[np.float64]) -> Bars:
    counts, edges = np.histogram(values, BINS, weights=weights)
    labels = [f"{a:.1f} to {b:.1f}" for a, b in itertools.pairwise(edges)]
    return Bars("probability of the outputs, with sum 1", labels, [float(count) for count in counts])
