"""Parameter updates: from a product, fused with it, and from a stored gradient."""

from numba import cuda

from ...core.jit import device_function, device_kernel
from ._gemm import COLUMNS, kernels_by_tile, multiply
from ._launch import launch
from .linear import sum_rows


def build_update_kernels(step):
    """Return an update rule's kernels: for a layer's weight, and for parameters with a stored gradient.

    step(params, index, gradient, state, column, hyperparameters, decays) is a device function that updates
    params[index], whose state is in `column`.
    """

    @device_function
    def finish(i, j, sums, start, operands):
        """Update one row of eight weights with the sums, their gradients."""
        params, state, first, hyperparameters, rows, columns = operands
        if i < rows:
            for n in range(COLUMNS):
                if j + n < columns:
                    index = i * columns + j + n
                    step(params, index, sums[start + n], state, first + index, hyperparameters, True)

    @device_kernel
    def step_stored(params, dparams, state, first, hyperparameters, decays):
        """Update each parameter, one per thread."""
        i = cuda.grid(1)
        if i < params.size:
            step(params, i, dparams[i], state, first + i, hyperparameters, decays)

    return kernels_by_tile(False, False, finish), step_stored


def update_layer(kernels, weight, bias, dbias, state, starts, dout, inp, hyperparameters):
    """Update a layer's weight and bias with the kernels of an update rule."""
    step_weight, step_stored = kernels
    operands = weight.reshape(weight.size), state, int(starts[0]), hyperparameters, *weight.shape
    multiply(step_weight, weight.shape, dout.shape[0], dout, inp, operands)
    sum_rows(dbias, dout)
    launch(step_stored, bias.size, bias, dbias, state, int(starts[1]), hyperparameters, False)
