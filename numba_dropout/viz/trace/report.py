"""What a trace consists of: sections of text, tables and bars, questions, and the network that they are about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...nn.mlp import MLP
from .flow import Stage

__all__ = [
    "FIRST",
    "THEIRS",
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

FIRST = 3  # numbers of a row that are written, and the last
LARGE = 1e6
THEIRS = " (from the documents)"
TINY = 1e-12  # what is left of a sum of decimals that should be whole


@dataclass(frozen=True)
class Table:
    """Rows of cells under a head."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Bars:
    """Numbers with a label each, drawn as lengths."""

    title: str
    labels: Sequence[str]
    values: Sequence[float]


@dataclass(frozen=True)
class Curve:
    """Losses after each epoch, in evaluation mode, on the rows learnt from and on others; the accuracy at the end."""

    name: str
    seen: list[float]
    unseen: list[float]
    accuracy: float


@dataclass(frozen=True)
class Curves:
    """Courses that are drawn into one picture, where there are pictures."""

    courses: Sequence[Curve]


Block = str | Table | Bars | Curves


@dataclass(frozen=True)
class Section:
    """A part of a trace: paragraphs, tables, bars and curves below a title."""

    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Question:
    """A question with answers to choose from, the reason for the right one, and what in the run shows it.

    `theirs` tells those that the documents ask from ours.
    """

    text: str
    answers: Sequence[str]
    right: int
    reason: str
    shown: str
    theirs: bool = False


@dataclass(frozen=True)
class Trace:
    """A run of a network, told in order.

    `training` and `evaluation` are the stages of a batch in both modes, `row` is the one of its rows that is looked at,
    and `first` the row of the masks that it begins with. Where the reader gives `masks`, one for each site, nothing is
    scaled in training, and `p` is their rate.
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
    """Write a number for people: two decimals, whole ones without, very small and large ones as 6e-4 and 1.23e+6."""
    value = round(value) + 0.0 if abs(value) < LARGE and abs(value - round(value)) < TINY else float(value)
    if abs(value) >= LARGE:
        return f"{value:.2e}".replace("e+0", "e+")
    if value.is_integer():
        return f"{value:.0f}"
    text = f"{value:.2f}"
    return text if float(text) else f"{value:.0e}".replace("e-0", "e-")


def digits(mask: Iterable[bool]) -> str:
    """Write a mask as 1s and 0s."""
    return "".join("1" if keep else "0" for keep in mask)


def numbers(values: Iterable[float]) -> str:
    """Write the first numbers of a row, and the last."""
    row = [number(float(value)) for value in values]
    return "[" + ", ".join(row if len(row) <= FIRST + 2 else [*row[:FIRST], "...", row[-1]]) + "]"
