"""Clip a gradient by its norm (Pascanu, Mikolov & Bengio, ICML 2013, section 3.2)."""

import math

from ...core.jit import kernel, serial_loop
from ..simd import parallel
from .mask import part_size
from .reductions import sum_of_squares


@parallel
@serial_loop
def _scale_parts(part, size, values, scale):
    for i in range(part * size, min((part + 1) * size, values.size)):
        values[i] *= scale


@kernel
def clip_norm(dparams, sums, hyperparameters):
    """Scale a gradient whose Euclidean norm is above the last of a step's hyperparameters down to it.

    dparams (P,), sums (SUMS,) float64 to work in, hyperparameters (S,)
    """
    norm, limit = math.sqrt(sum_of_squares(sums, dparams)), hyperparameters[hyperparameters.size - 1]
    if norm > limit:
        size = part_size(dparams.size)
        _scale_parts((dparams.size + size - 1) // size, (size, dparams, dparams.dtype.type(limit / norm)))
