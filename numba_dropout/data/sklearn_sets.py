"""Data sets of scikit-learn."""

from __future__ import annotations

import numpy as np

from ..core.errors import InputError, missing
from .dataset import Dataset

__all__ = ["NAMES", "load"]

NAMES = ("breast_cancer", "diabetes", "digits", "iris", "wine")


def load(name: str) -> Dataset:
    """Return one of scikit-learn's data sets. Raise InputError if scikit-learn is missing."""
    try:
        from sklearn import datasets
    except ImportError:
        raise InputError(missing(f"{name}: this data set requires scikit-learn", "scikit-learn", "sklearn")) from None
    bunch = getattr(datasets, f"load_{name}")()
    x, features = np.asarray(bunch.data, np.float64), [str(feature) for feature in bunch.feature_names]
    if name == "diabetes":
        return Dataset(name, x, np.asarray(bunch.target, np.float64)[:, None], features=features)
    classes = [label.item() if isinstance(label, np.integer) else str(label) for label in bunch.target_names]
    return Dataset(name, x, np.asarray(bunch.target, np.int64), classes=classes, features=features)
