"""The parameter `categorical_features`: which columns of X are categories, and whether X has to be encoded."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import frames
from .frame_encoder import FrameEncoder, categorical_dtypes, has_gaps, needs_encoding

__all__ = ["encoder_of"]


def encoder_of(x: Any, categorical_features: Any) -> FrameEncoder | None:
    """Return the encoder of X for a value of `categorical_features`, or None for numbers that are not encoded.

    Raise ValueError for columns that X does not have, with the rules of `HistGradientBoostingClassifier`.
    """
    if categorical_features is None:
        return None
    if isinstance(categorical_features, str):
        if categorical_features == "auto":
            return FrameEncoder(x) if needs_encoding(x) else None
        mask = categorical_dtypes(x) if frames.is_frame(x) else np.empty(0, bool)
    else:
        mask = _mask(x, np.asarray(categorical_features))
    return FrameEncoder(x, mask) if mask.any() or has_gaps(x) else None


def _mask(x: Any, features: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which columns of X are categories (features,), from a mask, indices or names."""
    shape = getattr(x, "shape", None) or np.shape(x)
    if features.size == 0 or len(shape) != 2:  # X of another shape is refused later
        return np.empty(0, bool)
    count, mask = shape[1], np.zeros(shape[1], bool)
    types = {type(feature) for feature in features.ravel()}
    if features.ndim != 1 or features.dtype.kind not in "iubUO" or (features.dtype.kind == "O" and types != {str}):
        names = sorted(each.__name__ for each in types) if features.dtype.kind == "O" else [features.dtype.name]
        found = ", ".join(names) if features.ndim == 1 else f"shape {features.shape}"
        raise ValueError(f"categorical_features must be an array-like of bool, int or str, got: {found}")
    if features.dtype.kind in "UO":
        mask[_positions(x, features.tolist())] = True
    elif features.dtype.kind == "b":
        if features.shape != (count,):
            raise ValueError(
                "categorical_features set as a boolean mask must have shape (n_features,) = "
                f"({count},), got: {features.shape}"
            )
        mask = features
    else:
        outside = features[(features < 0) | (features >= count)]
        if outside.size:
            raise ValueError(
                "categorical_features set as integer indices must be in [0, n_features - 1] = "
                f"[0, {count - 1}], got: {outside[0]}"
            )
        mask[features] = True
    return mask


def _positions(x: Any, names: list[str]) -> list[int]:
    """Return the positions of columns with names."""
    if not frames.is_frame(x):
        raise ValueError(
            "categorical_features should be passed as an array of integers or as a boolean mask when the model is "
            "fitted on data without feature names"
        )
    columns = list(x.columns)
    for name in names:
        if name not in columns:
            raise ValueError(
                f"categorical_features has an item {name!r}, which is not a feature name of the training data. "
                f"Observed feature names: {columns}"
            )
    return [columns.index(name) for name in names]
