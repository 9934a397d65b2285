"""Stochastic gradient descent with momentum, optionally Nesterov momentum."""

from ...core.jit import device_function
from ..scalar.constants import ZERO
from ..scalar.updates import sgd
from ._fused_update import build_update_kernels, update_layer
from ._launch import launch


@device_function
def _step(params, index, gradient, state, column, hyperparameters, decays):
    """Update params[index] and its velocity, in `column` of the state."""
    decay = hyperparameters[3] if decays else ZERO
    params[index], state[0, column] = sgd(
        params[index], gradient, state[0, column], hyperparameters[0], hyperparameters[1], hyperparameters[2], decay
    )


_WEIGHT, _STORED = build_update_kernels(_step)


def linear_sgd(weight, bias, dweight, dbias, state, starts, dout, inp, hyperparameters):
    """Update a layer's weight and bias. The weight's gradient is not stored, and decay applies to the weight only.

    weight (K, C), bias (K,), dweight (K, C) unused, dbias (K,), state (1, P) velocities, starts (2,) columns of the
    state of the first weight and the first bias, on the host, dout (B, K), inp (B, C), hyperparameters (4,): lr,
    momentum, nesterov (0 or 1), weight decay
    """
    update_layer((_WEIGHT, _STORED), weight, bias, dbias, state, starts, dout, inp, hyperparameters)


def step_sgd(params, dparams, state, start, hyperparameters, decays):
    """Update parameters from a stored gradient. Decay applies to them if `decays`.

    params (n,), dparams (n,), state, its column of the first parameter, hyperparameters as in `linear_sgd`
    """
    launch(_STORED, params.size, params, dparams, state, int(start), hyperparameters, bool(decays))
