"""Loading of data sets from files and folders, and of named data sets."""

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

from ..core import checks
from ..core.errors import InputError
from . import delimited, idx, parquet, sklearn_sets
from .dataset import Dataset
from .synthetic import BUILT_IN

__all__ = ["Model", "is_named", "load", "load_for"]

MOST_CLASSES = 20  # a column with more distinct integers holds values, unless `task` is "classes"
TASKS = ("auto", "classes", "values")
ZIP_FAULTS = (zipfile.BadZipFile, NotImplementedError, RuntimeError)  # the last two: a damaged flag


class Model(Protocol):
    """The attributes of a model that `load_for` uses."""

    sizes: list[int]
    loss: str
    classes: list[Any] | None
    features: list[str] | None
    target: str | None
    target_column: int | None

    @property
    def predicts_values(self) -> bool:
        """Whether the model is a regression."""


def load(source: str | os.PathLike[str], *, target: str | int | None = None, task: str = "auto") -> Dataset:
    """Read a data set to train on.

    Parameters
    ----------
    source : path or name
        Delimited text, gzipped or not, .parquet, .npz with x and y, .npy, or a folder of IDX files, gzipped or not
        (the train part is read). It can also be a built-in data set, "pipeline" or "noisy", or one of scikit-learn's:
        "breast_cancer", "diabetes", "digits", "iris", "wine".
    target : str or int, optional
        Name of the target column, or its number from 1 (-1 is the last, the default). Only tables have a choice: other
        sources have a fixed target.
    task : str
        "classes", "values" or "auto". With "auto", IDX labels, texts and up to 20 distinct integers are classes.

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
    checks.choice(task, "task", TASKS)
    path, kind = _kind(source)
    if target is not None and kind not in ("npy", "parquet", "text"):
        raise InputError(f"{path}: this source has its own target; do not choose a target column")
    if kind == "built-in":
        dataset = _load_named(str(source))
        if task not in ("auto", "values" if dataset.classes is None else "classes"):
            content = "values" if dataset.classes is None else "classes"
            raise InputError(f"{source}: the target of this data set holds {content}; do not train on {task}")
        return dataset
    if kind == "idx":
        x, labels = idx.read_part(path, "train")
        return _dataset(path, x, labels, "classes" if task == "auto" else task, pixels=x.dtype == np.uint8)
    if kind == "npz":
        arrays = _npz(path)
        if "y" not in arrays:
            raise InputError(f"{path}: expected an array y to train on, got only {', '.join(arrays)}")
        return _dataset(path, arrays["x"], arrays["y"], task, pixels=arrays["x"].dtype == np.uint8)
    if kind == "npy":
        table = _npy(path)
        column = delimited.position(path, target, table.shape[1])
        _check_finite(path, table)
        return _dataset(path, np.delete(table, column, 1), table[:, column], task, target_column=column)
    text = _table(path, kind)
    if text.width < 2:
        raise InputError(f"{path}: expected at least one feature and a target, got one column; check the delimiter")
    column = text.position(target)
    others = [c for c in range(text.width) if c != column]
    names = {"features": [text.names[c] for c in others], "target": text.names[column]} if text.names else {}
    cells = text.texts(column)
    if all(map(delimited.is_number, cells)):
        y = text.values([column])[:, 0] if kind == "text" else np.array(cells, np.float64)
    else:
        y = np.array(cells)
        _check_texts(text, column, cells, task)
    return _dataset(path, text.values(others), y, task, target_column=column, **names)


def load_for(model: Model, source: str | os.PathLike[str], *, need_target: bool = True) -> Dataset:
    """Read a data set to evaluate a model on, or to predict from if `need_target` is false.

    Columns are matched by name if the model and the data both have names, else by position. The target is optional if
    `need_target` is false. The test part of an IDX folder is read. Raises ValueError like `load`.

    Examples
    --------
    >>> net = nd.MLP([20, 8, 3])
    >>> nd.data.load_for(net, "pipeline").x.shape
    (1000, 20)
    """
    path, kind = _kind(source)
    classes = _classes(model)
    columns: list[int] | None = None
    lines: list[int] | None = None
    y: NDArray[Any] | None
    if kind == "built-in":
        built_in = _load_named(str(source))
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
        columns, target = _columns(model, path, table.shape[1], None, need_target)
        x, y = table[:, columns], None if target is None else table[:, target]
    else:
        text = _table(path, kind)
        lines = text.numbers
        columns, target = _columns(model, path, text.width, text.names, need_target)
        x, y = text.values(columns), None
        if target is not None and need_target:
            y = np.array(text.texts(target)) if classes else text.values([target])
    if x.shape[1] != model.sizes[0]:
        raise InputError(f"{path}: expected {model.sizes[0]} features as in training, got {x.shape[1]}")
    if len(x) == 0:
        raise InputError(f"{path}: expected at least one row, got none")
    _check_finite(path, x, columns)
    if not need_target or y is None:
        if need_target:
            raise InputError(f"{path}: expected an array y to compare with, got none")
        return Dataset(str(source), x, None, classes)
    if classes is not None:
        return Dataset(str(source), x, _class_numbers(path, y, classes, lines), classes)
    if y.dtype.kind == "U":
        raise InputError(f"{path}: expected numbers in the target, because the model predicts values, got texts")
    values = np.asarray(y, np.float64).reshape(len(y), -1)
    _check_finite(path, values, name="target")
    return Dataset(str(source), x, values)


# ---------------------------------------------------------------- sources


def _kind(source: str | os.PathLike[str]) -> tuple[Path, str]:
    """Return the path of a source and its kind, after checking that it can be read."""
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
        raise InputError(f"{path}: no such file or folder; check the path")
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the file is empty")
    return path, {".npz": "npz", ".npy": "npy", ".parquet": "parquet"}.get(path.suffix, "text")


def is_named(source: str) -> bool:
    """Return whether a source is the name of a data set. A file or folder of the same name takes precedence."""
    return (source in BUILT_IN or source in sklearn_sets.NAMES) and not Path(source).exists()


def _load_named(name: str) -> Dataset:
    """Return the data set with a name."""
    return BUILT_IN[name]() if name in BUILT_IN else sklearn_sets.load(name)


def _table(path: Path, kind: str) -> delimited.Table | parquet.Table:
    """Read a table of named or numbered columns."""
    return parquet.read(path) if kind == "parquet" else delimited.read(path)


def _npz(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays x and y, if it is there, of an .npz file."""
    arrays = _read_numpy(path)
    if not isinstance(arrays, dict) or "x" not in arrays:
        content = ", ".join(arrays) if isinstance(arrays, dict) else "one array"
        raise InputError(f"{path}: expected arrays x and y, got {content}")
    x = _numbers(path, arrays["x"], "x")
    if x.ndim < 2:
        raise InputError(f"{path}: expected x of shape (rows, features), got {x.shape}")
    arrays["x"] = x.reshape(len(x), math.prod(x.shape[1:]))
    if "y" in arrays:
        arrays["y"] = _target(path, arrays["y"], len(x))
    return arrays


