"""Stochastic gradient descent with momentum, Nesterov's too."""

from ...core.jit import kernel, serial_loop
from ..scalar.updates import sgd
from ..simd import vector
from ._fused_update import stepping, stepping_stored
from ._gemm import grid_of_rows
from .mask import part_size
from .subnetwork import rows_at_once, stepping_all


@serial_loop
def _step_row(params, dparams, state, start, hyperparameters, decays):
    lr, momentum, nesterov = hyperparameters[0], hyperparameters[1], hyperparameters[2]
    decay = hyperparameters[3] if decays else params.dtype.type(0)
    velocity = vector(state[0], start, params.size)
    for i in range(params.size):
        params[i], velocity[i] = sgd(params[i], dparams[i], velocity[i], lr, momentum, nesterov, decay)


_parts = stepping(_step_row)
_stored_parts = stepping_stored(_step_row)
_all_parts = stepping_all(_step_row)


@kernel
def linear_sgd(weight, bias, dweight, dbias, state, starts, dout, inp, hyperparameters):
    """Step a layer's weight and bias, with gradients that are not stored; decay reaches the weight only.

    Where a batch has more rows than a block of the product is deep, dweight is what its parts are summed in.

    weight (K, C), bias (K,), dweight (K, C), dbias (K,), state (1, P) velocities, starts (2,) columns of the state of
    the first weight and the first bias, dout (B, K), inp (B, C), hyperparameters (4,): lr, momentum, nesterov (0 or 1),
    weight decay
    """
    row_parts, column_parts = grid_of_rows(weight.shape[0], weight.shape[1], inp.shape[0], weight.itemsize)
    given = (weight, bias, dweight, dbias, state, starts, dout, inp, hyperparameters)
    _parts(row_parts * column_parts, (row_parts, column_parts, *given))


@kernel
def step_sgd(params, dparams, state, start, hyperparameters, decays):
    """Step parameters with a gradient that is stored; `decays` tells whether decay reaches them.

    params (n,), dparams (n,), state, its column of the first parameter, hyperparameters as in `linear_sgd`
    """
    size = part_size(params.size)
    _stored_parts((params.size + size - 1) // size, (size, params, dparams, state, start, hyperparameters, decays))


@kernel
def sub_network_sgd(weight, bias, small_dweight, small_dbias, state, starts, units, inputs, scale, hyperparameters):
    """Step a layer's weight and bias, with the gradients of some units and inputs; that of all others is 0.

    weight (K, C), bias (K,), small_dweight (k, c), to be multiplied by scale, small_dbias (k,), units and inputs:
    lists of k and c (`sub_network`), state, starts and hyperparameters as in `linear_sgd`
    """
    size = rows_at_once(weight.shape[0], weight.shape[1])
    parts = (weight.shape[0] + size - 1) // size
    given = weight, bias, small_dweight, small_dbias, state, starts, units, inputs, scale, hyperparameters
    _all_parts(parts, (size, *given))
