"""Weights of the training rows: from a column, and from their classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core import checks
from ..core.errors import InputError
from ..data.dataset import Dataset

__all__ = ["row_weights"]


def row_weights(train: Dataset, class_weight: str | Mapping[Any, float] | None) -> NDArray[np.float64] | None:
    """Return the product of the rows' weights and those of their classes (N,), or None if there are none.

    "balanced" weighs a class by rows / (classes * rows of the class), as scikit-learn. Classes that a mapping does not
    name have weight 1. Raise InputError for an unknown class, or without classes.
    """
    if class_weight is None:
        return train.weights
    if train.classes is None:
        raise InputError("class_weight: only valid for classes, got a target with values")
    counts = np.bincount(train.targets(), minlength=len(train.classes))
    if class_weight == "balanced":
        by_class = len(train.x) / (np.count_nonzero(counts) * np.maximum(counts, 1))
    elif isinstance(class_weight, Mapping):
        names = [str(label) for label in train.classes]
        by_class = np.ones(len(names))
        for label, weight in class_weight.items():
            if str(label) not in names:
                raise InputError(f"class_weight: there is no class {label!r}; the classes are {', '.join(names)}")
            by_class[names.index(str(label))] = checks.number(weight, "class_weight", at_least=0)
    else:
        raise InputError(f"class_weight: expected balanced or a weight for each class (NAME=5), got {class_weight!r}")
    weights = by_class[train.targets()]
    return weights if train.weights is None else weights * train.weights