def _target(path: Path, y: NDArray[Any], rows: int) -> NDArray[Any]:
    """Return y as labels, texts or values (rows,), or as values (rows, outputs)."""
    if y.dtype.kind not in "biufU":
        raise InputError(f"{path}: expected numbers or texts in y, got {y.dtype}")
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim not in (1, 2) or len(y) != rows or (y.ndim == 2 and y.dtype.kind == "U"):
        raise InputError(f"{path}: expected y of shape ({rows},), one for each row of x, got {y.shape}")
    return y


def _npy(path: Path) -> NDArray[Any]:
    """Return the table in an .npy file."""
    table = _read_numpy(path)
    if isinstance(table, dict) or table.ndim != 2:
        content = "several arrays" if isinstance(table, dict) else f"shape {table.shape}"
        raise InputError(f"{path}: expected one array of shape (rows, columns), got {content}")
    return _numbers(path, table, "the table")


def _read_numpy(path: Path) -> dict[str, NDArray[Any]] | NDArray[Any]:
    """Return the array of an .npy file, or the arrays of an .npz file."""
    try:
        with open(path, "rb") as file:
            content = np.load(file, allow_pickle=False)
            if isinstance(content, np.ndarray):
                return content
            with content:
                return {name: content[name] for name in content.files}
    except (ValueError, TypeError, EOFError, OSError, zlib.error, tokenize.TokenError, *ZIP_FAULTS) as error:
        raise InputError(f"{path}: the file is truncated, damaged or not in NumPy's format ({error})") from None
    except MemoryError as error:
        raise InputError(f"{path}: the file is damaged or larger than the memory ({error})") from None


def _numbers(path: Path, array: NDArray[Any], name: str) -> NDArray[Any]:
    """Return an array in uint8, float32 or float64."""
    if array.dtype.kind not in "biuf":
        raise InputError(f"{path}: expected numbers in {name}, got {array.dtype}")
    if array.dtype in (np.uint8, np.float32, np.float64):
        return array
    return array.astype(np.float64)


# ---------------------------------------------------------------- targets


