"""Sections common to several traces: data flow, training, and prediction."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...training.fit import History
from .flow import Stage
from .report import FIRST, Bars, Block, Section, Table, numbers

__all__ = ["data_flow", "example_row", "observations", "prediction", "training_section"]

FLAT = 0.02  # share of the loss: a smaller decrease means convergence


def _shape_of(values: NDArray[Any]) -> str:
    """Return the text of a batch's shape."""
    return " x ".join(map(str, values.shape))


def data_flow(stages: Sequence[Stage], row: int, title: str, first: int = 0) -> Section:
    """Return a table of the stages of a batch: shapes, and one row before and after each. `first` numbers row 0."""
    rows = []
    for index, stage in enumerate(stages):
        before = stages[max(index - 1, 0)].values
        shapes = _shape_of(stage.values) if index == 0 else f"{_shape_of(before)} -> {_shape_of(stage.values)}"
        inputs = "" if index == 0 else numbers(before[row])
        rows.append([str(index + 1), stage.name, shapes, inputs, numbers(stage.values[row])])
    head = ["", "stage", "shape", f"row {first + row} before", f"row {first + row} after"]
    return Section(title, [Table(head, rows), *(stage.note for stage in stages if stage.note)])


def example_row(stages: Sequence[Stage]) -> int:
    """Return the first row with both dropped and kept values among the numbers shown."""
    kept = next(stage.kept for stage in stages if stage.kept is not None)[:, :FIRST]
    return int(np.argmax(kept.any(1) & ~kept.all(1)))


def training_section(history: History, chance: float, description: str) -> Section:
    """Return the section of training: the loss as bars, and a table of the epochs with observations."""
    epochs = [str(epoch) for epoch in history.column("epoch")]
    table = Table(
        ["epoch", "loss", "accuracy", "observation"],
        [
            [epoch, f"{loss:.4f}", f"{accuracy:.4f}", text]
            for epoch, loss, accuracy, text in zip(
                epochs,
                history.column("loss"),
                history.column("accuracy"),
                observations(history, chance),
                strict=True,
            )
        ],
    )
    return Section(
        f"Training, {len(epochs)} epochs", [description, Bars("loss", epochs, history.column("loss")), table]
    )


def observations(history: History, chance: float) -> list[str]:
    """Return a comment on each epoch compared with the one before. `chance` is the accuracy of guessing."""
    losses, accuracies = history.column("loss"), history.column("accuracy")
    comments = [f"starts at accuracy {accuracies[0]:.2f} (guessing: {chance:.2f})"]
    decreases = [before - after for before, after in itertools.pairwise(losses)]
    for index, decrease in enumerate(decreases):
        increase = 100 * (accuracies[index + 1] - accuracies[index])
        text = f"loss {'decreases' if decrease > 0 else 'increases'} by {abs(decrease):.3f}, "
        text += f"accuracy {'increases' if increase >= 0 else 'decreases'} by {abs(increase):.1f} points"
        if 0 < decrease < FLAT * losses[index]:
            text += ": almost no change, training has converged"
        elif index and 0 < decrease < decreases[index - 1]:
            text += ", less than in the epoch before"
        comments.append(text)
    return comments


def prediction(stages: Sequence[Stage], row: int, conclusion: str, first: int = 0) -> Section:
    """Return a table of a row of a batch at each stage in evaluation mode. `first` numbers row 0."""
    rows = [[str(index + 1), stage.name, numbers(stage.values[row])] for index, stage in enumerate(stages)]
    blocks: list[Block] = [Table(["", "layer", f"row {first + row}"], rows)]
    for index, stage in enumerate(stages):
        if stage.name.startswith("dropconnect"):
            blocks.append(f"{stage.name}: in evaluation mode, no weight is dropped")
        elif stage.site is not None:
            equal = np.count_nonzero(stage.values == stages[index - 1].values)
            blocks.append(f"{stage.name}: in evaluation mode, {equal:,} of {stage.values.size:,} values pass unchanged")
    return Section(f"Prediction, row {first + row}, evaluation mode", [*blocks, conclusion])
