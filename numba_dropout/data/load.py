"""Find out what a source is, and make a data set of it."""

from __future__ import annotations

import math
import os
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..core.errors import InputError
from . import delimited, idx, parquet, sklearn_sets
from .dataset import Dataset
from .synthetic import BUILT_IN

__all__ = ["Model", "is_named", "load", "load_for"]

MOST_CLASSES = 20  # a column of more different integers is taken for values, unless `task` says otherwise
TASKS = ("auto", "classes", "values")
ZIP_FAULTS = (zipfile.BadZipFile, NotImplementedError, RuntimeError)  # the last two: a flag is damaged


class Model(Protocol):
    """What reading for a model needs to know of it."""

    sizes: list[int]
    loss: str
    classes: list[Any] | None
    features: list[str] | None
    target: str | None
    target_column: int | None


def load(source: str | os.PathLike[str], *, target: str | int | None = None, task: str = "auto") -> Dataset:
    """Read a data set to train on.

    Parameters
    ----------
    source : path, or the name of a set
        Delimited text, .parquet, .npz with x and y, .npy, a folder of IDX files (their train part), each gzipped or not
        where that is usual; or a built-in set, "pipeline" or "noisy", or one that comes with scikit-learn:
        "breast_cancer", "diabetes", "digits", "iris", "wine".
    target : str or int, optional
        The target's column, by name or by number from 1 on (-1 is the last, the default). For
        tables only: the other sources say themselves what the target is.
    task : str
        "classes", "values", or "auto": labels of IDX files, texts, and up to 20 different integers are classes.

    Raises
    ------
    ValueError
        The source is missing, damaged, ragged, not finite, or does not hold such a target; the message says where.

    Examples
    --------
    >>> data = nd.data.load("pipeline")  # a built-in set
    >>> data.x.shape, data.y[:6]
    ((1000, 20), array([0, 1, 2, 0, 1, 2]))
    """
    if task not in TASKS:
        raise InputError(f"task: expected one of {', '.join(TASKS)}, got {task!r}")
    path, kind = _kind(source)
    if target is not None and kind not in ("npy", "parquet", "text"):
        raise InputError(f"{path}: a target can be chosen in a table only; this source has its own")
    if kind == "built-in":
        found = _named(str(source))
        if task not in ("auto", "values" if found.classes is None else "classes"):
            there = "values" if found.classes is None else "classes"
            raise InputError(f"{source}: expected {there}, which the set has, got the task {task}")
        return found
    if kind == "idx":
        x, labels = idx.read_part(path, "train")
        return _finished(path, x, labels, "classes" if task == "auto" else task, pixels=x.dtype == np.uint8)
    if kind == "npz":
        arrays = _npz(path)
        if "y" not in arrays:
            raise InputError(f"{path}: there is no array y in it to train on, only {', '.join(arrays)}")
        return _finished(path, arrays["x"], arrays["y"], task, pixels=arrays["x"].dtype == np.uint8)
    if kind == "npy":
        table = _npy(path)
        column = delimited.position(path, target, table.shape[1])
        _check_finite(path, table)
        return _finished(path, np.delete(table, column, 1), table[:, column], task, target_column=column)
    text = _table(path, kind)
    if text.width < 2:
        raise InputError(f"{path}: expected at least one feature and a target, got one column")
    column = text.position(target)
    others = [c for c in range(text.width) if c != column]
    names = {"features": [text.names[c] for c in others], "target": text.names[column]} if text.names else {}
    cells = text.texts(column)
    if all(map(delimited.is_number, cells)):
        y = text.values([column])[:, 0] if kind == "text" else np.array(cells, np.float64)
    else:
        y = np.array(cells)
        _check_texts(text, column, cells, task)
    return _finished(path, text.values(others), y, task, target_column=column, **names)


def load_for(model: Model, source: str | os.PathLike[str], *, need_target: bool = True) -> Dataset:
    """Read a data set to evaluate a model on, or, without `need_target`, to predict from.

    Columns are found by the names the model was trained on, where both have names, else by position; the target may
    be missing where it is not needed. IDX folders give their test part. Raises ValueError like `load`.

    Examples
    --------
    >>> net = nd.MLP([20, 8, 3])
    >>> nd.data.load_for(net, "pipeline").x.shape
    (1000, 20)
    """
    path, kind = _kind(source)
    classes = _classes(model)
    places: list[int] | None = None
    lines: list[int] | None = None
    y: NDArray[Any] | None
    if kind == "built-in":
        built_in = _named(str(source))
        x, y = built_in.x, built_in.y
        if built_in.classes is not None and y is not None:
            y = np.asarray(built_in.classes)[y]
    elif kind == "idx":
        x, y = idx.read_part(path, "test")
    elif kind == "npz":
        arrays = _npz(path)
        x, y = arrays["x"], arrays.get("y")
    elif kind == "npy":
        table = _npy(path)
        places, column = _places(model, path, table.shape[1], None, need_target)
        x, y = table[:, places], None if column is None else table[:, column]
    else:
        text = _table(path, kind)
        lines = text.numbers
        places, column = _places(model, path, text.width, text.names, need_target)
        x, y = text.values(places), None
        if column is not None and need_target:
            y = np.array(text.texts(column)) if classes else text.values([column])
    if x.shape[1] != model.sizes[0]:
        raise InputError(f"{path}: {x.shape[1]} features, where the model was trained on {model.sizes[0]}")
    if len(x) == 0:
        raise InputError(f"{path}: there are no rows in it")
    _check_finite(path, x, places)
    if not need_target or y is None:
        if need_target:
            raise InputError(f"{path}: there is no target to compare with")
        return Dataset(str(source), x, None, classes)
    if classes is not None:
        return Dataset(str(source), x, _class_numbers(path, y, classes, lines), classes)
    if y.dtype.kind == "U":
        raise InputError(f"{path}: text in the target, where the model gives values")
    values = np.asarray(y, np.float64).reshape(len(y), -1)
    _check_finite(path, values, what="target")
    return Dataset(str(source), x, values)


