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

from ..core.errors import InputError
from ..nn.mlp import MLP
from ..storage.files import replacing

__all__ = ["Predictions", "table"]


@dataclass(frozen=True)
class Predictions:
    """What a network says of each row: labels or values, and figures (rows, F) where they are asked for."""

    values: NDArray[Any]
    figures: NDArray[np.float64] | None
    names: list[str]  # of all columns
    named: bool = False  # an array of them has these names

    def csv(self) -> str:
        """Return a CSV text with a header; values with as many digits as they need."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.names)
        rows = self.values.reshape(len(self.values), -1).tolist()
        if self.figures is not None:
            rows = [
                row + [f"{figure:.6g}" for figure in figures]
                for row, figures in zip(rows, self.figures.tolist(), strict=True)
            ]
        writer.writerows(rows)
        return text.getvalue()

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the file whole: CSV, or an array where the name ends in .npy.

        An array holds the values; the figures instead, where there are; or both, as fields with their names.
        """
        with replacing(path) as file:
            if Path(path).suffix == ".npy" and self.named:
                np.save(file, self._fields())
            elif Path(path).suffix == ".npy":
                np.save(file, self.values if self.figures is None else self.figures)
            else:
                file.write(self.csv().encode())

    def _fields(self) -> NDArray[Any]:
        """Return all columns as a structured array (rows,)."""
        columns = [*self.values.reshape(len(self.values), -1).T]
        columns += [] if self.figures is None else [*self.figures.T]
        names: list[str] = []
        for name in self.names:  # a class may be called as a figure is
            names.append(name if name not in names else f"class {name}")
        fields = np.empty(len(self.values), [(name, own.dtype) for name, own in zip(names, columns, strict=True)])
        for name, column in zip(names, columns, strict=True):
            fields[name] = column
        return fields


def table(net: MLP, x: ArrayLike, *, proba: bool = False, samples: int | None = None) -> Predictions:
    """Predict rows; `proba` adds a column for each class, `samples` draws of the masks what they say of the spread.

    Raises ValueError for probabilities of a regression.
    """
    if samples is not None:
        return _table_of_samples(net, x, proba, samples)
    values = net.predict(x)
    names = _numbered("prediction", 1 if values.ndim == 1 else values.shape[1])
    if not proba:
        return Predictions(values, None, names)
    probabilities = net.predict_proba(x)
    return Predictions(values, probabilities, names + _classes(net, probabilities))


def _table_of_samples(net: MLP, x: ArrayLike, proba: bool, samples: int) -> Predictions:
    """Predict by the mean of samples; entropies are in nats."""
    if proba and net.loss == "mse":
        raise InputError("proba: expected a network for classes, got one for a regression")
    found = net.predict_mc(x, samples)
    count = found.mean.shape[1]
    if found.entropy is None or found.mutual_information is None:
        names = _numbered("prediction", count) + _numbered("variance", count)
        return Predictions(found.mean, found.variance, names, named=True)
    sure = found.entropy[:, None], found.mutual_information[:, None]
    if net.loss == "bce" and net.sizes[-1] > 1:
        values, names = (found.mean > 0.5).astype(np.int64), _numbered("prediction", count)
        columns, more = [found.std, *sure], _numbered("std", count)
    else:
        likeliest = found.mean.argmax(1)
        values, names = likeliest if net.classes is None else np.asarray(net.classes)[likeliest], ["prediction"]
        chosen = np.arange(len(likeliest)), likeliest
        columns, more = [found.mean[chosen][:, None], found.std[chosen][:, None], *sure], ["probability", "std"]
    names += [*more, "entropy", "mutual information"]
    if proba:
        columns.append(found.mean)
        names += _classes(net, found.mean)
    return Predictions(values, np.hstack(columns), names, named=True)


def _numbered(name: str, count: int) -> list[str]:
    """Return a name for each of several columns."""
    return [name] if count == 1 else [f"{name} {number + 1}" for number in range(count)]


def _classes(net: MLP, probabilities: NDArray[np.float64]) -> list[str]:
    return [str(label) for label in net.classes or range(probabilities.shape[1])]
