"""Max-norm: a bound on the norm of each unit's incoming weights (Srivastava et al., JMLR 2014, section 5.1).

One thread block handles one unit.
"""

import math

import numpy as np
from numba import cuda, float64

from ...core.jit import device_kernel
from ._launch import ROW_THREADS, launch_rows
from .reductions import tree_sum


@device_kernel
def _limit(weight, limit):
    """Limit the norm of one row with one thread block."""
    o, thread = cuda.blockIdx.x, cuda.threadIdx.x
    values = cuda.shared.array(ROW_THREADS, float64)
    squares = np.float64(0)  # float32 would overflow for weights of 1e20
    for c in range(thread, weight.shape[1], ROW_THREADS):
        squares += np.float64(weight[o, c]) * np.float64(weight[o, c])
    values[thread] = squares
    norm = math.sqrt(tree_sum(values, thread))
    if norm > limit:
        scale = np.float32(limit / norm)
        for c in range(thread, weight.shape[1], ROW_THREADS):
            weight[o, c] *= scale


def max_norm(weight, limit):
    """Scale down each row of weight whose Euclidean norm exceeds `limit`, to that norm.

    weight (K, C). Row o holds the weights into unit o.
    """
    launch_rows(_limit, weight.shape[0], weight, limit)
