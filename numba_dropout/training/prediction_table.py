"""Tables of predictions, to print or to write to a file."""

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
    """Predictions of rows: labels or values, and optional figures (rows, F) such as probabilities."""

    values: NDArray[Any]
    figures: NDArray[np.float64] | None
    names: list[str]  # names of all columns
    named: bool = False  # whether an array file has fields with these names

    def csv(self) -> str:
        """Return CSV text with a header. Values have their shortest exact digits, figures six significant digits."""
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
        """Write a file atomically: CSV, or an array if the name ends in .npy.

        The array holds the values, or the figures if there are any, or both as named fields if `named` is true.
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
        for name in self.names:  # a class can have the name of a figure
            names.append(name if name not in names else f"class {name}")
        fields = np.empty(len(self.values), [(name, column.dtype) for name, column in zip(names, columns, strict=True)])
        for name, column in zip(names, columns, strict=True):
            fields[name] = column
        return fields


def table(net: MLP, x: ArrayLike, *, proba: bool = False, samples: int | None = None) -> Predictions:
    """Return predictions of rows. `proba` adds a probability column for each class, `samples` adds uncertainty columns.

    Raise ValueError for probabilities of a regression.
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
    """Return predictions from the mean of samples. Entropies are in nats."""
    if proba and net.predicts_values:
        raise InputError("proba: expected a network for classes, got one for a regression")
    result = net.predict_mc(x, samples)
    count = result.mean.shape[1]
    if result.entropy is None or result.mutual_information is None:
        names = _numbered("prediction", count) + _numbered("variance", count)
        return Predictions(result.mean, result.variance, names, named=True)
    entropies = result.entropy[:, None], result.mutual_information[:, None]
    if net.loss == "bce" and net.sizes[-1] > 1:
        values, names = (result.mean > 0.5).astype(np.int64), _numbered("prediction", count)
        columns, more = [result.std, *entropies], _numbered("std", count)
    else:
        predicted = result.mean.argmax(1)
        values, names = predicted if net.classes is None else np.asarray(net.classes)[predicted], ["prediction"]
        index = np.arange(len(predicted)), predicted
        columns, more = [result.mean[index][:, None], result.std[index][:, None], *entropies], ["probability", "std"]
    names += [*more, "entropy", "mutual information"]
    if proba:
        columns.append(result.mean)
        names += _classes(net, result.mean)
    return Predictions(values, np.hstack(columns), names, named=True)


def _numbered(name: str, count: int) -> list[str]:
    """Return the names of `count` columns, numbered if there are several."""
    return [name] if count == 1 else [f"{name} {number + 1}" for number in range(count)]


def _classes(net: MLP, probabilities: NDArray[np.float64]) -> list[str]:
    return [str(label) for label in net.classes or range(probabilities.shape[1])]
