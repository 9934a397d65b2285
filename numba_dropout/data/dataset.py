"""What reading gives: features, a target, and what they are called."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import random
from ..core.errors import InputError

__all__ = ["Dataset", "some", "split", "standardization"]

CONSTANT = 1e-12  # a column whose deviation is below this share of its size does not vary


@dataclass(frozen=True)
class Dataset:
    """Rows of numbers with what is to be learnt from them.

    x (N, C) uint8, float32 or float64. y (N,) int64 class numbers where `classes` names them, else values (N, K)
    float64, or None where there is no target. `features` and `target` name the columns, `target_column` is the target's
    position counted from 0, where there are names and columns. `pixels` says that x holds bytes of an image.

    Examples
    --------
    >>> data = nd.data.Dataset("mine", np.array([[1.0, 5.0], [3.0, 5.0]]), np.array([0, 1]), classes=["no", "yes"])
    >>> shift, stretch = data.scaling()
    >>> (data.x - shift) * stretch
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
        """Return y; InputError where there is none."""
        if self.y is None:
            raise InputError(f"{self.source}: there is no target in it")
        return self.y

    def rows(self, index: NDArray[np.int64]) -> Dataset:
        """Return the set of some of the rows."""
        return replace(self, x=self.x[index], y=None if self.y is None else self.y[index])

    def scaling(self, how: str = "auto") -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return shift and stretch (C,) such that (x - shift) * stretch is scaled.

        "features": mean 0 and standard deviation 1 of each column (a constant one is only shifted); "pixels": 0 to
        1 from 0 to 255; "none"; "auto": pixels for images, else features. ValueError for another name, and for numbers
        that are too large to be scaled.
        """
        columns = self.x.shape[1]
        if how == "auto":
            how = "pixels" if self.pixels else "features"
        if how == "features":
            return standardization(self.x)
        if how not in ("pixels", "none"):
            raise InputError(f"how: expected auto, features, pixels or none, got {how!r}")
        return np.zeros(columns), np.full(columns, 1.0 / 255.0 if how == "pixels" else 1.0)


def standardization(values: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and reciprocal deviation (C,) of the columns of values (N, C); 1 for a constant column."""
    with np.errstate(over="ignore", invalid="ignore"):
        mean = values.mean(0, dtype=np.float64)
        deviation = values.std(0, dtype=np.float64)
    if not np.isfinite(deviation).all():
        column = int(np.flatnonzero(~np.isfinite(deviation))[0])
        raise InputError(f"the numbers of feature {column + 1} are too large to be scaled; divide them first")
    varies = deviation > CONSTANT * np.abs(mean)
    return mean, 1.0 / np.where(varies, deviation, 1.0)


def split(data: Dataset, fraction: float, *, seed: int, name: str = "fraction") -> tuple[Dataset, Dataset]:
    """Return a training and a validation part, the second a fraction of the rows drawn by the seed.

    fraction : between 0 and 1, and neither part is empty, or ValueError, which calls it `name`; seed : `0..2**64-1`.

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
    """Return the numbers of the rows to learn from and of a fraction to hold out, drawn by the seed, each in order."""
    if not 0.0 < fraction < 1.0:
        raise InputError(f"{name}: expected a number between 0 and 1, got {fraction!r}")
    held_out = round(rows * fraction)
    if not 0 < held_out < rows:
        raise InputError(f"{name}: {fraction:g} of {rows} rows leaves a part without rows")
    order = random.order(rows, "splitting", seed=seed, step=repeat)
    return np.sort(order[held_out:]), np.sort(order[:held_out])


def some(data: Dataset, rows: int, *, seed: int) -> Dataset:
    """Return so many of the rows, drawn by the seed, in their order."""
    if not 0 < rows <= len(data.x):
        raise InputError(f"rows: expected 1 to {len(data.x)}, got {rows}")
    order = random.order(len(data.x), "splitting", seed=seed, step=1)
    return data.rows(np.sort(order[:rows]))
