"""Stochastic gradient descent with momentum, optionally Nesterov momentum."""

from ...core.jit import kernel, serial_loop
from ..scalar.updates import sgd
from ..simd import vector
from ._fused_update import fused_update, stored_update
from ._gemm import chunk_grid_by_rows
from .mask import chunk_size
from .subnetwork import rows_per_chunk, subnetwork_update


@serial_loop
def _step_row(params, dparams, state, start, hyperparameters, decays):
    """Update neighbouring parameters and their velocities."""
    lr, momentum, nesterov = hyperparameters[0], hyperparameters[1], hyperparameters[2]
    decay = hyperparameters[3] if decays else params.dtype.type(0)
    velocity = vector(state[0], start, params.size)
    for i in range(params.size):
        params[i], velocity[i] = sgd(params[i], dparams[i], velocity[i], lr, momentum, nesterov, decay)


_chunks = fused_update(_step_row)
_stored_chunks = stored_update(_step_row)
_layer_chunks = subnetwork_update(_step_row)


@kernel
def linear_sgd(weight, bias, dweight, dbias, state, starts, dout, inp, hyperparameters):
    """Update a layer's weight and bias, with gradients that are not stored. Decay applies to the weight only.

    If a batch needs several passes of the product, dweight holds the partial sums.

    weight (K, C), bias (K,), dweight (K, C), dbias (K,), state (1, P) velocities, starts (2,) columns of the state of
    the first weight and the first bias, dout (B, K), inp (B, C), hyperparameters (4,): lr, momentum, nesterov (0 or 1),
    weight decay
    """
    row_chunks, column_chunks = chunk_grid_by_rows(weight.shape[0], weight.shape[1], inp.shape[0], weight.itemsize)
    arguments = (weight, bias, dweight, dbias, state, starts, dout, inp, hyperparameters)
    _chunks(row_chunks * column_chunks, (row_chunks, column_chunks, *arguments))


@kernel
def step_sgd(params, dparams, state, start, hyperparameters, decays):
    """Update parameters with a stored gradient. Decay applies if `decays` is True.

    params (n,), dparams (n,), state, start: its column of the first parameter, hyperparameters as in `linear_sgd`
    """
    size = chunk_size(params.size)
    _stored_chunks((params.size + size - 1) // size, (size, params, dparams, state, start, hyperparameters, decays))


@kernel
def subnetwork_sgd(weight, bias, small_dweight, small_dbias, state, starts, units, inputs, scale, hyperparameters):
    """Update a layer's weight and bias, with the gradients of some units and inputs. All other gradients are 0.

    weight (K, C), bias (K,), small_dweight (k, c), multiplied by scale here, small_dbias (k,), units and inputs:
    lists of k and c (`kept_units`), state, starts and hyperparameters as in `linear_sgd`
    """
    size = rows_per_chunk(weight.shape[0], weight.shape[1])
    chunks = (weight.shape[0] + size - 1) // size
    arguments = weight, bias, small_dweight, small_dbias, state, starts, units, inputs, scale, hyperparameters
    _layer_chunks(chunks, (size, *arguments))