def _dataset(
    path: Path,
    x: NDArray[Any],
    y: NDArray[Any],
    task: str,
    **names: Any,
) -> Dataset:
    """Return a data set of finite numbers, with classes or values as its target. `names` are `Dataset`'s fields."""
    x = _numbers(path, x, "x")
    if len(x) != len(y):
        raise InputError(f"{path}: expected one target for each row, got {len(y)} targets for {len(x)} rows")
    if x.size == 0:
        raise InputError(f"{path}: expected rows and features, got shape {x.shape}")
    _check_finite(path, x)
    if y.dtype.kind == "f":
        _check_finite(path, y.reshape(len(y), -1), name="target")
    values = np.unique(y)
    integral = values.dtype.kind != "U" and y.ndim == 1 and bool((values == np.floor(values)).all())
    if task == "values" or (
        task == "auto" and values.dtype.kind != "U" and not (integral and len(values) <= MOST_CLASSES)
    ):
        if values.dtype.kind == "U":
            raise InputError(f"{path}: expected numbers in the target, got texts; train on classes instead")
        return Dataset(str(path), x, np.asarray(y, np.float64).reshape(len(y), -1), None, **names)
    if values.dtype.kind != "U" and not integral:
        raise InputError(f"{path}: expected integers as classes in the target, got fractions; train on values instead")
    classes = [str(v) if values.dtype.kind == "U" else int(v) for v in values]
    if len(classes) < 2:
        raise InputError(f"{path}: expected at least two classes in the target, got one ({classes[0]})")
    return Dataset(str(path), x, np.searchsorted(values, y).astype(np.int64), classes, **names)


def _check_texts(text: delimited.Table | parquet.Table, column: int, cells: list[str], task: str) -> None:
    """Raise InputError for a stray text in a column of numbers, and for texts that are names and not classes."""
    stray = [(number, cell) for number, cell in zip(text.numbers, cells, strict=True) if not delimited.is_number(cell)]
    if task == "values" or 2 * len(stray) < len(cells):
        number, cell = stray[0]
        raise InputError(
            f"{text.path}: expected a number at row {number}, {text.column_name(column)}, got text {cell!r}"
        )
    different = len(set(cells))
    if 2 * different > len(cells) and different > MOST_CLASSES:
        raise InputError(
            f"{text.path}: expected classes in {text.column_name(column)}, got {different} different texts in "
            f"{len(cells)} rows; choose another target"
        )


def _check_finite(path: Path, values: NDArray[Any], columns: list[int] | None = None, name: str = "") -> None:
    """Raise InputError for NaN or infinity in values (N, C). `columns` are their columns in the file (0, 1, ...)."""
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        row, column = (int(i) for i in np.argwhere(~np.isfinite(values))[0])
        position = column if columns is None else columns[column]
        at = f"at row {row + 1} of the {name}" if name else f"at row {row + 1}, column {position + 1}"
        raise InputError(f"{path}: expected a finite number {at}, got {values[row, column]}")


def _classes(model: Model) -> list[Any] | None:
    """Return a model's classes, or their numbers if they have no names."""
    if model.classes is not None or model.predicts_values:
        return model.classes
    return list(range(model.sizes[-1])) if model.loss == "cross_entropy" else [0, 1] if model.sizes[-1] == 1 else None


def _class_numbers(
    path: Path, y: NDArray[Any], classes: list[Any], lines: list[int] | None = None
) -> NDArray[np.int64]:
    """Return the class numbers of labels. InputError names the first unknown class and its row, from `lines`."""
    names = delimited.listing(classes)
    if y.ndim != 1:
        raise InputError(f"{path}: expected one of the model's classes {names} in each row, got {y.shape[1]} targets")
    if isinstance(classes[0], str):
        labels = [str(label) for label in y]
    else:
        try:
            labels = [float(label) for label in y]  # type: ignore[misc]
        except ValueError:
            raise InputError(f"{path}: expected the model's classes {names} in the target, got texts") from None
    numbers = {label: number for number, label in enumerate(classes)}
    try:
        return np.array([numbers[label] for label in labels], np.int64)
    except KeyError:
        row, label = next((row, label) for row, label in enumerate(labels) if label not in numbers)
        line = lines[row] if lines else row + 1
        raise InputError(f"{path}: class {label!r} at row {line} is not a class of the model: {names}") from None


# ---------------------------------------------------------------- columns for a model


def _columns(
    model: Model, path: Path, width: int, names: list[str] | None, need_target: bool
) -> tuple[list[int], int | None]:
    """Return the positions of the model's features and of its target, or None if the table has no target."""
    if names and model.features:
        missing = [name for name in model.features if name not in names]
        if missing:
            raise InputError(f"{path}: there is no column {missing[0]!r}; the model was trained on it")
        target = names.index(model.target) if model.target in names else None
        if target is None and need_target:
            raise InputError(f"{path}: there is no column {model.target!r}; it is the model's target")
        return [names.index(name) for name in model.features], target
    inputs = model.sizes[0]
    if width == inputs and not need_target:
        return list(range(width)), None
    if width != inputs + 1:
        also = f" (or {inputs} without the target)" if not need_target else ""
        raise InputError(
            f"{path}: expected {inputs + 1} columns, the model's {inputs} features and the target{also}, got {width}"
        )
    target = inputs if model.target_column is None else model.target_column
    return [c for c in range(width) if c != target], target
