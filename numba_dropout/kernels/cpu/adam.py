"""Adam, and AdamW with its decoupled weight decay."""

from ..._jit import kernel, span
from ..pointwise import ONE, adam
from ..simd import parallel
from .mask import part_size


@parallel
@span
def _update_parts(part, size, params, dparams, state, settings, decayed):
    start, stop = part * size, min((part + 1) * size, params.size)
    lr, beta1, rest1, beta2, rest2 = settings[0], settings[1], settings[2], settings[3], settings[4]
    eps, decay, shrink, correction = settings[5], settings[6], settings[7], settings[8]
    m, v = state[0], state[1]
    for i in range(start, min(stop, decayed)):
        params[i], m[i], v[i] = adam(
            params[i], dparams[i], m[i], v[i], lr, beta1, rest1, beta2, rest2, eps, decay, shrink, correction
        )
    none = params.dtype.type(0)
    for i in range(max(start, decayed), stop):
        params[i], m[i], v[i] = adam(
            params[i], dparams[i], m[i], v[i], lr, beta1, rest1, beta2, rest2, eps, none, ONE, correction
        )


@kernel
def adam_update(params, dparams, state, settings, decayed):
    """Step the parameters; weight decay reaches the first `decayed` of them (the weights, not the biases)."""
    # params (P,), dparams (P,), state (2, P) first and second moment, settings (9,): lr / (1 - beta1**t), beta1,
    # 1 - beta1, beta2, 1 - beta2, eps, weight decay into the gradient, factor on the weight (1 - lr * decay),
    # sqrt(1 - beta2**t)
    size = part_size(params.size)
    _update_parts((params.size + size - 1) // size, (size, params, dparams, state, settings, decayed))
