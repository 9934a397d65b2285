"""Data sets: features, a target, and their names."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import random
from ..core.errors import InputError

__all__ = ["Dataset", "split", "standardization", "subset"]

CONSTANT = 1e-12  # a column is constant if its standard deviation is at most this multiple of its mean


@dataclass(frozen=True)
class Dataset:
    """Features and an optional target, one row for each example.

    x (N, C) uint8, float32 or float64. y: class numbers (N,) int64 if `classes` names the classes, else values (N, K)
    float64, or None without a target. `features` and `target` are the optional names of the columns, `target_column`
    the optional position of the target, from 0. `pixels` is true if x holds the bytes of images.

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

    def targets(self) -> NDArray[Any]:
        """Return y. Without a target, raise InputError."""
        if self.y is None:
            raise InputError(f"{self.source}: expected data with a target, got features only")
        return self.y

    def rows(self, index: NDArray[np.int64]) -> Dataset:
        """Return the data set of the rows at the positions `index`."""
        return replace(self, x=self.x[index], y=None if self.y is None else self.y[index])

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
            return standardization(self.x)
        if method not in ("pixels", "none"):
            raise InputError(f"method: expected auto, features, pixels or none, got {method!r}")
        return np.zeros(columns), np.full(columns, 1.0 / 255.0 if method == "pixels" else 1.0)


def standardization(values: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and reciprocal standard deviation (C,) of the columns of values (N, C), 1 for a constant column."""
    with np.errstate(over="ignore", invalid="ignore"):
        mean = values.mean(0, dtype=np.float64)
        deviation = values.std(0, dtype=np.float64)
    if not np.isfinite(deviation).all():
        column = int(np.flatnonzero(~np.isfinite(deviation))[0])
        raise InputError(f"feature {column + 1}: the numbers are too large to be scaled; divide them by a constant")
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
    if not 0.0 < fraction < 1.0:
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
