"""The toy example: dropout by hand, with a formula for every value.

Masks are multiplied and values are not scaled. The weights are scaled at inference instead.
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


def toy(example: Toy, *, every: bool = False) -> Trace:
    """Trace the toy network for its masks and for all masks. `every` lists each mask with its output."""
    net, batch = example.network(), example.x[None]
    training, evaluation = (flow(net, batch, training=mode, masks=example.masks) for mode in (True, False))
    if not all(np.isfinite(stage.values).all() for stage in (*training, *evaluation)):
        raise InputError("layers: expected numbers with finite sums, got too large numbers")
    hidden = len(example.sizes) - 2
    about = (
        f"A ReLU network {net.name} with {hidden} hidden layer{'s' * (hidden != 1)} predicts for "
        f"x = ({', '.join(map(number, example.x))}), with a fixed dropout mask for each layer. Dropped units are 0. "
        "Biases are never dropped."
    )
    sections = [
        _weights(example),
        _masks(example),
        *_formulas(example, training),
        ensemble(example, every=every),
        overfitting(curves()),
        key_terms(),
        Section("Key insight", [INSIGHT]),
    ]
    title, questions, masks = "Dropout by hand: a toy example", _questions(example), example.masks
    return Trace(title, about, net, training, evaluation, sections, questions, masks=masks, p=example.p)


def _weights(example: Toy) -> Section:
    rows = []
    for layer_number, (weight, bias) in enumerate(example.layers, 1):
        name = "output" if layer_number == len(example.layers) else f"hidden {layer_number}"
        for unit, (row, b) in enumerate(zip(weight, bias, strict=True), 1):
            rows.append([f"{name}, unit {unit}", ", ".join(map(number, row)), number(b)])
    return Section("Weights and biases", [Table(["", "weights, one for each input", "bias"], rows)])


def _masks(example: Toy) -> Section:
    names = ["input", *(f"hidden {layer_number}" for layer_number in range(1, len(example.masks)))]
    rows = [
        [name, " ".join(digits(mask)), f"{mask.sum()} of {mask.size}"]
        for name, mask in zip(names, example.masks, strict=True)
    ]
    first = "The mask of the input is all ones and changes nothing. " if example.masks[0].all() else ""
    note = f"{first}Below, [0] is a value that a mask has set to 0."
    return Section("Masks", [Table(["on", "mask", "units kept"], rows), note])


def _formulas(example: Toy, training: Sequence[Stage]) -> list[Section]:
    """Return sections with the formula of each unit, layer by layer, from the values of the kernels."""
    inputs, sums, positive = ([s.values[0] for s in training if s.name == name] for name in ("mask", "linear", "relu"))
    outputs = [*positive, sums[-1]]
    sections, symbol = [], "x"
    for layer_number, ((weight, bias), mask) in enumerate(zip(example.layers, example.masks, strict=True), 1):
        last = layer_number == len(example.layers)
        shown = [number(value) if keep else "[0]" for value, keep in zip(inputs[layer_number - 1], mask, strict=True)]
        after = "y" if last else f"h{layer_number}"
        lines = []
        for unit, row in enumerate(weight):
            terms = " + ".join(f"{number(w)}*{text}" for w, text in zip(row, shown, strict=True))
            total = f"{terms} + {number(bias[unit])}".replace("+ -", "- ")
            end, value = number(sums[layer_number - 1][unit]), number(outputs[layer_number - 1][unit])
            formula = f"= {total} = {end}" if last else f"= relu({total}) = relu({end}) = {value}"
            lines.append([after if last and bias.size == 1 else f"{after}[{unit + 1}]", formula])
        layer = "The output layer" if last else f"Hidden layer {layer_number}"
        shown_mask = " ".join(digits(mask))
        sections.append(Section(f"{layer}, from {symbol} with the mask {shown_mask}", [Table(["", ""], lines)]))
        symbol = after
    return [*sections, Section("The final answer", [f"y = {', '.join(map(number, outputs[-1]))}"])]


def _questions(example: Toy) -> list[Question]:
    hidden = sum(mask.size for mask in example.masks[1:])
    dropped = hidden - sum(int(mask.sum()) for mask in example.masks[1:])
    biases = sum(bias.size for _, bias in example.layers)
    return [
        Question(
            "What does a dropout mask do to a unit with mask value 0?",
            ["It removes the unit's bias", "It sets the unit's value to 0", "It doubles the value", "It sets y to 0"],
            1,
            "The value is multiplied by 0, so that the next layer does not receive it.",
            f"In the formulas, {dropped} of {hidden} hidden values are 0.",
        ),
        Question(
            "Are biases dropped?",
            ["Yes, with the unit before", "Yes, with probability p", "No, never", "Only in evaluation"],
            2,
            "Dropout prevents weights from relying on single units. A bias has no input to drop.",
            f"All {biases} biases are in the formulas, for all masks.",
        ),
        Question(
            "What does the full network with scaled weights approximate?",
            ["One random mask", "The mean of all smaller networks", "The largest answer", "Training"],
            1,
            "Averaging 2^n networks is expensive. Scaling the weights by 1 - p approximates the mean in one pass.",
            f"Compare the mean over all masks of {hidden} hidden units with the output of the scaled network.",
        ),
    ]
