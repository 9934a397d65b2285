"""The toy example, against the same computation in plain Python."""

import itertools
import re
import sys

import numpy as np
import pytest
from traces import section

from numba_dropout.viz import trace
from numba_dropout.viz.trace import Choices, toy, toy_network
from numba_dropout.viz.trace.report import Curve, number

toml = pytest.mark.skipif(sys.version_info < (3, 11), reason="TOML needs Python 3.11")


@pytest.fixture
def quick(monkeypatch):
    """Replace the training in the section on overfitting by fixed curves."""
    curve = Curve("none", [1.0, 0.5], [1.0, 0.7], 0.5)
    monkeypatch.setattr(toy, "curves", lambda: [curve, curve])


def toy_by_hand(masks, layers=toy_network.LAYERS, x=(1, 1)):
    """Return the values of all layers, multiplied by masks without scaling."""
    values, outputs = list(x), []
    for index, ((weight, bias), kept) in enumerate(zip(layers, masks, strict=True)):
        inputs = [value * int(digit) for value, digit in zip(values, kept, strict=True)]
        sums = [sum(w * v for w, v in zip(row, inputs, strict=True)) + b for row, b in zip(weight, bias, strict=True)]
        values = sums if index == len(layers) - 1 else [max(value, 0) for value in sums]
        outputs.append(values)
    return outputs


def formulas(traced):
    return [
        f"{name} {text}"
        for part in traced.sections
        if "with the mask" in part.title
        for block in part.blocks
        for name, text in block.rows
    ]


@pytest.mark.parametrize("masks", ["11;101;110;01", "11;111;111;11", "10;010;001;10", "11;000;000;00"])
def test_formulas(masks, quick):
    traced = trace.trace("toy", Choices(masks=masks))
    values = toy_by_hand(masks.split(";"))
    written = formulas(traced)
    ends = [float(line.rpartition("= ")[2]) for line in written]
    assert ends == [value for layer in values for value in layer]
    for line in written:  # check each formula
        left = re.sub(r"relu\(([^()]*)\)", r"max(\1, 0)", line.split(" = ", 1)[1]).replace("[0]", "0")
        assert len({float(eval(part)) for part in left.split(" = ")}) == 1, line
    assert sum(line.count("[0]") for line in written) == sum(
        text.count("0") * len(bias) for text, (_, bias) in zip(masks.split(";"), toy_network.LAYERS, strict=True)
    )
    assert section(traced, "The final answer").blocks == [f"y = {number(values[-1][0])}"]


def test_text_of_formulas(quick):
    written = formulas(trace.trace("toy"))
    assert written[3] == "h2[1] = relu(-1*4 + 1*[0] + 3*2 + 0) = relu(2) = 2"
    assert written[5] == "h2[3] = relu(-1*4 + 1*[0] + 0*2 + 1) = relu(-3) = 0"
    assert written[-1] == "y = 2*[0] + 3*9 + 1 = 28"


@toml
@pytest.mark.parametrize("p", [0.5, 0.2])
def test_all_masks(p, tmp_path, quick):
    (tmp_path / "toy.toml").write_text(f"p = {p}\n")
    traced = trace.trace("toy", Choices(network=str(tmp_path / "toy.toml"), every=True))
    aggregate, every = [block.rows for block in section(traced, "All masks").blocks if hasattr(block, "rows")]
    mean, seen = 0.0, set()
    for digits in itertools.product("01", repeat=8):
        text = "".join(digits)
        groups = [text[:3], text[3:6], text[6:]]
        weight = p ** text.count("0") * (1 - p) ** text.count("1")
        answer = toy_by_hand(["11", *groups])[-1][0]
        mean += weight * answer
        seen.add((";".join(groups), f"{weight:.4g}", f"{answer:.4g}"))
    assert {tuple(row) for row in every} == seen
    scaled = [(np.array(w) * (1 if index == 0 else 1 - p), b) for index, (w, b) in enumerate(toy_network.LAYERS)]
    masks = ["11", "111", "111", "11"]
    answers = [mean, toy_by_hand(masks, scaled)[-1][0], toy_by_hand(masks)[-1][0]]
    assert [float(row[1]) for row in aggregate] == pytest.approx(answers, rel=1e-3)
    (bars,) = [block for block in section(traced, "All masks").blocks if hasattr(block, "labels")]
    assert sum(bars.values) == pytest.approx(1)


@toml
def test_network_from_file(tmp_path, quick):
    (tmp_path / "own.toml").write_text(
        'x = [2, -1, 0.5]\np = 0.25\nmasks = ["111", "01"]\n'
        "[[layers]]\nweight = [[1, 0, 2], [0.5, -1, 1]]\nbias = [0, 1]\n"
        "[[layers]]\nweight = [[1, 2], [3, 4]]\nbias = [-1, 1]\n"
    )
    layers = [([[1, 0, 2], [0.5, -1, 1]], [0, 1]), ([[1, 2], [3, 4]], [-1, 1])]
    for masks in (None, "110;10"):
        traced = trace.trace("toy", Choices(network=str(tmp_path / "own.toml"), masks=masks))
        values = toy_by_hand((masks or "111;01").split(";"), layers, (2, -1, 0.5))
        ends = [line.rpartition("= ")[2] for line in formulas(traced)]
        assert ends == [number(value) for layer in values for value in layer]


@toml
def test_too_many_masks(tmp_path, quick):
    layers = [([[1]] * 20, [0] * 20), ([[1] * 20], [0])]
    tables = [f"[[layers]]\nweight = {weight}\nbias = {bias}\n" for weight, bias in layers]
    (tmp_path / "large.toml").write_text("x = [1]\n" + "".join(tables))
    traced = trace.trace("toy", Choices(network=str(tmp_path / "large.toml")))
    assert section(traced, "All masks").blocks == ["20 hidden units have 2^20 masks, too many to enumerate here."]
