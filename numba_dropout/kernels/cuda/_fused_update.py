"""Step parameters by a rule: a layer's, whose gradient comes from registers, or those of a stored gradient."""

from numba import cuda

from ...core.jit import device_function, device_kernel
from ._gemm import COLUMNS, multiply, over_tiles
from ._launch import launch
from .linear import sum_rows


def stepping(step):
    """Return the kernels that step a layer's weight, and parameters by a stored gradient, for a rule that steps one.

    step(params, index, gradient, state, column, hyperparameters, decays) is a device function; the parameter is
    params[index], and `column` of the state belongs to it.
    """

    @device_function
    def finish(i, j, sums, start, how):
        params, state, first, hyperparameters, rows, columns = how
        if i < rows:
            for n in range(COLUMNS):
                if j + n < columns:
                    index = i * columns + j + n
                    step(params, index, sums[start + n], state, first + index, hyperparameters, True)

    @device_kernel
    def step_stored(params, dparams, state, first, hyperparameters, decays):
        i = cuda.grid(1)
        if i < params.size:
            step(params, i, dparams[i], state, first + i, hyperparameters, decays)

    return over_tiles(False, False, finish), step_stored


def step_layer(kernels, weight, bias, dbias, state, starts, dout, inp, hyperparameters):
    """Launch the kernels of a rule."""
    step_weight, step_stored = kernels
    how = weight.reshape(weight.size), state, int(starts[0]), hyperparameters, *weight.shape
    multiply(step_weight, weight.shape, dout.shape[0], dout, inp, how)
    sum_rows(dbias, dout)
    launch(step_stored, bias.size, bias, dbias, state, int(starts[1]), hyperparameters, False)
