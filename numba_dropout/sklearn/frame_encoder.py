"""Features of data frames with categories, dates or missing values, and of arrays with missing values."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_array

from ..arrays import frames
from ..core.errors import InputError
from ..data.columns import number
from ..data.columns.encoder import ColumnEncoder
from ..data.columns.kinds import kinds
from ..data.columns.options import ColumnOptions
from ..data.columns.plan import ColumnPlan
from ..data.columns.refused import CONTENTS
from ..data.readers.frame_tables import from_columns, from_frame
from ..data.table import Column, Table, shown

__all__ = ["FrameEncoder", "categorical_dtypes", "has_gaps", "needs_encoding"]

CATEGORIES = ("category", "categorical", "enum")  # prefixes of dtype names


class FrameEncoder:
    """Encoder of data frames as features of a network, learnt from the frame of `fit`, or of arrays.

    A column of a categorical dtype is a category, and the kinds of other columns follow from their cells. With a mask
    `categorical` (columns,), its columns are categories and all others are numbers. Numbers and dates are centered and
    divided by their standard deviation, and indicators of levels and of missing values are centered.

    Attributes
    ----------
    names : list of str
        Names of the features.
    """

    def __init__(self, x: Any, categorical: NDArray[np.bool_] | None = None) -> None:
        """Learn from a frame or an array. Raise ValueError naming the columns that are no data."""
        self._of_array = not frames.is_frame(x)
        self._categorical = categorical
        table = self._table(x)
        every = _named(table, np.ones(table.width, bool))  # also one that counts the rows
        if categorical is None:
            flags = np.zeros(table.width, bool) if self._of_array else categorical_dtypes(x)
            options = ColumnOptions(use=every, categorical=_named(table, flags), clip=False)
        else:
            flags = categorical if categorical.size else np.zeros(table.width, bool)
            options = ColumnOptions(
                use=every, categorical=_named(table, flags), numeric=_named(table, ~flags), clip=False
            )
            _check_numbers(table, np.flatnonzero(~flags), options)
        plans = kinds(table, options, refuse=False)
        refused = [plan for plan in plans if plan.kind == "refused"]
        if refused:
            columns = "; ".join(
                f"{plan.name!r} has {plan.reason}" if plan.reason in CONTENTS else plan.reason for plan in refused
            )
            raise ValueError(f"X: expected numbers, categories or dates; {columns}; convert or drop the columns")
        _warn_of_texts(table, plans, options)
        self._encoder = ColumnEncoder(options).fit(table, plans)
        x = self._encoder.transform(table).x
        if not x.shape[1]:
            raise ValueError("X: expected columns that vary, got only constant ones")
        self._mean = x.mean(0)
        deviation = x.std(0)
        varies = ~self._encoder.indicators & (deviation > 0)
        self._scale = 1 / np.where(varies, deviation, 1.0)
        self._gaps = {column.name for column in self._encoder.columns if column.gaps}

    @property
    def names(self) -> list[str]:
        """Names of the features."""
        return self._encoder.names

    def transform(self, frame: Any) -> NDArray[np.float32]:
        """Return the features (rows, features) of a frame or an array with the columns of `fit`.

        Warns of levels and missing values in columns that had none in `fit`.
        """
        try:
            encoded = self._encoder.transform(self._table(frame))
        except InputError as error:  # its remedy is an option that estimators do not have
            raise ValueError(error.problem) from None
        filled = {name: cells for name, cells in encoded.filled.items() if name not in self._gaps}
        for counts, what in ((encoded.unseen, "unknown levels"), (filled, "missing values")):
            for name, cells in counts.items():
                warnings.warn(f"X: {what} in column {name!r}, unlike in fit, in {cells} row(s)", stacklevel=5)
        return np.asarray((encoded.x - self._mean) * self._scale, np.float32)

    def _table(self, x: Any) -> Table:
        """Return the table of a frame or an array."""
        if self._of_array:
            dtype = np.float64 if self._categorical is None else None
            x = check_array(x, dtype=dtype, ensure_all_finite="allow-nan", input_name="X")
            return from_columns({f"x{i}": column for i, column in enumerate(x.T)}, "X")
        if not frames.is_frame(x):
            raise ValueError(f"X: expected a data frame with the columns of fit, got {type(x).__name__}")
        table = from_frame(x, "X")
        return table if self._categorical is None else _with_numbers(table, x, self._categorical)


def _with_numbers(table: Table, frame: Any, categorical: NDArray[np.bool_]) -> Table:
    """Return a table whose truth values with gaps are numbers, 1 for true, in columns that are no categories."""
    columns = list(table.columns)
    for position, dtype in enumerate(_dtypes(frame)):
        chosen = position < len(categorical) and categorical[position]
        if dtype.startswith("bool") and columns[position].cells.dtype.kind == "O" and not chosen:
            numbers = [np.nan if cell is None else float(cell == "True") for cell in columns[position].cells]
            columns[position] = Column(columns[position].name, np.array(numbers))
    return replace(table, columns=columns)


def _warn_of_texts(table: Table, plans: Sequence[ColumnPlan], options: ColumnOptions) -> None:
    """Warn of columns whose texts are all numbers, which are categories."""
    texts = []
    for plan in plans:
        is_text = plan.kind == "category" and table.columns[plan.position].cells.dtype.kind == "O"
        if is_text and plan.name not in options.categorical and number.read(table, plan.position, options)[1] is None:
            texts.append(plan.name)
    if texts:
        names = ", ".join(map(repr, texts))
        remedy = "convert them to numbers, or to a categorical dtype"
        warnings.warn(f"X: the texts of {names} are all numbers, and are read as categories; {remedy}", stacklevel=5)


def needs_encoding(x: Any) -> bool:
    """Return whether x is a data frame with texts, categories, dates or missing values, or an array with NaN."""
    if frames.is_frame(x) and len(x):
        numbers = (dtype.removeprefix("sparse[").startswith(frames.NUMBERS) for dtype in _dtypes(x))
        return not all(numbers) or has_gaps(x)
    return has_gaps(x)


def has_gaps(x: Any) -> bool:
    """Return whether x is a data frame with missing values, or an array with NaN and without infinity."""
    if isinstance(x, np.ndarray):
        return bool(x.ndim == 2 and x.dtype.kind == "f" and np.isnan(x).any() and not np.isinf(x).any())
    if not frames.is_frame(x) or not len(x):
        return False
    if hasattr(x, "get_columns"):  # polars
        return any(column.null_count() or (column.dtype.is_float() and column.is_nan().any()) for column in x)
    return bool(x.isna().to_numpy().any())


def categorical_dtypes(frame: Any) -> NDArray[np.bool_]:
    """Return which columns of a data frame have a categorical dtype."""
    return np.array([dtype.startswith(CATEGORIES) for dtype in _dtypes(frame)], bool)


def _dtypes(frame: Any) -> list[str]:
    """Return the name of the dtype, in lower case, of each column."""
    return [str(dtype).lower() for dtype in frame.dtypes]


def _named(table: Table, flags: NDArray[np.bool_]) -> list[str]:
    """Return the names of the columns of a table with a flag."""
    return [name for name, flag in zip(table.names or [], flags, strict=True) if flag]


def _check_numbers(table: Table, positions: NDArray[np.int64], options: ColumnOptions) -> None:
    """Raise ValueError for a cell that is no number."""
    for position in positions.tolist():
        strays = number.read(table, position, options)[1]
        if strays is not None:
            cell = table.texts(position)[int(np.argmax(strays))]
            raise ValueError(
                f"X: expected numbers in the columns that are not in categorical_features, got {shown(cell)} in "
                f"{table.column_name(position)}"
            )
