"""Max-norm: bound the norm of a unit's incoming weights (Srivastava et al., JMLR 2014, section 5.1), a block each."""

import math

import numpy as np
from numba import cuda, float64

from ...core.jit import device_kernel
from ._launch import ROW, launch_rows
from .reductions import tree_sum


@device_kernel
def _limit(weight, limit):
    o, thread = cuda.blockIdx.x, cuda.threadIdx.x
    values = cuda.shared.array(ROW, float64)
    squares = np.float64(0)  # float32 would overflow at weights of 1e20
    for c in range(thread, weight.shape[1], ROW):
        squares += np.float64(weight[o, c]) * np.float64(weight[o, c])
    values[thread] = squares
    norm = math.sqrt(tree_sum(values, thread))
    if norm > limit:
        scale = np.float32(limit / norm)
        for c in range(thread, weight.shape[1], ROW):
            weight[o, c] *= scale


def max_norm(weight, limit):
    """Scale the rows of weight whose Euclidean norm is above the limit down to it.

    weight (K, C): row o holds the weights into unit o
    """
    launch_rows(_limit, weight.shape[0], weight, limit)
