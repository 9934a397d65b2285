"""Adam, and AdamW with decoupled weight decay."""

from ...core.jit import kernel, serial_loop
from ..scalar.constants import ONE
from ..scalar.updates import adam
from ..simd import vector
from ._fused_update import fused_update, stored_update
from ._gemm import chunk_grid_by_rows
from .mask import chunk_size
from .subnetwork import rows_per_chunk, subnetwork_update


@serial_loop
def _step_row(params, dparams, state, start, hyperparameters, decays):
    """Update neighbouring parameters and their moments."""
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


_chunks = fused_update(_step_row)
_stored_chunks = stored_update(_step_row)
_layer_chunks = subnetwork_update(_step_row)


@kernel
def linear_adam(weight, bias, dweight, dbias, state, starts, dout, inp, hyperparameters):
    """Update a layer's weight and bias, with gradients that are not stored. Decay applies to the weight only.

    If a batch needs several passes of the product, dweight holds the partial sums.

    weight (K, C), bias (K,), dweight (K, C), dbias (K,), state (2, P) first and second moments, starts (2,) columns
    of the state of the first weight and the first bias, dout (B, K), inp (B, C), hyperparameters (9,):
    lr / (1 - `beta1**t`), beta1, 1 - beta1, beta2, 1 - beta2, eps, weight decay in the gradient, factor of the weight
    (1 - lr * decay), sqrt(1 - `beta2**t`)
    """
    row_chunks, column_chunks = chunk_grid_by_rows(weight.shape[0], weight.shape[1], inp.shape[0], weight.itemsize)
    arguments = (weight, bias, dweight, dbias, state, starts, dout, inp, hyperparameters)
    _chunks(row_chunks * column_chunks, (row_chunks, column_chunks, *arguments))


@kernel
def step_adam(params, dparams, state, start, hyperparameters, decays):
    """Update parameters with a stored gradient. Decay applies if `decays` is True.

    params (n,), dparams (n,), state, start: its column of the first parameter, hyperparameters as in `linear_adam`
    """
    size = chunk_size(params.size)
    _stored_chunks((params.size + size - 1) // size, (size, params, dparams, state, start, hyperparameters, decays))


@kernel
def subnetwork_adam(weight, bias, small_dweight, small_dbias, state, starts, units, inputs, scale, hyperparameters):
    """Update a layer's weight and bias, with the gradients of some units and inputs. All other gradients are 0.

    weight (K, C), bias (K,), small_dweight (k, c), multiplied by scale here, small_dbias (k,), units and inputs:
    lists of k and c (`kept_units`), state, starts and hyperparameters as in `linear_adam`
    """
    size = rows_per_chunk(weight.shape[0], weight.shape[1])
    chunks = (weight.shape[0] + size - 1) // size
    arguments = weight, bias, small_dweight, small_dbias, state, starts, units, inputs, scale, hyperparameters
    _layer_chunks(chunks, (size, *arguments))
