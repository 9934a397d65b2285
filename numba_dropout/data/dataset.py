"""Data sets: features, a target, and their names."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import random
from ..core.errors import InputError
from .columns.encoder import ColumnEncoder
from .table import Table

if TYPE_CHECKING:
    from .table_options import TableOptions

__all__ = ["Dataset", "parts", "split", "standardization", "subset"]

CONSTANT = 1e-12  # a column is constant if its standard deviation is at most this multiple of its mean


@dataclass(frozen=True)
class Dataset:
    """Features and an optional target, one row for each example.

    x (N, C) uint8, float32 or float64. y: class numbers (N,) int64 if `classes` names the classes, else values (N, K)
    float64, or None without a target. `features` and `target` are the optional names of the columns, `target_column`
    the optional position of the target, from 0. `pixels` is true if x holds the bytes of images.

    A data set of a table also has its rows as they were read, `table`, the `options` of reading, and the `encoder` that
    made x of them, which learnt from these rows, until `encoded_by` replaces it. `target_names` are the columns of
    several targets, and `labels` is true if they hold labels 0 and 1. `weights` (N,) are the rows' weights. `notes` say
    in a line each what was guessed or left out.

    Examples
    --------
    >>> data = nd.data.Dataset("mine", np.array([[1.0, 5.0], [3.0, 5.0]]), np.array([0, 1]), classes=["no", "yes"])
    >>> offset, scale = data.scaling()
    >>> (data.x - offset) * scale
    array([[-1.,  0.],
           [ 1.,  0.]])
    """

    source: str
    x: NDArray[Any]
    y: NDArray[Any] | None
    classes: list[Any] | None = None
    features: list[str] | None = None
    target: str | None = None
    target_column: int | None = None
    pixels: bool = False
    table: Table | None = None
    options: TableOptions | None = None
    encoder: ColumnEncoder | None = None
    target_names: list[str] | None = None
    labels: bool = False
    weights: NDArray[np.float64] | None = None
    notes: tuple[str, ...] = ()

    def targets(self) -> NDArray[Any]:
        """Return y. Without a target, raise InputError."""
        if self.y is None:
            raise InputError(f"{self.source}: expected data with a target, got features only")
        return self.y

    def rows(self, index: NDArray[np.int64]) -> Dataset:
        """Return the data set of the rows at the positions `index`, with the same encoder."""
        return replace(
            self,
            x=self.x[index],
            y=None if self.y is None else self.y[index],
            table=None if self.table is None else self.table.rows(index),
            weights=None if self.weights is None else self.weights[index],
        )

    def ids(self) -> list[tuple[str, list[Any]]]:
        """Return the names and cells of the columns that identify rows, those that the table has."""
        if self.table is None or self.encoder is None:
            return []
        table, result = self.table, []
        named = table.names or []
        learnt = {column.name for column in self.encoder.columns}
        by_position = table.width == self.encoder.width and not learnt.intersection(named)
        for plan in self.encoder.plans:
            if plan.kind == "id" and plan.name in named:
                result.append((plan.name, table.texts(named.index(plan.name))))
            elif plan.kind == "id" and by_position:
                result.append((plan.name, table.texts(plan.position)))
        return result

    def encoded(self) -> Dataset:
        """Return the data set with features that an encoder learnt from its own rows, if it comes from a table."""
        if self.table is None or self.encoder is None or self.options is None:
            return self
        encoder = ColumnEncoder(self.options.columns).fit(self.table, self.encoder.plans)
        return self.encoded_by(encoder)

    def encoded_by(self, encoder: ColumnEncoder | None) -> Dataset:
        """Return the data set with features made by another encoder. Its notes are those of the encoder."""
        if self.table is None or encoder is None:
            return self
        result = encoder.transform(self.table)
        names = list(encoder.names) if self.table.names else None
        return replace(self, x=result.x, encoder=encoder, features=names, notes=tuple(result.notes))

    def scaling(self, method: str = "auto") -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return offset and scale (C,): the scaled features are (x - offset) * scale.

        "features" gives each column mean 0 and standard deviation 1 (a constant column is only centered). "pixels" maps
        0 to 255 onto 0 to 1. "none" changes nothing. "auto" is "pixels" for images, else "features". Raise
        ValueError for another name and for numbers that are too large to be scaled.
        """
        columns = self.x.shape[1]
        if method == "auto":
            method = "pixels" if self.pixels else "features"
        if method == "features":
            offset, scale = standardization(self.x, f"{self.source}: feature")
            return offset, scale if self.encoder is None else np.where(self.encoder.indicators, 1.0, scale)
        if method not in ("pixels", "none"):
            raise InputError(f"method: expected auto, features, pixels or none, got {method!r}")
        return np.zeros(columns), np.full(columns, 1.0 / 255.0 if method == "pixels" else 1.0)


def standardization(values: NDArray[Any], name: str = "feature") -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and reciprocal standard deviation (C,) of the columns of values (N, C), 1 for a constant column.

    Raises InputError for numbers that are too large. The message calls a column `name` and its number from 1.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        mean = values.mean(0, dtype=np.float64)
        deviation = values.std(0, dtype=np.float64)
    if not np.isfinite(deviation).all():
        column = int(np.flatnonzero(~np.isfinite(deviation))[0])
        raise InputError(f"{name} {column + 1}: the numbers are too large to be scaled; divide them by a constant")
    varies = deviation > CONSTANT * np.abs(mean)
    return mean, 1.0 / np.where(varies, deviation, 1.0)


def split(data: Dataset, fraction: float, *, seed: int, name: str = "fraction") -> tuple[Dataset, Dataset]:
    """Return a training part and a validation part with a fraction of the rows, drawn with the seed.

    fraction : between 0 and 1, exclusive. Raise ValueError if a part is empty. The message calls the fraction `name`.
    seed : `0..2**64-1`.

    Examples
    --------
    >>> train, test = nd.data.split(nd.data.load("pipeline"), 0.2, seed=0)
    >>> train.x.shape, test.x.shape
    ((800, 20), (200, 20))
    """
    train, held_out = parts(len(data.x), fraction, seed=seed, name=name)
    return data.rows(train), data.rows(held_out)


def parts(
    rows: int, fraction: float, *, seed: int, repeat: int = 0, name: str = "fraction"
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the sorted row numbers of the training part and of the held-out fraction, drawn with the seed."""
    if not isinstance(fraction, float | int | np.number) or not 0.0 < fraction < 1.0:
        raise InputError(f"{name}: expected a number between 0 and 1, got {fraction!r}")
    held_out = round(rows * fraction)
    if not 0 < held_out < rows:
        raise InputError(f"{name}: expected a number that leaves rows in both parts, got {fraction:g} of {rows} rows")
    order = random.permutation(rows, "splitting", seed=seed, step=repeat)
    return np.sort(order[held_out:]), np.sort(order[:held_out])


def subset(data: Dataset, rows: int, *, seed: int) -> Dataset:
    """Return `rows` rows of a data set, drawn with the seed, in their original order."""
    if not 0 < rows <= len(data.x):
        raise InputError(f"rows: expected 1 to {len(data.x)}, got {rows}")
    order = random.permutation(len(data.x), "splitting", seed=seed, step=1)
    return data.rows(np.sort(order[:rows]))
