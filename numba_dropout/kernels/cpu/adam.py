"""Adam, and AdamW with its decoupled weight decay."""

from ...core.jit import kernel, serial_loop
from ..scalar.constants import ONE
from ..scalar.updates import adam
from ..simd import vector
from ._fused_update import stepping, stepping_stored
from ._gemm import grid_of_rows
from .mask import part_size
from .subnetwork import rows_at_once, stepping_all


@serial_loop
def _step_row(params, dparams, state, start, hyperparameters, decays):
    lr, beta1, rest1, beta2, rest2 = (
        hyperparameters[0],
        hyperparameters[1],
        hyperparameters[2],
        hyperparameters[3],
        hyperparameters[4],
    )
    eps, correction = hyperparameters[5], hyperparameters[8]
    decay = hyperparameters[6] if decays else params.dtype.type(0)
    shrink = hyperparameters[7] if decays else params.dtype.type(ONE)
    m, v = vector(state[0], start, params.size), vector(state[1], start, params.size)
    for i in range(params.size):
        params[i], m[i], v[i] = adam(
            params[i], dparams[i], m[i], v[i], lr, beta1, rest1, beta2, rest2, eps, decay, shrink, correction
        )


_parts = stepping(_step_row)
_stored_parts = stepping_stored(_step_row)
_all_parts = stepping_all(_step_row)


@kernel
def linear_adam(weight, bias, dweight, dbias, state, starts, dout, inp, hyperparameters):
    """Step a layer's weight and bias, with gradients that are not stored; decay reaches the weight only.

    Where a batch has more rows than a block of the product is deep, dweight is what its parts are summed in.

    weight (K, C), bias (K,), dweight (K, C), dbias (K,), state (2, P) first and second moments, starts (2,) columns
    of the state of the first weight and the first bias, dout (B, K), inp (B, C), hyperparameters (9,):
    lr / (1 - `beta1**t`), beta1, 1 - beta1, beta2, 1 - beta2, eps, weight decay into the gradient, factor on the weight
    (1 - lr * decay), sqrt(1 - `beta2**t`)
    """
    row_parts, column_parts = grid_of_rows(weight.shape[0], weight.shape[1], inp.shape[0], weight.itemsize)
    given = (weight, bias, dweight, dbias, state, starts, dout, inp, hyperparameters)
    _parts(row_parts * column_parts, (row_parts, column_parts, *given))


@kernel
def step_adam(params, dparams, state, start, hyperparameters, decays):
    """Step parameters with a gradient that is stored; `decays` tells whether decay reaches them.

    params (n,), dparams (n,), state, its column of the first parameter, hyperparameters as in `linear_adam`
    """
    size = part_size(params.size)
    _stored_parts((params.size + size - 1) // size, (size, params, dparams, state, start, hyperparameters, decays))


@kernel
def sub_network_adam(weight, bias, small_dweight, small_dbias, state, starts, units, inputs, scale, hyperparameters):
    """Step a layer's weight and bias, with the gradients of some units and inputs; that of all others is 0.

    weight (K, C), bias (K,), small_dweight (k, c), to be multiplied by scale, small_dbias (k,), units and inputs:
    lists of k and c (`sub_network`), state, starts and hyperparameters as in `linear_adam`
    """
    size = rows_at_once(weight.shape[0], weight.shape[1])
    parts = (weight.shape[0] + size - 1) // size
    given = weight, bias, small_dweight, small_dbias, state, starts, units, inputs, scale, hyperparameters
    _all_parts(parts, (size, *given))
