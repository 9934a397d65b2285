"""Max-norm: bound the norm of each unit's incoming weights (Srivastava et al., JMLR 2014, section 5.1)."""

import math

import numpy as np
from numba import prange

from ..._jit import kernel, reordered_span
from ..simd import threads

PART = 32  # units of a thread's part
SERIAL = 1 << 14  # up to this many weights one thread does it


@reordered_span
def _limit_part(weight, limit, start, stop):
    for o in range(start, stop):
        squares = np.float64(0)  # float32 would overflow at weights of 1e20
        for c in range(weight.shape[1]):
            squares += np.float64(weight[o, c]) * np.float64(weight[o, c])
        norm = math.sqrt(squares)
        if norm > limit:
            scale = weight.dtype.type(limit / norm)
            for c in range(weight.shape[1]):
                weight[o, c] *= scale


@kernel
def max_norm(weight, limit):
    """Scale the rows of weight whose Euclidean norm is above the limit down to it."""
    # weight (K, C): row o holds the weights into unit o
    units = weight.shape[0]
    if weight.size <= SERIAL or threads() == 1:
        _limit_part(weight, limit, np.int64(0), units)
    else:
        for part in prange((units + PART - 1) // PART):
            start = np.int64(part) * PART
            _limit_part(weight, limit, start, min(start + PART, units))
