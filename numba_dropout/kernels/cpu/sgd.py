"""Stochastic gradient descent with momentum, Nesterov's too."""

import numpy as np
from numba import prange

from ..._jit import kernel, span
from ..pointwise import sgd
from ..simd import threads
from .mask import PART, SERIAL


@span
def _update_span(params, dparams, state, settings, decayed, start, stop):
    lr, momentum, nesterov, decay = settings[0], settings[1], settings[2], settings[3]
    velocity = state[0]
    for i in range(start, min(stop, decayed)):
        params[i], velocity[i] = sgd(params[i], dparams[i], velocity[i], lr, momentum, nesterov, decay)
    none = params.dtype.type(0)
    for i in range(max(start, decayed), stop):
        params[i], velocity[i] = sgd(params[i], dparams[i], velocity[i], lr, momentum, nesterov, none)


@kernel
def sgd_update(params, dparams, state, settings, decayed):
    """Step the parameters; weight decay reaches the first `decayed` of them (the weights, not the biases)."""
    # params (P,), dparams (P,), state (1, P) velocity, settings (4,): lr, momentum, nesterov (0 or 1), weight decay
    n = params.size
    if n <= SERIAL or threads() == 1:
        _update_span(params, dparams, state, settings, decayed, np.int64(0), n)
    else:
        for part in prange((n + PART - 1) // PART):
            start = np.int64(part) * PART
            _update_span(params, dparams, state, settings, decayed, start, min(start + PART, n))
