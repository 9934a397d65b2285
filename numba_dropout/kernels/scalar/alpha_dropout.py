"""The affine map of alpha dropout, which keeps mean 0 and variance 1 (Klambauer et al., NeurIPS 2017, section 3)."""

import numpy as np

from ...core.jit import scalar
from .transcendental import ONE64, sqrt

__all__ = ["LIMIT", "affine_map"]

LIMIT = np.float64(-1.7580993408473766)  # SELU's limit at minus infinity: -scale * alpha
STEP32 = np.float64(2.0**-32)


@scalar
def affine_map(threshold):
    """Return the slope and the offset of kept elements and the value of dropped ones, in float64, for a threshold."""
    p = np.float64(threshold) * STEP32
    slope = ONE64 / sqrt((ONE64 - p) * (ONE64 + p * LIMIT * LIMIT))
    return slope, -slope * p * LIMIT, slope * (LIMIT - p * LIMIT)
