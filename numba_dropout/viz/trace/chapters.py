"""Sections that several traces have: the flow of a batch, training, and prediction."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...training.fit import History
from .flow import Stage
from .report import FIRST, Bars, Block, Section, Table, numbers

__all__ = ["data_flow", "observations", "prediction", "telling_row", "training_course"]

FLAT = 0.02  # of a loss: less of a fall is none


def _shape_of(values: NDArray[Any]) -> str:
    """Write the shape of a batch."""
    return " x ".join(map(str, values.shape))


def data_flow(stages: Sequence[Stage], row: int, title: str, first: int = 0) -> Section:
    """Show the stages of a batch, whose first row is row `first`: shapes, and a row before and after each."""
    rows = []
    for place, stage in enumerate(stages):
        before = stages[max(place - 1, 0)].values
        shapes = _shape_of(stage.values) if place == 0 else f"{_shape_of(before)} -> {_shape_of(stage.values)}"
        came = "" if place == 0 else numbers(before[row])
        rows.append([str(place + 1), stage.name, shapes, came, numbers(stage.values[row])])
    head = ["", "stage", "shape", f"row {first + row} before", f"row {first + row} after"]
    return Section(title, [Table(head, rows), *(stage.said for stage in stages if stage.said)])


def telling_row(stages: Sequence[Stage]) -> int:
    """Return the first row of whose numbers that are written some are dropped, and some not."""
    kept = next(stage.kept for stage in stages if stage.kept is not None)[:, :FIRST]
    return int(np.argmax(kept.any(1) & ~kept.all(1)))


def training_course(history: History, chance: float, how: str) -> Section:
    """Show what training did: the loss as bars, and a table with what each epoch's numbers say."""
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
    return Section(f"Training, {len(epochs)} epochs", [how, Bars("loss", epochs, history.column("loss")), table])


def observations(history: History, chance: float) -> list[str]:
    """Say of each epoch what its numbers show, beside those of the epoch before; `chance` is guessing's accuracy."""
    losses, accuracies = history.column("loss"), history.column("accuracy")
    said = [f"starts at accuracy {accuracies[0]:.2f}, where guessing has {chance:.2f}"]
    falls = [before - after for before, after in itertools.pairwise(losses)]
    for place, fall in enumerate(falls):
        gain = 100 * (accuracies[place + 1] - accuracies[place])
        text = f"loss {'falls' if fall > 0 else 'rises'} by {abs(fall):.3f}, "
        text += f"accuracy {'gains' if gain >= 0 else 'loses'} {abs(gain):.1f} points"
        if 0 < fall < FLAT * losses[place]:
            text += ": hardly anything, it has converged"
        elif place and 0 < fall < falls[place - 1]:
            text += ", less than before"
        said.append(text)
    return said


def prediction(stages: Sequence[Stage], row: int, said: str, first: int = 0) -> Section:
    """Show a row of a batch, whose first is row `first`, on its way through the network in evaluation mode."""
    rows = [[str(place + 1), stage.name, numbers(stage.values[row])] for place, stage in enumerate(stages)]
    blocks: list[Block] = [Table(["", "layer", f"row {first + row}"], rows)]
    for place, stage in enumerate(stages):
        if stage.name.startswith("dropconnect"):
            blocks.append(f"{stage.name}: in evaluation mode no weight is dropped")
        elif stage.site is not None:
            equal = np.count_nonzero(stage.values == stages[place - 1].values)
            blocks.append(f"{stage.name}: in evaluation mode {equal:,} of {stage.values.size:,} values pass unchanged")
    return Section(f"Prediction, row {first + row}, evaluation mode", [*blocks, said])
