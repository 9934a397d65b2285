"""A trace as a self-contained HTML page: sections, an interactive picture of the network, and the quiz."""

from __future__ import annotations

import base64
import importlib.metadata
import importlib.resources
import json
import os
import re
import string
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np

from ...core import contract
from ...nn.mlp import MLP
from ...storage.files import replacing
from .flow import PREDICTIVE
from .report import Bars, Block, Curves, Question, Section, Table, Trace

__all__ = ["page", "write_page"]

LONG = 40  # characters above which a cell may wrap
SCRIPTS = ("philox.js", "activations.js", "network.js", "page.js", "quiz.js")
MAX_PARAMETERS = 4_000_000  # largest number of parameters that a page embeds
COMPUTED = ("dropout", "subnetwork")  # variants whose masks the page computes

_FOLDER = importlib.resources.files(__package__) / "assets"


def write_page(trace: Trace, path: str | os.PathLike[str]) -> None:
    """Write the page to a file atomically."""
    with replacing(path) as file:
        file.write(page(trace).encode())


def page(trace: Trace) -> str:
    """Return the page as HTML."""
    reason = _no_picture(trace)
    parts = {
        "title": escape(trace.title),
        "about": escape(trace.about),
        "version": importlib.metadata.version("numba-dropout"),
        "style": _file("page.css"),
        "network": f"<p>{escape(reason)}</p>" if reason else _network(trace),
        "drawn": "" if reason else " The masks in this page are computed in the browser, by the same contract.",
        "scripts": f"<script>\n{_file('quiz.js')}</script>" if reason else _scripts(trace),
        "sections": "\n".join(map(_section, trace.sections)),
        "questions": _questions(trace.questions),
    }
    return string.Template(_file("page.html")).substitute(parts)


def _file(name: str) -> str:
    """Return the text of a file of the page's assets."""
    return (_FOLDER / name).read_text(encoding="utf-8")


# ---------------------------------------------------------------- sections, which need no scripts


def _section(section: Section) -> str:
    title, blocks = escape(section.title), "\n".join(_block(block, section.title) for block in section.blocks)
    return f"<section>\n<h2>{title}</h2>\n{blocks}\n</section>"


def _block(block: Block, title: str) -> str:
    if isinstance(block, str):
        return f"<p>{escape(block)}</p>"
    if isinstance(block, Table):
        return _table(block, title)
    return _bars(block) if isinstance(block, Bars) else _curves(block)


def _table(table: Table, title: str) -> str:
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in table.head)
    head = f"<thead><tr>{head}</tr></thead>" if any(table.head) else ""
    rows = "".join("<tr>" + "".join(map(_cell, row)) + "</tr>\n" for row in table.rows)
    label = escape(title, quote=True)
    inner = f"<table>{head}<tbody>\n{rows}</tbody></table>"
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{label}">{inner}</div>'


def _cell(text: str) -> str:
    return f"<td{' class=long' * (len(text) > LONG and '[' not in text)}>{escape(text)}</td>"


def _bars(bars: Bars) -> str:
    most = max(bars.values) or 1.0
    rows = "".join(
        f'<span>{escape(label)}</span><i style="width:{100 * value / most:.1f}%"></i><span>{value:.3f}</span>'
        for label, value in zip(bars.labels, bars.values, strict=True)
    )
    return f'<p>{escape(bars.title)}</p><div class="bars">{rows}</div>'


WIDTH, HEIGHT, EDGE = 560, 260, 36  # size and margin of the plot of the curves


def _curves(block: Curves) -> str:
    """Draw the losses, dashed for training rows and solid for validation rows."""
    curves = block.curves
    top = max(max(curve.val_losses + curve.train_losses) for curve in curves)
    lines, legend = [], []
    for kind, curve in zip(("without", "with"), curves, strict=True):
        for which, values in (("training", curve.train_losses), ("validation", curve.val_losses)):
            points = " L".join(
                f"{EDGE + (WIDTH - 2 * EDGE) * index / (len(values) - 1):.1f},{_height(value, top):.1f}"
                for index, value in enumerate(values)
            )
            lines.append(f'<path class="{kind} {which}" d="M{points}"/>')
        legend.append(
            f"{curve.name}: dashed for training rows ({curve.train_losses[-1]:.3f} at the end), solid for validation "
            f"rows ({curve.val_losses[-1]:.3f})"
        )
    marks = [0.0, top / 2, top]
    axes = "".join(
        f'<path class="axis" d="M{EDGE},{_height(mark, top):.1f} H{WIDTH - EDGE}"/>'
        f'<text x="{EDGE - 4}" y="{_height(mark, top) + 4:.1f}" text-anchor="end">{mark:.2f}</text>'
        for mark in marks
    )
    epochs = len(curves[0].train_losses)
    axes += f'<text x="{EDGE}" y="{HEIGHT - 6}">epoch 1</text>'
    axes += f'<text x="{WIDTH - EDGE}" y="{HEIGHT - 6}" text-anchor="end">{epochs}</text>'
    description = escape("; ".join(legend))
    keys = "".join(
        f'<span class="key {kind}">{escape(curve.name)}</span> '
        for kind, curve in zip(("without", "with"), curves, strict=True)
    )
    return (
        '<figure class="curves">'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="Loss against epoch. {description}">'
        f"{axes}{''.join(lines)}</svg>"
        f"<figcaption>{keys}dashed: training rows, solid: validation rows</figcaption></figure>"
    )


