"""The real sets that come with scikit-learn, by name."""

from __future__ import annotations

import numpy as np

from ..core.errors import InputError
from .dataset import Dataset

__all__ = ["NAMES", "load"]

NAMES = ("breast_cancer", "diabetes", "digits", "iris", "wine")


def load(name: str) -> Dataset:
    """Return one of the sets, whole; InputError where scikit-learn is missing."""
    try:
        from sklearn import datasets
    except ImportError:
        raise InputError(f"{name}: a set that comes with scikit-learn: pip install 'numba-dropout[sklearn]'") from None
    found = getattr(datasets, f"load_{name}")()
    x, features = np.asarray(found.data, np.float64), [str(feature) for feature in found.feature_names]
    if name == "diabetes":
        return Dataset(name, x, np.asarray(found.target, np.float64)[:, None], features=features)
    classes = [each.item() if isinstance(each, np.integer) else str(each) for each in found.target_names]
    return Dataset(name, x, np.asarray(found.target, np.int64), classes=classes, features=features)
