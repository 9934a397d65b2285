"""Data sets to evaluate a model on, or to predict from, in the form that it was trained on."""

from __future__ import annotations

import os
from collections.abc import Mapping
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..arrays import frames
from ..core.errors import InputError
from ..core.options import option
from .cells import numbers
from .class_labels import class_numbers
from .columns.encoder import ColumnEncoder
from .columns.missing import count
from .columns.options import ColumnOptions
from .dataset import Dataset
from .load import check_finite, kind_of_source, load_named
from .readers import idx
from .readers.numpy_files import read_npz
from .readers.read_options import ReadOptions
from .readers.sources import read
from .table import Table, listing
from .target import with_target
from .target_reading import read_targets

__all__ = ["Model", "load_for"]

CELLS = ("decimal", "thousands", "missing")  # options of reading that are also of columns


class Model(Protocol):
    """The attributes of a model that `load_for` uses."""

    sizes: list[int]
    loss: str
    classes: list[Any] | None
    features: list[str] | None
    target: str | None
    target_column: int | None
    target_names: list[str] | None
    encoder: ColumnEncoder | None
    table_options: dict[str, Any] | None

    @property
    def predicts_values(self) -> bool:
        """Whether the model is a regression."""


def load_for(
    model: Model,
    source: str | os.PathLike[str] | Table | Any,
    *,
    need_target: bool = True,
    by_position: bool = False,
    unknown: str | None = None,
    clip: bool | None = None,
    **reading: Any,
) -> Dataset:
    """Read a data set to evaluate a model on, or to predict from if `need_target` is false.

    A table is read with the options of the model's training, which arguments named as in `read` replace. Its columns
    are matched by name. If only one of the model and the table has names, `by_position` matches them by position.
    The target is optional if `need_target` is false. The test part of an IDX folder is read.

    `unknown` and `clip` replace those of `ColumnOptions`. `Dataset.notes` count levels that training did not have,
    filled gaps, and numbers far outside the training range. Raises ValueError like `load`.

    Examples
    --------
    >>> net = nd.MLP([20, 8, 3])
    >>> nd.data.load_for(net, "pipeline").x.shape
    (1000, 20)
    """
    if isinstance(source, Table) or frames.is_frame(source):
        path, kind = "x", "table"
    else:
        path, kind = map(str, kind_of_source(source))
    y: NDArray[Any] | None
    if kind == "table":
        stored = {} if model.table_options is None else model.table_options["reading"]
        given = {name: value for name, value in reading.items() if value not in (None, ())}
        table = read(source, **vars(ReadOptions.from_dict({**stored, **given})))
        cells = {name: value for name, value in given.items() if name in CELLS}
        return _of_table(model, table, need_target, by_position, {"unknown": unknown, "clip": clip, **cells})
    if kind == "named":
        named = load_named(path)
        x, y = named.x, named.y
        if named.classes is not None and y is not None:
            y = np.asarray(named.classes)[y]
    elif kind == "idx":
        x, y = idx.read_part(Path(path), "test")
    else:
        arrays = read_npz(Path(path))
        x, y = arrays["x"], arrays.get("y")
    _check_features(model, path, x)
    check_finite(path, x)
    if not need_target:
        return Dataset(path, x, None, classes_of(model))
    if y is None:
        raise InputError(f"{path}: expected an array y to compare with, got none")
    return Dataset(path, x, _target(path, model, y), classes_of(model))


def _of_table(model: Model, table: Table, need_target: bool, by_position: bool, replaced: Mapping[str, Any]) -> Dataset:
    """Return the data set of a table for a model. `replaced` are options of the columns, None for those of training."""
    features, targets = _positions(model, table, need_target, by_position)
    options = ColumnOptions() if model.encoder is None else model.encoder.options
    options = replace(options, **{name: value for name, value in replaced.items() if value is not None})
    encoder = None
    notes = list(table.notes)
    if need_target:
        table, more = with_target(table, targets, options)
        notes += more
    if model.encoder is None:
        x = _plain_numbers(table, features, options)
        _check_features(model, table.source, x)
    else:
        encoder = copy(model.encoder)
        encoder.options = options
        result = encoder.transform(table, features)
        x = result.x
        notes += result.notes
    dataset = Dataset(table.source, x, None, classes_of(model), table=table, encoder=encoder, notes=tuple(notes))
    return replace(dataset, **_target_of_table(model, table, targets, options)) if need_target else dataset


