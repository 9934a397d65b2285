"""Stochastic gradient descent with momentum, Nesterov's too."""

from ..._jit import kernel, span
from ..pointwise import sgd
from ..simd import parallel
from .mask import part_size


@parallel
@span
def _update_parts(part, size, params, dparams, state, settings, decayed):
    start, stop = part * size, min((part + 1) * size, params.size)
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
    size = part_size(params.size)
    _update_parts((params.size + size - 1) // size, (size, params, dparams, state, settings, decayed))
