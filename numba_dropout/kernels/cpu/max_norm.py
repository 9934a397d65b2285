"""Max-norm: a bound on the norm of each unit's incoming weights (Srivastava et al., JMLR 2014, section 5.1)."""

import math

import numpy as np

from ...core.jit import kernel, reordered_loop
from ..simd import parallel

CHUNK = 1 << 15  # weights of a thread's chunk, approximately: complete units
SERIAL = 1 << 14  # weights up to which one thread is used


@parallel
@reordered_loop
def _limit_chunks(chunk, size, weight, limit):
    for o in range(chunk * size, min((chunk + 1) * size, weight.shape[0])):
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
    """Scale down each row of weight whose Euclidean norm exceeds `limit`, to that norm.

    weight (K, C). Row o holds the weights into unit o.
    """
    units = weight.shape[0]
    size = max(units if weight.size <= SERIAL else CHUNK // weight.shape[1], 1)
    _limit_chunks((units + size - 1) // size, (size, weight, limit))
