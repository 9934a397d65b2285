"""Measures of predictions, in plain NumPy and float64."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["regression_metrics"]


def regression_metrics(y: NDArray[Any], predicted: NDArray[Any]) -> dict[str, float]:
    """Return rmse, mae and r2 of predictions (n, K) or (n,), in the target's units; r2 is averaged over the outputs."""
    y, predicted = (np.asarray(a, np.float64).reshape(len(y), -1) for a in (y, predicted))
    residual = y - predicted
    spread = ((y - y.mean(0)) ** 2).sum(0)
    unexplained = (residual**2).sum(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        r2 = np.where(spread > 0, 1.0 - unexplained / spread, np.where(unexplained > 0, 0.0, 1.0))
    return {
        "rmse": float(np.sqrt((residual**2).mean())),
        "mae": float(np.abs(residual).mean()),
        "r2": float(r2.mean()),
    }
