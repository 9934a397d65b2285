"""Stochastic gradient descent with momentum, Nesterov's too."""

from ..._jit import kernel, span
from ..pointwise import sgd
from ..simd import vector
from .linear_step import stepping
from .product import grid_of_rows


@span
def _step_row(params, dparams, state, start, settings, decays):
    lr, momentum, nesterov = settings[0], settings[1], settings[2]
    decay = settings[3] if decays else params.dtype.type(0)
    velocity = vector(state[0], start, params.size)
    for i in range(params.size):
        params[i], velocity[i] = sgd(params[i], dparams[i], velocity[i], lr, momentum, nesterov, decay)


_parts = stepping(_step_row)


@kernel
def linear_sgd(weight, bias, dweight, dbias, state, starts, dout, inp, settings):
    """Step a layer's weight and bias, with gradients that are not stored; decay reaches the weight only.

    Where a batch has more rows than a block of the product is deep, dweight is what its parts are summed in.
    """
    # weight (K, C), bias (K,), dweight (K, C), dbias (K,), state (1, P) velocities, starts (2,) columns of the state of
    # the first weight and the first bias, dout (B, K), inp (B, C), settings (4,): lr, momentum, nesterov (0 or 1),
    # weight decay
    row_parts, column_parts = grid_of_rows(weight.shape[0], weight.shape[1], inp.shape[0], weight.itemsize)
    given = (weight, bias, dweight, dbias, state, starts, dout, inp, settings)
    _parts(row_parts * column_parts, (row_parts, column_parts, *given))
