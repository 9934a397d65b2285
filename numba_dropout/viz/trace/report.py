"""The parts of a trace: sections of text, tables and bars, questions, and the network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...nn.mlp import MLP
from .flow import Stage

__all__ = [
    "FIRST",
    "Bars",
    "Block",
    "Curve",
    "Curves",
    "Question",
    "Section",
    "Table",
    "Trace",
    "digits",
    "number",
    "numbers",
]

FIRST = 3  # numbers of a row that are shown, besides the last
LARGE = 1e6
TINY = 1e-12  # rounding error of a sum of decimals


@dataclass(frozen=True)
class Table:
    """A table: a head and rows of cells."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Bars:
    """A bar chart: a title, labels and numbers."""

    title: str
    labels: Sequence[str]
    values: Sequence[float]


@dataclass(frozen=True)
class Curve:
    """Training and validation losses after each epoch, in evaluation mode, and the final accuracy."""

    name: str
    train_losses: list[float]
    val_losses: list[float]
    accuracy: float


@dataclass(frozen=True)
class Curves:
    """Curves in one plot. The text output omits them."""

    curves: Sequence[Curve]


Block = str | Table | Bars | Curves


@dataclass(frozen=True)
class Section:
    """A part of a trace: paragraphs, tables, bars and curves below a title."""

    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Question:
    """A question with its answers, the reason for the right one, and evidence from the run."""

    text: str
    answers: Sequence[str]
    right: int
    reason: str
    evidence: str


@dataclass(frozen=True)
class Trace:
    """A step-by-step run of a network.

    `training` and `evaluation` are the stages of a batch in both modes. `row` is the row of the batch that is shown,
    and `first` is the row number of the batch's first row in the masks. With user-defined `masks`, one for each site,
    nothing is scaled in training, and `p` is their rate.
    """

    title: str
    about: str
    net: MLP
    training: Sequence[Stage]
    evaluation: Sequence[Stage]
    sections: Sequence[Section]
    questions: Sequence[Question]
    row: int = 0
    first: int = 0
    masks: Sequence[NDArray[np.bool_]] = ()
    p: float = 0.0


def number(value: float) -> str:
    """Return the text of a number: 2 decimals, none for integers, and exponents (6e-4) for small and large ones."""
    value = round(value) + 0.0 if abs(value) < LARGE and abs(value - round(value)) < TINY else float(value)
    if abs(value) >= LARGE:
        return f"{value:.2e}".replace("e+0", "e+")
    if value.is_integer():
        return f"{value:.0f}"
    text = f"{value:.2f}"
    return text if float(text) else f"{value:.0e}".replace("e-0", "e-")


def digits(mask: Iterable[bool]) -> str:
    """Return the text of a mask, as 1s and 0s."""
    return "".join("1" if keep else "0" for keep in mask)


def numbers(values: Iterable[float]) -> str:
    """Return the text of the first numbers of a row and the last."""
    row = [number(float(value)) for value in values]
    return "[" + ", ".join(row if len(row) <= FIRST + 2 else [*row[:FIRST], "...", row[-1]]) + "]"
