"""Predictions as a table: to print, and to write to a file."""

from __future__ import annotations

import csv
import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .files import replacing
from .mlp import MLP

__all__ = ["Predictions", "table"]


@dataclass(frozen=True)
class Predictions:
    """What a network says of each row: labels or values, and the probabilities (rows, classes) where asked for."""

    values: NDArray[Any]
    probabilities: NDArray[np.float64] | None
    names: list[str]

    def csv(self) -> str:
        """Return a CSV text with a header; values with as many digits as they need."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.names)
        rows = self.values.reshape(len(self.values), -1).tolist()
        if self.probabilities is not None:
            rows = [
                row + [f"{p:.6g}" for p in probabilities]
                for row, probabilities in zip(rows, self.probabilities.tolist(), strict=True)
            ]
        writer.writerows(rows)
        return text.getvalue()

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the file whole: an array where the name ends in .npy (the probabilities, if there are), else CSV."""
        with replacing(path) as file:
            if Path(path).suffix == ".npy":
                np.save(file, self.values if self.probabilities is None else self.probabilities)
            else:
                file.write(self.csv().encode())


def table(net: MLP, x: ArrayLike, *, proba: bool = False) -> Predictions:
    """Predict rows; `proba` adds a column for each class. ValueError for probabilities of a regression."""
    values = net.predict(x)
    names = ["prediction"] if values.ndim == 1 else [f"prediction {k + 1}" for k in range(values.shape[1])]
    if not proba:
        return Predictions(values, None, names)
    probabilities = net.predict_proba(x)
    classes = net.classes or list(range(probabilities.shape[1]))
    return Predictions(values, probabilities, names + [str(label) for label in classes])
