"""Adam, and AdamW with its decoupled weight decay."""

from ...core.jit import device_function
from ..scalar.constants import ONE, ZERO
from ..scalar.updates import adam
from ._fused_update import build_update_kernels, update_layer
from ._launch import launch


@device_function
def _step(params, index, gradient, state, column, hyperparameters, decays):
    """Update params[index] and its two moments, in `column` of the state."""
    lr, beta1, rest1, beta2, rest2 = (
        hyperparameters[0],
        hyperparameters[1],
        hyperparameters[2],
        hyperparameters[3],
        hyperparameters[4],
    )
    decay, shrink = hyperparameters[6] if decays else ZERO, hyperparameters[7] if decays else ONE
    m, v = state[0, column], state[1, column]
    params[index], state[0, column], state[1, column] = adam(
        params[index],
        gradient,
        m,
        v,
        lr,
        beta1,
        rest1,
        beta2,
        rest2,
        hyperparameters[5],
        decay,
        shrink,
        hyperparameters[8],
    )


_WEIGHT, _STORED = build_update_kernels(_step)


def linear_adam(weight, bias, dweight, dbias, state, starts, dout, inp, hyperparameters):
    """Update a layer's weight and bias. The weight's gradient is not stored, and decay applies to the weight only.

    weight (K, C), bias (K,), dweight (K, C) unused, dbias (K,), state (2, P) first and second moments, starts (2,)
    columns of the state of the first weight and the first bias, on the host, dout (B, K), inp (B, C), hyperparameters
    (9,): lr / (1 - `beta1**t`), beta1, 1 - beta1, beta2, 1 - beta2, eps, weight decay into the gradient, factor on the
    weight (1 - lr * decay), sqrt(1 - `beta2**t`)
    """
    update_layer((_WEIGHT, _STORED), weight, bias, dbias, state, starts, dout, inp, hyperparameters)


def step_adam(params, dparams, state, start, hyperparameters, decays):
    """Update parameters from a stored gradient. Decay applies to them if `decays`.

    params (n,), dparams (n,), state, its column of the first parameter, hyperparameters as in `linear_adam`
    """
    launch(_STORED, params.size, params, dparams, state, int(start), hyperparameters, bool(decays))
