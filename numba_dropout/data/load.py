"""Loading of data sets to train on: tables, arrays, folders of IDX files and named data sets."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import frames
from ..core.errors import InputError
from ..core.options import option
from . import class_labels, sklearn_sets, target, target_reading
from .cells import numbers
from .columns.encoder import ColumnEncoder
from .columns.kinds import kinds
from .columns.plan import ColumnPlan
from .columns.refused import no_features
from .dataset import Dataset
from .readers import idx, numpy_files
from .readers.sources import as_path, read
from .synthetic import BUILT_IN
from .table import Table
from .table_options import TableOptions

__all__ = ["check_finite", "is_named", "kind_of_source", "load", "load_as", "load_named", "of_table"]

SAMPLE = 1000  # rows in which most features are known not to tell the target


def load(
    source: str | os.PathLike[str] | Table | Any, *, target: Any = None, task: str = "auto", **options: Any
) -> Dataset:
    """Read a data set to train on.

    Parameters
    ----------
    source : path, name, Table or frame
        Delimited text, .parquet or .xlsx, also compressed, or "-" for the standard input, .npz with x and y, .npy, or a
        folder of IDX files (the train part is read). It can also be a table that `read` returned, a frame of pandas or
        polars, a built-in data set, "pipeline" or "noisy", or one of scikit-learn's: "breast_cancer", "diabetes",
        "digits", "iris", "wine".
    target : str, int or sequence, optional
        Name of the target column, or its number from 1 (-1 is the last, the default), or several, also separated by
        commas. Only tables have a choice: other sources have a fixed target.
    task : str
        "classes", "values" or "auto". With "auto", IDX labels and texts are classes, and so are whole numbers of which
        at most 20, and at most a tenth of the rows, are different.
    options
        Further options of tables, those of `read` and of `ColumnOptions`: drop=["id"], decimal=",", ...

    Returns
    -------
    Dataset
        The features of a table are encoded as numbers, by what its rows tell: `Dataset.encoder`.

    Raises
    ------
    ValueError
        The source is missing, damaged, ragged or not finite, or lacks the target. The message gives the position.

    Examples
    --------
    >>> data = nd.data.load("pipeline")  # a built-in data set
    >>> data.x.shape, data.y[:6]
    ((1000, 20), array([0, 1, 2, 0, 1, 2]))
    """
    return load_as(source, TableOptions.of(target, task, **options))


def load_as(source: str | os.PathLike[str] | Table | Any, options: TableOptions) -> Dataset:
    """Read a data set to train on, with options as one object. It is `load` otherwise."""
    task = options.task
    if isinstance(source, Table | Mapping | np.ndarray) or frames.is_frame(source):
        return of_table(read(source), options)
    path, kind = kind_of_source(as_path(source))
    if kind == "table":
        return of_table(read(source, **vars(options.reading)), options)
    if options != TableOptions(task=task):
        raise InputError(f"{path}: this source has its own target and columns; do not choose a target or other columns")
    if kind == "named":
        dataset = load_named(str(source))
        content = "values" if dataset.classes is None else "classes"
        if task not in ("auto", content):
            raise InputError(f"{source}: the target of this data set holds {content}; do not train on {task}")
        return dataset
    if kind == "idx":
        x, labels = idx.read_part(path, "train")
        return _of_arrays(path, x, labels, "classes" if task == "auto" else task)
    arrays = numpy_files.read_npz(path)
    if "y" not in arrays:
        raise InputError(f"{path}: expected an array y to train on, got only {', '.join(arrays)}")
    return _of_arrays(path, arrays["x"], arrays["y"], task)


def of_table(table: Table, options: TableOptions) -> Dataset:
    """Return the data set of a table: its target, and its other columns as features that its rows determine."""
    columns = options.columns
    targets = options.target_columns(table)
    table, notes = target.with_target(table, targets, columns)
    plans = kinds(table, columns, targets)
    result = target_reading.read_target(table, targets, options.task, columns)
    encoder = ColumnEncoder(columns).fit(table, plans)
    if not encoder.names:
        raise InputError(no_features(table, plans))
    encoded = encoder.transform(table)
    names = table.names
    several = len(targets) > 1
    if options.target is None and names:
        notes.insert(
            0, f"target: {table.column_name(targets[0])}, the last; {option('target', metavar='NAME')} chooses another"
        )
    notes = [
        *table.notes,
        *notes,
        *result.notes,
        *_notes(plans),
        *encoder.summary(),
        *_copies(table, targets, encoder),
        *_leaks(table, encoder, encoded.x, result.y),
    ]
    dataset = Dataset(
        table.source,
        encoded.x,
        result.y,
        result.classes,
        features=list(encoder.names) if names else None,
        target=None if several or not names else names[targets[0]],
        target_column=None if several else targets[0],
        table=table,
        options=options,
        encoder=encoder,
        target_names=[names[column] if names else table.column_name(column) for column in targets] if several else None,
        labels=result.labels,
        weights=_weights(table, options),
    )
    return replace(dataset, notes=tuple(notes))


def _notes(plans: list[ColumnPlan]) -> list[str]:
    """Return the guesses that were made about the columns."""
    return [plan.note for plan in plans if plan.note is not None]


def _weights(table: Table, options: TableOptions) -> NDArray[np.float64] | None:
    """Return the weights of the rows (N,) from the column that the options name."""
    columns = options.columns
    if columns.weights is None:
        return None
    position = table.position(columns.weights)
    cells = table.columns[position].cells
    values = numbers(list(cells), columns.decimal, columns.thousands) if cells.dtype.kind == "O" else cells
    weights = np.asarray(values, np.float64)
    wrong = ~(np.isfinite(weights) & (weights >= 0))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        where = f"at row {table.lines[row]}, {table.column_name(position)}"
        got = table.texts(position)[row]
        raise InputError(f"{table.source}: expected a weight of at least 0 {where}, got {got!r}")
    if not weights.any():
        raise InputError(f"{table.source}: expected a weight above 0 in {table.column_name(position)}, got only zeros")
    return weights


def _copies(table: Table, targets: list[int], encoder: ColumnEncoder) -> list[str]:
    """Return a warning for each feature whose cells are those of a target."""
    notes = []
    for goal in targets:
        expected = table.columns[goal].cells
        for column in (learnt.position for learnt in encoder.columns):
            cells = table.columns[column].cells
            if cells.dtype == expected.dtype and np.array_equal(cells, expected):
                remedy = f"leave it out with {option('drop', [table.key(column)])}"
                notes.append(f"warning: {table.column_name(column)} equals the target in every row; {remedy}")
    return notes


def _leaks(table: Table, encoder: ColumnEncoder, x: NDArray[Any], y: NDArray[Any]) -> list[str]:
    """Return a warning for each indicator that tells a target of two values in every row."""
    low, high = y.min(), y.max()
    if y.size != len(y) or not ((y == low) | (y == high)).all():
        return []
    told = np.flatnonzero(encoder.indicators)
    for rows in (slice(SAMPLE), slice(None)):  # few are left after the first rows
        same = (y[rows].reshape(-1, 1) == high) == (x[rows, told] > 0)
        told = told[same.all(0) | ~same.any(0)]
    columns = [column.position for column in encoder.columns for _ in column.names]
    notes = []
    for k in told.tolist():
        remedy = f"leave its column out with {option('drop', [table.key(columns[k])])}"
        notes.append(f"warning: the feature {encoder.names[k]!r} tells the target in every row; {remedy}")
    return notes


def kind_of_source(source: str | os.PathLike[str]) -> tuple[Path, str]:
    """Return the path of a source and its kind, "named", "idx", "npz" or "table", after checking that it exists."""
    path = Path(source)
    if is_named(str(source)):
        return path, "named"
    if str(source) == "-":
        return path, "table"
    if path.is_dir():
        if not idx.is_folder(path):
            raise InputError(
                f"{path}: expected a file, or a folder of IDX files (train-images*, ...), got another folder"
            )
        return path, "idx"
    if not path.exists():
        raise InputError(f"{path}: no such file or folder; check the path")
    if path.is_file() and path.stat().st_size == 0:
        raise InputError(f"{path}: the file is empty")
    return path, "npz" if path.suffix == ".npz" else "table"


def is_named(source: str) -> bool:
    """Return whether a source is the name of a data set. A file or folder of the same name takes precedence."""
    return (source in BUILT_IN or source in sklearn_sets.NAMES) and not Path(source).exists()


def load_named(name: str) -> Dataset:
    """Return the data set with a name."""
    return BUILT_IN[name]() if name in BUILT_IN else sklearn_sets.load(name)


def check_finite(path: object, values: NDArray[Any], name: str = "") -> None:
    """Raise InputError for NaN or infinity in values (N, C) of a file, or of its array `name`."""
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        row, column = (int(i) for i in np.argwhere(~np.isfinite(values))[0])
        at = f"at row {row + 1} of the {name}" if name else f"at row {row + 1}, column {column + 1}"
        raise InputError(f"{path}: expected a finite number {at}, got {values[row, column]}")


def _of_arrays(path: Path, x: NDArray[Any], y: NDArray[Any], task: str) -> Dataset:
    """Return a data set of finite numbers, with classes or values as its target."""
    pixels = x.dtype == np.uint8
    x = numpy_files.as_numbers(path, x, "x")
    if len(x) != len(y):
        raise InputError(f"{path}: expected one target for each row, got {len(y)} targets for {len(x)} rows")
    if x.size == 0:
        raise InputError(f"{path}: expected rows and features, got shape {x.shape}")
    check_finite(path, x)
    if y.dtype.kind == "f":
        check_finite(path, y.reshape(len(y), -1), name="target")
    notes: list[str] = []
    texts = y.dtype.kind == "U"
    if task == "auto" and not texts:
        task = target_reading.guess_task(y) if y.ndim == 1 else "values"
        if y.ndim == 1 and target_reading.is_whole(y):
            notes = [target_reading.task_note("target", task, len(np.unique(y)), len(y))]
    if task == "values":
        if texts:
            raise InputError(f"{path}: expected numbers in the target, got texts; train on classes instead")
        values = np.asarray(y, np.float64).reshape(len(y), -1)
        return Dataset(str(path), x, values, pixels=pixels, notes=tuple(notes))
    if y.ndim != 1:
        what = f"{path}: expected one class for each row, got {y.shape[1]} targets"
        raise InputError(what, f"use {option('task', 'values')}")
    labels, classes = class_labels.integer_labels(y, path)
    return Dataset(str(path), x, labels, classes, pixels=pixels, notes=tuple(notes))
