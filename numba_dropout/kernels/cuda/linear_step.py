"""Step a layer's parameters: the gradient of its weight goes from registers into the rule, and is not stored."""

from numba import cuda

from ..._jit import device_function, device_kernel
from .launch import launch
from .linear import sum_rows
from .product import COLUMNS, multiply, over_tiles


def stepping(step):
    """Return the kernels that step a layer's weight and its bias, for a rule that steps one parameter.

    step(params, index, gradient, state, column, settings, decays) is a device function; the parameter is
    params[index], and `column` of the state belongs to it.
    """

    @device_function
    def finish(i, j, sums, start, how):
        params, state, first, settings, rows, columns = how
        if i < rows:
            for n in range(COLUMNS):
                if j + n < columns:
                    index = i * columns + j + n
                    step(params, index, sums[start + n], state, first + index, settings, True)

    @device_kernel
    def step_bias(bias, dbias, state, first, settings):
        i = cuda.grid(1)
        if i < bias.size:
            step(bias, i, dbias[i], state, first + i, settings, False)

    return over_tiles(False, False, finish), step_bias


def step_layer(kernels, weight, bias, dbias, state, starts, dout, inp, settings):
    """Launch the kernels of a rule."""
    step_weight, step_bias = kernels
    how = weight.reshape(weight.size), state, int(starts[0]), settings, *weight.shape
    multiply(step_weight, weight.shape, dout.shape[0], dout, inp, how)
    sum_rows(dbias, dout)
    launch(step_bias, bias.size, bias, dbias, state, int(starts[1]), settings)