def _height(value: float, top: float) -> float:
    """Return the vertical position of a loss in the plot."""
    return HEIGHT - EDGE + 8 - (HEIGHT - 2 * EDGE + 8) * value / top


def _questions(questions: Sequence[Question]) -> str:
    if not questions:
        return ""
    return (
        '<section id="quiz">\n<h2>Quiz</h2>\n'
        + "\n".join(map(_question, range(len(questions)), questions))
        + "\n</section>"
    )


def _question(index: int, question: Question) -> str:
    reason = escape(f"{question.answers[question.right]}. {question.reason} {question.evidence}", quote=True)
    choices = "".join(
        f'<label><input type="radio" name="question-{index}" value="{number}"> {escape(answer)}</label>'
        for number, answer in enumerate(question.answers)
    )
    return (
        f'<fieldset class="question" data-right="{question.right}" data-reason="{reason}">'
        f"<legend>{escape(question.text)}</legend>"
        f'{choices}<p class="reason" role="status"></p>'
        f"<noscript><p>{reason}</p></noscript></fieldset>"
    )


# ---------------------------------------------------------------- the network


def _network(trace: Trace) -> str:
    """Return the description of the picture and the elements that the scripts fill."""
    if trace.masks:
        description = (
            "A dropped unit is hollow and dashed, and its edges fade. A unit with the value 0 is hollow. Click a "
            "unit to drop or restore it, or draw the next mask of the hidden units."
        )
        formulas = '<p>The formula of each value. [0] is a dropped value:</p><ol id="formulas" class="formula"></ol>'
    else:
        description = (
            f"Row {trace.first + trace.row} goes through the network. A dropped unit is hollow and dashed, and its "
            "edges fade. A unit with the value 0 is hollow. Hover over a unit or use the arrow keys to see its "
            "value."
        )
        formulas = ""
    return string.Template(_file("network.html")).substitute(description=description, formulas=formulas)


def computed_activations() -> list[str]:
    """Return the names of the activations that the page's scripts compute."""
    return re.findall(r"^  (\w+)[:,]", _file("activations.js"), re.MULTILINE)


def _no_picture(trace: Trace) -> str:
    """Return the reason why the page has no picture, or an empty text."""
    reason, known = "", computed_activations()
    unknown = [name for name in trace.net.activation if name not in known]
    if trace.net.variant not in COMPUTED:
        reason = f"it does not compute the masks of variant {trace.net.variant}"
    elif unknown:
        reason = f"it does not support the activation {unknown[0]}"
    elif trace.net.size > MAX_PARAMETERS:
        reason = f"{trace.net.size:,} parameters are too many"
    return reason and f"This page has no picture because {reason}."


def _scripts(trace: Trace) -> str:
    """Return the data of the network and the scripts."""
    numbers = json.dumps(_numbers(trace), separators=(",", ":"), allow_nan=False)  # contains no text of the user
    code = "\n".join(map(_file, SCRIPTS))
    return f'<script type="application/json" id="network-data">{numbers}</script>\n<script>\n{code}</script>'


def _numbers(trace: Trace) -> dict[str, Any]:
    """Return the data that the page needs to run the network."""
    net, weights = trace.net, trace.net.weights()
    layers = len(net.sizes) - 1
    return {
        "sizes": net.sizes,
        "dtype": net.dtype.name,
        "variant": net.variant,
        "activation": net.activation,
        "layers": [
            {part: _packed(weights[f"{layer}.{part}"]) for part in ("weight", "bias")} for layer in range(layers)
        ],
        "x": _packed(trace.training[0].values[trace.row]),
        "row": trace.first + trace.row,
        "key": [int(word) for word in contract.key(net.seed)],
        "step": net.step,
        "rates": [np.asarray(p).tolist() for p in net.rates],
        "p": trace.p,
        "fixedMasks": [mask.tolist() for mask in trace.masks] or None,
        "scaled": not trace.masks,
        "answer": PREDICTIVE[net.loss],
        **_units(net),
    }


def _units(net: MLP) -> dict[str, Any]:
    """Return what converts the outputs of a regression to the target's units: factor, shift and transformation."""
    if PREDICTIVE[net.loss] != "value":
        return {}
    scale, offset = net.target_scaling()
    units = {"factor": (1 / scale).tolist(), "shift": offset.tolist()}
    return {**units, "transform": net.target_transform, "lambdas": net.target_lambdas}


def _packed(array: Any) -> str:
    values = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    return base64.b64encode(values.tobytes()).decode()
