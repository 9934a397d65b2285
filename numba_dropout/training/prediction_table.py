"""Tables of predictions, to print or to write to a file."""

from __future__ import annotations

import csv
import gzip
import io
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..core.errors import InputError, missing
from ..core.options import option
from ..nn import inputs
from ..nn.mlp import MLP
from ..storage.files import replacing
from ..storage.output_formats import TABLES, check_format
from .intervals import value_spread
from .noise import Noise

__all__ = ["Predictions", "check_output", "table"]


@dataclass(frozen=True)
class Predictions:
    """Predictions of rows: labels or values, and optional figures (rows, F) such as probabilities.

    `ids` are named columns that come before the predictions and identify the rows.
    """

    values: NDArray[Any]
    figures: NDArray[np.float64] | None
    names: list[str]  # names of all columns but the ids
    named: bool = False  # whether an array file has fields with these names
    ids: tuple[tuple[str, NDArray[Any]], ...] = ()
    note: str | None = None  # what the table lacks

    def csv(self, delimiter: str = ",") -> str:
        """Return CSV text with a header. Values have their shortest exact digits, figures six significant digits."""
        text = io.StringIO()
        writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
        writer.writerow([*(name if name not in self.names else f"id {name}" for name, _ in self.ids), *self.names])
        rows = self.values.reshape(len(self.values), -1).tolist()
        if self.figures is not None:
            rows = [
                row + [f"{figure:.6g}" for figure in figures]
                for row, figures in zip(rows, self.figures.tolist(), strict=True)
            ]
        if self.ids:
            before = zip(*(_texts(values) for _, values in self.ids), strict=True)
            rows = [[*cells, *row] for cells, row in zip(before, rows, strict=True)]
        writer.writerows(rows)
        return text.getvalue()

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write a file atomically, in the format of its name: .csv, .csv.gz, .tsv, .npy or .parquet. Others are CSV.

        An .npy array holds the values, or the figures if there are any. With `ids`, or if `named` is true, it holds all
        columns as named fields. Raise ValueError for the name of another format, and for Parquet without pyarrow.
        """
        kind = check_output(path)
        with replacing(path) as file:
            if kind == ".npy" and (self.named or self.ids):
                np.save(file, self._fields())
            elif kind == ".npy":
                np.save(file, self.values if self.figures is None else self.figures)
            elif kind == ".parquet":
                import pyarrow
                import pyarrow.parquet

                pyarrow.parquet.write_table(pyarrow.table(self._columns()), file)
            else:
                content = self.csv("\t" if kind == ".tsv" else ",").encode()
                file.write(gzip.compress(content, mtime=0) if kind == ".csv.gz" else content)

    def _columns(self) -> dict[str, NDArray[Any]]:
        """Return all columns (rows,) by names that are unique."""
        columns = [*self.values.reshape(len(self.values), -1).T]
        columns += [] if self.figures is None else [*self.figures.T]
        result: dict[str, NDArray[Any]] = {}
        for name, column in zip(self.names, columns, strict=True):  # a class can have the name of a figure
            result[name if name not in result else f"class {name}"] = column
        return {name if name not in result else f"id {name}": values for name, values in self.ids} | result

    def _fields(self) -> NDArray[Any]:
        """Return all columns as a structured array (rows,)."""
        columns = {
            name: np.array(_texts(column)) if column.dtype == object else column
            for name, column in self._columns().items()
        }
        fields = np.empty(len(self.values), [(name, column.dtype) for name, column in columns.items()])
        for name, column in columns.items():
            fields[name] = column
        return fields


def check_output(path: str | os.PathLike[str]) -> str:
    """Return the ending of a file of predictions. Raise InputError if its name asks for a format without support."""
    kind = check_format(path, TABLES, "predictions")
    if kind == ".parquet":
        try:
            import pyarrow.parquet  # noqa: F401
        except ImportError:
            raise InputError(missing(f"{path}: a Parquet file requires pyarrow", "pyarrow", "parquet")) from None
    return kind


def table(
    net: MLP,
    x: ArrayLike,
    *,
    proba: bool = False,
    samples: int | None = None,
    interval: float | None = None,
    ids: Iterable[tuple[str, Sequence[Any]]] = (),
) -> Predictions:
    """Return predictions of rows.

    Parameters
    ----------
    net, x
        As for `MLP.predict`.
    proba : bool
        Add a probability column for each class.
    samples : int, optional
        Predict from this number of samples of the dropout masks, and add columns of uncertainty. Values get the
        standard deviations of the model, of the noise and of both together (total), in the target's units. Those of
        noise and total are left out, with a note, if the network does not know the precision of its noise (`tau`).
    interval : float, optional
        With samples, for values: add the bounds of the prediction interval of this level, such as 0.95.
    ids : iterable of (name, sequence of N), optional
        Columns to put first.

    Raises
    ------
    ValueError, TypeError
        x does not fit the network, or has NaN or infinity. Probabilities of values, and intervals of classes, without
        samples or without known noise, are refused too.
    """
    if interval is not None and (samples is None or not net.predicts_values):
        samples_of = f"{option('samples', metavar='T')} of a model of values"
        raise InputError(f"interval: expected {samples_of}", "leave the interval out")
    inputs.check_finite(net.as_input(x), "x")
    result = _table(net, x, proba) if samples is None else _table_of_samples(net, x, proba, samples, interval)
    return replace(result, ids=tuple((name, _cells(name, cells, len(result.values))) for name, cells in ids))


def _table(net: MLP, x: ArrayLike, proba: bool) -> Predictions:
    """Return predictions without dropout."""
    values = net.predict(x)
    names = _named(net, 1 if values.ndim == 1 else values.shape[1])
    if not proba:
        return Predictions(values, None, names)
    probabilities = net.predict_proba(x)
    return Predictions(values, probabilities, names + _classes(net, probabilities))


def _table_of_samples(net: MLP, x: ArrayLike, proba: bool, samples: int, interval: float | None) -> Predictions:
    """Return predictions from the mean of samples. Entropies are in nats."""
    if net.predicts_values:
        if proba:
            raise InputError("proba: expected a network for classes, got one for a regression")
        return _table_of_values(net, x, samples, interval)
    result = net.predict_mc(x, samples)
    assert result.entropy is not None
    assert result.mutual_information is not None
    count = result.mean.shape[1]
    entropies = result.entropy[:, None], result.mutual_information[:, None]
    if net.loss == "bce" and net.sizes[-1] > 1:
        values, names = (result.mean > 0.5).astype(np.int64), _named(net, count)
        columns, more = [result.std, *entropies], _numbered("std", count)
    else:
        predicted = net.decide(result.mean)
        values, names = predicted if net.classes is None else np.asarray(net.classes)[predicted], ["prediction"]
        index = np.arange(len(predicted)), predicted
        columns, more = [result.mean[index][:, None], result.std[index][:, None], *entropies], ["probability", "std"]
    names += [*more, "entropy", "mutual information"]
    if proba:
        columns.append(result.mean)
        names += _classes(net, result.mean)
    return Predictions(values, np.hstack(columns), names, named=True)


def _table_of_values(net: MLP, x: ArrayLike, samples: int, interval: float | None) -> Predictions:
    """Return values, their standard deviations and the bounds of an interval, from samples."""
    noise = Noise(net)
    spread = value_spread(net.samples(x, samples), noise)
    columns = {"model std": spread.model_std}
    if spread.noise_std is not None:
        columns |= {"noise std": spread.noise_std, "total std": spread.total_std}
    if interval is not None:
        bounds = spread.interval(interval)
        columns |= {"lower": bounds.lower, "upper": bounds.upper}
    outputs = spread.mean.shape[1]
    names = _named(net, outputs) + [name for column in columns for name in _numbered(column, outputs)]
    note = None
    if not noise.known:
        note = "the model has no noise precision (tau), so noise std and total std are left out"
    return Predictions(spread.mean, np.hstack(list(columns.values())), names, named=True, note=note)


def _cells(name: str, cells: Sequence[Any], rows: int) -> NDArray[Any]:
    """Return an id column as an array (rows,): typed if the cells are, else of texts and None."""
    if len(cells) != rows:
        raise InputError(f"ids: expected {rows} cells in {name!r}, one for each row, got {len(cells)}")
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "biufM":
        return cells
    return np.array([None if cell is None else str(cell) for cell in cells], object)


def _texts(values: NDArray[Any]) -> list[str]:
    """Return the cells of an id column as texts, with an empty one for None."""
    if values.dtype.kind == "M":
        return ["" if np.isnat(date) else str(date) for date in values]
    return ["" if cell is None else str(cell) for cell in values.tolist()]


def _named(net: MLP, count: int) -> list[str]:
    """Return the names of `count` predictions: "prediction", or several targets' names."""
    if count > 1 and net.target_names is not None and len(net.target_names) == count:
        return [f"prediction {name}" for name in net.target_names]
    return _numbered("prediction", count)


def _numbered(name: str, count: int) -> list[str]:
    """Return the names of `count` columns, numbered if there are several."""
    return [name] if count == 1 else [f"{name} {number + 1}" for number in range(count)]


def _classes(net: MLP, probabilities: NDArray[np.float64]) -> list[str]:
    return [str(label) for label in net.classes or range(probabilities.shape[1])]
