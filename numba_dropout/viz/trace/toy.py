"""The document's toy example: dropout by hand, every value as a formula with its numbers.

As in the document a mask is multiplied by, and nothing is scaled; at inference the weights are scaled instead.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...core.errors import InputError
from .ensemble import ensemble
from .flow import Stage, flow
from .overfitting import curves, overfitting
from .questions import INSIGHT, key_terms
from .report import Question, Section, Table, Trace, digits, number
from .toy_network import Toy

__all__ = ["toy"]


def toy(choice: Toy, *, every: bool = False) -> Trace:
    """Trace the toy network for given masks, and for all of them; `every` lists each with its answer."""
    net, batch = choice.network(), choice.x[None]
    training, evaluation = (flow(net, batch, training=mode, masks=choice.masks) for mode in (True, False))
    if not all(np.isfinite(stage.values).all() for stage in (*training, *evaluation)):
        raise InputError("layers: expected numbers of which sums can be written, got too large ones")
    hidden = len(choice.sizes) - 2
    about = (
        f"A ReLU network with {hidden} hidden layer{'s' * (hidden != 1)}, {net.name}, predicts for "
        f"x = ({', '.join(map(number, choice.x))}), with a dropout mask given for each layer. Units that a mask drops "
        "count as 0; biases are never dropped."
    )
    sections = [
        _weights(choice),
        _masks(choice),
        *_formulas(choice, training),
        ensemble(choice, every=every),
        overfitting(curves()),
        key_terms(),
        Section("Key insight", [INSIGHT]),
    ]
    title, asked, masks = "Dropout by doing a toy example", _questions(choice), choice.masks
    return Trace(title, about, net, training, evaluation, sections, asked, masks=masks, p=choice.p)


def _weights(choice: Toy) -> Section:
    rows = []
    for place, (weight, bias) in enumerate(choice.layers, 1):
        name = "output" if place == len(choice.layers) else f"hidden {place}"
        for unit, (row, b) in enumerate(zip(weight, bias, strict=True), 1):
            rows.append([f"{name}, unit {unit}", ", ".join(map(number, row)), number(b)])
    return Section("Weights and biases", [Table(["", "weights, one for each unit before", "bias"], rows)])


def _masks(choice: Toy) -> Section:
    names = ["input", *(f"hidden {place}" for place in range(1, len(choice.masks)))]
    rows = [
        [name, " ".join(digits(mask)), f"{mask.sum()} of {mask.size}"]
        for name, mask in zip(names, choice.masks, strict=True)
    ]
    first = "The first mask, on the input, is all ones: it changes nothing. " if choice.masks[0].all() else ""
    said = f"{first}Below, [0] stands for a value that a mask has set to 0."
    return Section("Masks", [Table(["on", "mask", "units kept"], rows), said])


def _formulas(choice: Toy, training: Sequence[Stage]) -> list[Section]:
    """Write each unit's value as a formula with its numbers, layer by layer, by the kernels' values."""
    given, sums, positive = ([s.values[0] for s in training if s.name == name] for name in ("mask", "linear", "relu"))
    outputs = [*positive, sums[-1]]
    sections, symbol = [], "x"
    for place, ((weight, bias), mask) in enumerate(zip(choice.layers, choice.masks, strict=True), 1):
        last = place == len(choice.layers)
        shown = [number(value) if keep else "[0]" for value, keep in zip(given[place - 1], mask, strict=True)]
        after = "y" if last else f"h{place}"
        lines = []
        for unit, row in enumerate(weight):
            terms = " + ".join(f"{number(w)}*{text}" for w, text in zip(row, shown, strict=True))
            total = f"{terms} + {number(bias[unit])}".replace("+ -", "- ")
            end, value = number(sums[place - 1][unit]), number(outputs[place - 1][unit])
            formula = f"= {total} = {end}" if last else f"= relu({total}) = relu({end}) = {value}"
            lines.append([after if last and bias.size == 1 else f"{after}[{unit + 1}]", formula])
        layer = "The output layer" if last else f"Hidden layer {place}"
        shown_mask = " ".join(digits(mask))
        sections.append(Section(f"{layer}, from {symbol} by the mask {shown_mask}", [Table(["", ""], lines)]))
        symbol = after
    return [*sections, Section("The final answer", [f"y = {', '.join(map(number, outputs[-1]))}"])]


def _questions(choice: Toy) -> list[Question]:
    hidden = sum(mask.size for mask in choice.masks[1:])
    dropped = hidden - sum(int(mask.sum()) for mask in choice.masks[1:])
    biases = sum(bias.size for _, bias in choice.layers)
    return [
        Question(
            "What does a dropout mask do to a unit whose place in it is 0?",
            ["It removes the unit's bias", "It sets the unit's value to 0", "It doubles the value", "It sets y to 0"],
            1,
            "The value is multiplied by 0, so that the layer behind it does not see the unit.",
            f"In the formulas {dropped} of {hidden} hidden values count as 0.",
        ),
        Question(
            "Are biases dropped?",
            ["Yes, with the unit before", "Yes, with probability p", "No, never", "Only in evaluation"],
            2,
            "Dropout is to keep weights from relying on single units; a bias receives no input that could be left out.",
            f"All {biases} biases are in the formulas, whatever the masks are.",
        ),
        Question(
            "What does the whole network with scaled weights stand for?",
            ["One random mask", "The mean of all the smaller networks", "The largest answer", "Training"],
            1,
            "To average 2^n networks would take long; scaling the weights by 1 - p approximates that in one pass.",
            f"The mean over all masks of {hidden} hidden units stands beside the answer of the scaled network.",
        ),
    ]
