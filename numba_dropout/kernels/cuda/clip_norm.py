"""Gradient clipping by norm (Pascanu, Mikolov & Bengio, ICML 2013, section 3.2)."""

import math

import numpy as np
from numba import cuda, float64

from ...core.jit import device_kernel
from ._launch import THREADS, launch
from .reductions import launch_squares, sum_partials


@device_kernel
def _clip(dparams, sums, count, hyperparameters):
    """Sum the squares in each thread block, then scale one element per thread."""
    norm = math.sqrt(sum_partials(sums, count, cuda.shared.array(THREADS, float64), cuda.threadIdx.x))
    limit, i = hyperparameters[hyperparameters.size - 1], cuda.grid(1)
    if norm > limit and i < dparams.size:
        dparams[i] *= np.float32(limit / norm)


def clip_norm(dparams, sums, hyperparameters):
    """Scale a gradient down to the last of a step's hyperparameters if its Euclidean norm is larger.

    dparams (P,), sums (SUMS,) float64 workspace, hyperparameters (S,)
    """
    launch(_clip, dparams.size, dparams, sums, launch_squares(sums, dparams), hyperparameters)