# ---------------------------------------------------------------- sources


def _kind(source: str | os.PathLike[str]) -> tuple[Path, str]:
    path = Path(source)
    if is_named(str(source)):
        return path, "built-in"
    if path.is_dir():
        if not idx.is_folder(path):
            raise InputError(
                f"{path}: expected a file, or a folder of IDX files (train-images*, ...), got another folder"
            )
        return path, "idx"
    if not path.exists():
        raise InputError(f"{path}: no such file or folder")
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the file is empty")
    return path, {".npz": "npz", ".npy": "npy", ".parquet": "parquet"}.get(path.suffix, "text")


def is_named(source: str) -> bool:
    """Return whether a source is the name of a set; a file or folder of that name comes first."""
    return (source in BUILT_IN or source in sklearn_sets.NAMES) and not Path(source).exists()


def _named(name: str) -> Dataset:
    """Return a set by its name."""
    return BUILT_IN[name]() if name in BUILT_IN else sklearn_sets.load(name)


def _table(path: Path, kind: str) -> delimited.Table | parquet.Table:
    """Read a table of named or numbered columns."""
    return parquet.read(path) if kind == "parquet" else delimited.read(path)


def _npz(path: Path) -> dict[str, NDArray[Any]]:
    arrays = _read_numpy(path)
    if not isinstance(arrays, dict) or "x" not in arrays:
        there = ", ".join(arrays) if isinstance(arrays, dict) else "one array"
        raise InputError(f"{path}: expected arrays x and y, got {there}")
    x = _numbers(path, arrays["x"], "x")
    if x.ndim < 2:
        raise InputError(f"{path}: expected x of shape (rows, features), got {x.shape}")
    arrays["x"] = x.reshape(len(x), math.prod(x.shape[1:]))
    if "y" in arrays:
        arrays["y"] = _target(path, arrays["y"], len(x))
    return arrays


def _target(path: Path, y: NDArray[Any], rows: int) -> NDArray[Any]:
    """Return y as labels or values (rows,), texts among them, or values (rows, outputs)."""
    if y.dtype.kind not in "biufU":
        raise InputError(f"{path}: expected numbers or texts in y, got {y.dtype}")
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim not in (1, 2) or len(y) != rows or (y.ndim == 2 and y.dtype.kind == "U"):
        raise InputError(f"{path}: expected y of shape ({rows},), one for each row of x, got {y.shape}")
    return y


def _npy(path: Path) -> NDArray[Any]:
    table = _read_numpy(path)
    if isinstance(table, dict) or table.ndim != 2:
        raise InputError(f"{path}: expected one table (rows, columns), got something else")
    return _numbers(path, table, "the table")


def _read_numpy(path: Path) -> dict[str, NDArray[Any]] | NDArray[Any]:
    try:
        with open(path, "rb") as file:
            content = np.load(file, allow_pickle=False)
            if isinstance(content, np.ndarray):
                return content
            with content:
                return {name: content[name] for name in content.files}
    except (ValueError, TypeError, EOFError, OSError, zlib.error, tokenize.TokenError, *ZIP_FAULTS) as error:
        raise InputError(f"{path}: truncated, damaged or not a file of NumPy's ({error})") from None
    except MemoryError as error:
        raise InputError(f"{path}: damaged, or larger than the memory ({error})") from None


def _numbers(path: Path, array: NDArray[Any], name: str) -> NDArray[Any]:
    if array.dtype.kind not in "biuf":
        raise InputError(f"{path}: expected numbers in {name}, got {array.dtype}")
    if array.dtype in (np.uint8, np.float32, np.float64):
        return array
    return array.astype(np.float64)


# ---------------------------------------------------------------- targets


