"""Gradient clipping by norm (Pascanu, Mikolov & Bengio, ICML 2013, section 3.2)."""

import math

from ...core.jit import kernel, serial_loop
from ..simd import parallel
from .mask import chunk_size
from .reductions import sum_of_squares


@parallel
@serial_loop
def _scale_chunks(chunk, size, values, scale):
    for i in range(chunk * size, min((chunk + 1) * size, values.size)):
        values[i] *= scale


@kernel
def clip_norm(dparams, sums, hyperparameters):
    """Scale a gradient down to the norm limit, the last hyperparameter, if its Euclidean norm is larger.

    dparams (P,), sums (SUMS,) float64 scratch memory, hyperparameters (S,)
    """
    norm, limit = math.sqrt(sum_of_squares(sums, dparams)), hyperparameters[hyperparameters.size - 1]
    if norm > limit:
        size = chunk_size(dparams.size)
        _scale_chunks((dparams.size + size - 1) // size, (size, dparams, dparams.dtype.type(limit / norm)))