def _plain_numbers(table: Table, columns: list[int], options: ColumnOptions) -> NDArray[np.float64]:
    """Return columns as finite numbers (N, C). InputError names a cell that is not one."""
    x = np.empty((len(table), len(columns)))
    for k, column in enumerate(columns):
        cells = table.columns[column].cells
        x[:, k] = numbers(cells.tolist(), options.decimal, options.thousands) if cells.dtype.kind == "O" else cells
        wrong = ~np.isfinite(x[:, k])
        if wrong.any():
            row = int(np.argmax(wrong))
            got = table.texts(column)[row]
            raise InputError(
                f"{table.source}: expected a finite number at row {table.lines[row]}, {table.column_name(column)}, got "
                f"{'a missing value' if got in ('', None) else repr(got)}; the model was trained on numbers only"
            )
    return x


def _positions(model: Model, table: Table, need_target: bool, by_position: bool) -> tuple[list[int], list[int]]:
    """Return the positions of the features that the model needs, and of its targets, none if the table has none."""
    encoder = model.encoder
    if encoder is None:
        names, places = model.features, list(range(model.sizes[0]))
        if model.target_column is not None:
            places = [place + (place >= model.target_column) for place in places]
    else:
        names = [column.name for column in encoder.columns] if encoder.named else None
        places = [column.position for column in encoder.columns]
    goals = model.target_names or ([] if model.target is None else [model.target])
    if names and table.names and not by_position:
        for name in [*names, *(goals if need_target else [])]:
            if name not in table.names:
                what = "the model's target" if name in goals else "a column that the model was trained on"
                raise InputError(
                    f"{table.source}: there is no column {name!r}, {what}; the columns are {listing(table.names)}"
                )
        found = [table.names.index(goal) for goal in goals if goal in table.names]
        return [table.names.index(name) for name in names], found
    if names and not by_position:
        raise InputError(
            f"{table.source}: the model was trained on columns with names, and this table has no header",
            f"use {option('by_position', True)} if its columns are in the order of training, or "
            f"{option('header', True)} if its first row is one",
        )
    return _by_position(model, table, places, need_target)


def _by_position(model: Model, table: Table, places: list[int], need_target: bool) -> tuple[list[int], list[int]]:
    """Return the positions in a table with the columns of training in their order, with or without the targets."""
    encoder = model.encoder
    targets = [model.sizes[0]] if model.target_column is None else [model.target_column]
    if encoder is not None:
        targets = encoder.targets
    width = len(places) + len(targets) if encoder is None else encoder.width
    if table.width == width:
        return places, targets
    if table.width == width - len(targets) and not need_target:
        return [place - sum(target < place for target in targets) for place in places], []
    also = "" if need_target else f" (or {width - len(targets)} without the target)"
    raise InputError(f"{table.source}: expected {count(width, 'column')} as in training{also}, got {table.width}")


def _check_features(model: Model, source: str, x: NDArray[Any]) -> None:
    """Raise InputError for another number of features than in training, and for no rows."""
    if x.shape[1] != model.sizes[0]:
        raise InputError(f"{source}: expected {count(model.sizes[0], 'feature')} as in training, got {x.shape[1]}")
    if len(x) == 0:
        raise InputError(f"{source}: expected at least one row, got none")


def _target_of_table(model: Model, table: Table, targets: list[int], options: ColumnOptions) -> dict[str, Any]:
    """Return y of a table, as a field of `Dataset`."""
    classes = classes_of(model)
    if classes is not None:
        return {"y": class_numbers(table.source, table.texts(targets[0]), classes, table.lines)}
    return {"y": read_targets(table, targets, options)}


def _target(source: str, model: Model, y: NDArray[Any]) -> NDArray[Any]:
    """Return the class numbers or values of an array of labels or values."""
    classes = classes_of(model)
    if classes is not None:
        if y.ndim != 1:
            names = listing(classes)
            raise InputError(f"{source}: expected one of the model's classes {names} in each row, got several targets")
        return class_numbers(source, y.tolist(), classes, range(1, len(y) + 1))
    if y.dtype.kind == "U":
        raise InputError(f"{source}: expected numbers in the target, because the model predicts values, got texts")
    values = np.asarray(y, np.float64).reshape(len(y), -1)
    check_finite(source, values, name="target")
    return values


def classes_of(model: Model) -> list[Any] | None:
    """Return a model's classes, or their numbers if they have no names."""
    if model.classes is not None or model.predicts_values:
        return model.classes
    return list(range(model.sizes[-1])) if model.loss == "cross_entropy" else [0, 1] if model.sizes[-1] == 1 else None