def _finished(
    path: Path,
    x: NDArray[Any],
    y: NDArray[Any],
    task: str,
    **names: Any,
) -> Dataset:
    """Check the numbers, and settle whether the target is classes or values; `names` go into the set as they are."""
    x = _numbers(path, x, "x")
    if len(x) != len(y):
        raise InputError(f"{path}: {len(x)} rows of features and {len(y)} of the target")
    if x.size == 0:
        raise InputError(f"{path}: there are no rows, or no features, in it")
    _check_finite(path, x)
    if y.dtype.kind == "f":
        _check_finite(path, y.reshape(len(y), -1), what="target")
    values = np.unique(y)
    whole = values.dtype.kind != "U" and y.ndim == 1 and bool((values == np.floor(values)).all())
    if task == "values" or (
        task == "auto" and values.dtype.kind != "U" and not (whole and len(values) <= MOST_CLASSES)
    ):
        if values.dtype.kind == "U":
            raise InputError(f"{path}: text where a number belongs in the target")
        return Dataset(str(path), x, np.asarray(y, np.float64).reshape(len(y), -1), None, **names)
    if values.dtype.kind != "U" and not whole:
        raise InputError(f"{path}: the target holds fractions, which cannot be classes; train on values instead")
    classes = [str(v) if values.dtype.kind == "U" else int(v) for v in values]
    if len(classes) < 2:
        raise InputError(f"{path}: the target has one class only ({classes[0]}); at least two are needed")
    return Dataset(str(path), x, np.searchsorted(values, y).astype(np.int64), classes, **names)


def _check_texts(text: delimited.Table | parquet.Table, column: int, cells: list[str], task: str) -> None:
    """Refuse a column of numbers with a stray text in it, and texts that are names rather than classes."""
    stray = [(number, cell) for number, cell in zip(text.numbers, cells, strict=True) if not delimited.is_number(cell)]
    if task == "values" or 2 * len(stray) < len(cells):
        number, cell = stray[0]
        raise InputError(
            f"{text.path}: text {cell!r} where a number belongs at row {number}, {text.column_name(column)}"
        )
    different = len(set(cells))
    if 2 * different > len(cells) and different > MOST_CLASSES:
        raise InputError(
            f"{text.path}: {text.column_name(column)} has {different} different texts in {len(cells)} rows, which are "
            "no classes; choose another target"
        )


def _check_finite(path: Path, values: NDArray[Any], places: list[int] | None = None, what: str = "") -> None:
    """Refuse NaN and infinity in values (rows, columns), whose places in the file are these, or 0, 1, ..."""
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        row, column = (int(i) for i in np.argwhere(~np.isfinite(values))[0])
        place = column if places is None else places[column]
        where = f"at row {row + 1}, {what or f'column {place + 1}'}"
        raise InputError(f"{path}: {values[row, column]} {where}; numbers must be finite")


def _classes(model: Model) -> list[Any] | None:
    """Return a model's classes: their numbers where it was given no names."""
    if model.classes is not None or model.loss == "mse":
        return model.classes
    return list(range(model.sizes[-1])) if model.loss == "cross_entropy" else [0, 1] if model.sizes[-1] == 1 else None


def _class_numbers(
    path: Path, y: NDArray[Any], classes: list[Any], lines: list[int] | None = None
) -> NDArray[np.int64]:
    """Return the class numbers of labels, on these lines of a file; InputError for one the model has not seen."""
    there = delimited.listing(classes)
    if y.ndim != 1:
        raise InputError(f"{path}: {y.shape[1]} targets in a row, where the model knows the classes {there}")
    if isinstance(classes[0], str):
        given = [str(label) for label in y]
    else:
        try:
            given = [float(label) for label in y]  # type: ignore[misc]
        except ValueError:
            raise InputError(f"{path}: text in the target, where the model knows the numbers {there}") from None
    known = {label: number for number, label in enumerate(classes)}
    try:
        return np.array([known[label] for label in given], np.int64)
    except KeyError:
        row, label = next((row, label) for row, label in enumerate(given) if label not in known)
        place = lines[row] if lines else row + 1
        raise InputError(f"{path}: class {label!r} at row {place} is none of the model's: {there}") from None


# ---------------------------------------------------------------- columns for a model


def _places(
    model: Model, path: Path, width: int, names: list[str] | None, need_target: bool
) -> tuple[list[int], int | None]:
    """Return the positions of the model's features, and of its target where the table has one."""
    if names and model.features:
        missing = [name for name in model.features if name not in names]
        if missing:
            raise InputError(f"{path}: there is no column {missing[0]!r}, which the model was trained on")
        target = names.index(model.target) if model.target in names else None
        if target is None and need_target:
            raise InputError(f"{path}: there is no column {model.target!r}, the model's target")
        return [names.index(name) for name in model.features], target
    inputs = model.sizes[0]
    if width == inputs and not need_target:
        return list(range(width)), None
    if width != inputs + 1:
        also = f" (or {inputs} without the target)" if not need_target else ""
        raise InputError(
            f"{path}: {width} columns, where the model needs {inputs + 1}: {inputs} features and the target{also}"
        )
    position = inputs if model.target_column is None else model.target_column
    return [c for c in range(width) if c != position], position
