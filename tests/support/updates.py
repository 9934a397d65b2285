"""Calls of the kernels that update parameters."""

import numpy as np

from numba_dropout.kernels import cpu
from numba_dropout.optim import OPTIMIZERS

UPDATES = {kind.update: kind for kind in reversed(OPTIMIZERS.values())}  # the first optimizer with each update rule

ROWS = 20  # of a batch, at least


def step_layer(backend, kernel, weight, bias, slots, dout, inp, hyperparameters, steps):
    """Return weight, bias and state after steps of a layer's kernel on one batch, from a state of zeros."""
    starts = np.array([3, 3 + weight.size])  # of the states of weight and bias, after those of other parameters
    state = np.zeros((slots, 3 + weight.size + bias.size), weight.dtype)
    params = [backend.array(a) for a in (weight, bias, np.empty_like(weight), np.empty_like(bias), state)]
    batch = [backend.array(a) for a in (dout, inp, hyperparameters)]
    for _ in range(steps):
        getattr(backend.kernels, kernel)(*params, starts, *batch)
    weight, bias, _, _, state = map(backend.numpy, params)
    assert not state[:, :3].any()
    return weight, bias, state[:, 3:]


def small_layer(rng, units, inputs, some_units, some_inputs, dtype):
    """Return gradients of some of a layer's units and inputs, the lists of both, and the gradients of the layer."""
    rows, columns = (np.sort(rng.permutation(n)[:count]) for n, count in ((units, some_units), (inputs, some_inputs)))
    small_dweight = rng.standard_normal((some_units, some_inputs)).astype(dtype)
    small_dbias = rng.standard_normal(some_units).astype(dtype)
    dweight, dbias = np.zeros((units, inputs)), np.zeros(units)
    dweight[np.ix_(rows, columns)], dbias[rows] = small_dweight, small_dbias
    lists = np.append(some_units, rows), np.append(some_inputs, columns)
    return small_dweight, small_dbias, *lists, dweight, dbias


def check_flush_to_zero(backend, kernel, slots, hyperparameters):
    """Check that averages fade to 0 without subnormal numbers, which are slow on processors. NaN stays NaN."""
    state = np.full((slots, 3), 2.0**-90, hyperparameters.dtype)
    state[:, 1], state[:, 2] = 0.5, np.nan
    params, dparams = np.ones(3, state.dtype), np.zeros(3, state.dtype)
    step, seen = getattr(backend.kernels, kernel), set()
    for _ in range(30_000):
        step(params, dparams, state, 0, hyperparameters, False)
        seen.update(state[:, 0].tolist())
    assert (state[:, 0] == 0).all()
    assert min(value for value in seen if value) >= 2.0**-120
    assert np.isnan(state[:, 2]).all()


def train_layer(optimizer, weight, bias, gradients, dtype):
    """Return weight and bias after one step of an optimizer for each gradient by the weight, on the CPU.

    The gradient by the bias is the sum over the weight's inputs.
    """
    weight, bias = weight.astype(dtype), bias.astype(dtype)
    inputs = weight.shape[1]
    state = optimizer.bind(np.zeros(1 + weight.size + 2 + bias.size, dtype))  # with entries of other layers
    starts = np.array([1, 1 + weight.size + 2])
    kernel = getattr(cpu, f"linear_{optimizer.update}")
    for hyperparameters, gradient in zip(optimizer.hyperparameters(len(gradients), dtype), gradients, strict=True):
        inp = np.zeros((max(inputs, ROWS), inputs), dtype)
        inp[-inputs:] = np.eye(inputs)
        dout = np.zeros((len(inp), len(bias)), dtype)
        dout[-inputs:] = gradient.T
        kernel(weight, bias, np.empty_like(weight), np.empty_like(bias), state, starts, dout, inp, hyperparameters)
    return weight, bias
