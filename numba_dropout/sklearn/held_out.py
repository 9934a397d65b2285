"""Held-out rows for early stopping."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

__all__ = ["split"]

Rows = tuple[Any, NDArray[Any], Any]  # X, the target, and sample weights or None


def split(rows: Rows, classes: NDArray[Any] | None, *, fraction: float, seed: int) -> tuple[Rows, Rows]:
    """Return the training rows and the held-out rows.

    The weights of the held-out rows are divided by a power of two, which leaves scores as they are and sums finite.
    Two `classes` have equal shares in both. So do more of them, where each has enough rows. Raise ValueError for one of
    two classes with a single row, for fewer than two held-out rows, and for weights of 0 only in one of the parts.
    """
    X, target, weight = rows
    index = np.arange(X.shape[0])
    strata = classes if classes is not None and _divides(classes, fraction) else None
    train, held_out = train_test_split(index, random_state=seed, test_size=fraction, stratify=strata)
    if len(held_out) < 2:
        raise ValueError("The validation set is too small. Increase 'validation_fraction' or the size of your dataset.")
    if weight is not None and not (weight[train].any() and weight[held_out].any()):
        raise ValueError("sample_weight: expected weights above 0 among the held-out rows and the training rows")
    first, second = ((X[part], target[part], None if weight is None else weight[part]) for part in (train, held_out))
    if weight is not None:
        _, exponent = np.frexp(np.abs(weight[held_out]).max())
        second = (*second[:2], np.ldexp(weight[held_out], -int(exponent)))
    return first, second


def _divides(classes: NDArray[Any], fraction: float) -> bool:
    """Return whether to stratify: two classes always, as scikit-learn does, more if they have enough rows."""
    _, counts = np.unique(classes, return_counts=True)
    if len(counts) <= 2:
        return True
    held_out = int(np.ceil(fraction * len(classes)))
    return bool(counts.min() >= 2) and min(held_out, len(classes) - held_out) >= len(counts)
