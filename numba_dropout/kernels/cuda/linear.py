"""A fully connected layer: out = inp @ weight.T + bias, with weight (K, C) as in PyTorch."""

import numpy as np
from numba import cuda, float32

from ...core.jit import device_function, device_kernel
from ..scalar.activations.relu import relu_dropout_derivative
from ..scalar.constants import ZERO
from ._gemm import COLUMNS, kernels_by_tile, multiply
from ._launch import grid_size, launch_grid

UNITS, GROUPS = 32, 8  # neighbouring units and groups of rows of a thread block that sums over rows


@device_function
def _finish_forward(i, j, sums, start, operands):
    """Write one row of eight sums plus the bias."""
    out, bias = operands
    if i < out.shape[0]:
        for n in range(COLUMNS):
            if j + n < out.shape[1]:
                out[i, j + n] = sums[start + n] + (bias[j + n] if bias.size else ZERO)


_FORWARD = kernels_by_tile(True, True, _finish_forward)


def linear_forward(out, inp, weight, bias):
    """Write inp @ weight.T + bias. If bias is empty, none is added.

    out (B, K), inp (B, C), weight (K, C), bias (K,)
    """
    multiply(_FORWARD, out.shape, inp.shape[1], inp, weight, (out, bias))


@device_function
def _finish_input(i, j, sums, start, operands):
    """Write one row of eight gradients of the input."""
    dinp, out, scale = operands
    if i < dinp.shape[0]:
        for n in range(COLUMNS):
            if j + n < dinp.shape[1]:
                dx = sums[start + n]
                dinp[i, j + n] = relu_dropout_derivative(dx, out[i, j + n], scale) if out.size else dx


_INPUT = kernels_by_tile(True, False, _finish_input)


def linear_backward_input(dinp, dout, weight, out, scale):
    """Write the gradient with respect to a layer's input, or to the product of the hidden layer before it.

    It is the latter if `out` is not empty: `out` is the output of that hidden layer, and `scale` is its scale.

    dinp (B, C), dout (B, K), weight (K, C), out (B, C) or empty
    """
    multiply(_INPUT, dinp.shape, weight.shape[0], dout, weight, (dinp, out, scale))


@device_function
def _finish_product(i, j, sums, start, operands):
    """Write one row of eight gradients of a hidden layer's product."""
    dinp, slopes = operands
    if i < dinp.shape[0]:
        for n in range(COLUMNS):
            if j + n < dinp.shape[1]:
                slope = slopes[i, j + n]
                dinp[i, j + n] = sums[start + n] * slope if slope != ZERO else ZERO


_PRODUCT = kernels_by_tile(True, False, _finish_product)


def linear_backward_product(dinp, dout, weight, slopes):
    """Write the gradient with respect to the product of the hidden layer before a layer.

    It is 0 where a slope is 0, as those of dropped outputs are.

    dinp (B, C), dout (B, K), weight (K, C), slopes (B, C) of the hidden layer's outputs
    """
    multiply(_PRODUCT, dinp.shape, weight.shape[0], dout, weight, (dinp, slopes))


@device_kernel
def _sum_rows(total, dout):
    """Sum the rows of 32 neighbouring units with one thread block."""
    unit, group = cuda.threadIdx.x, cuda.threadIdx.y
    values = cuda.shared.array((GROUPS, UNITS), float32)
    o = cuda.blockIdx.x * UNITS + unit
    value = ZERO
    if o < total.size:
        for i in range(group, dout.shape[0], GROUPS):
            value += dout[i, o]
    values[group, unit] = value
    half = GROUPS >> 1
    cuda.syncthreads()
    while half:
        if group < half:
            values[group, unit] += values[group + half, unit]
        cuda.syncthreads()
        half >>= 1
    if group == 0 and o < total.size:
        total[o] = values[0, unit]


def sum_rows(total, dout):
    """Write the sums of dout (B, K) over its rows, in an order that depends on B only."""
    if total.size:
        launch_grid(_sum_rows, grid_size(total.size, UNITS), (UNITS, GROUPS), total, dout)


@device_function
def _finish_weight(i, j, sums, start, operands):
    """Write one row of eight gradients of the weight."""
    (dweight,) = operands
    if i < dweight.shape[0]:
        for n in range(COLUMNS):
            if j + n < dweight.shape[1]:
                dweight[i, j + n] = sums[start + n]


_WEIGHT = kernels_by_tile(False, False, _finish_weight)


def linear_backward_weight(dweight, dbias, dout, inp):
    """Write the gradients with respect to a layer's weight and bias.

    dweight (K, C), dbias (K,), dout (B, K), inp (B, C)
    """
    multiply(_WEIGHT, dweight.shape, dout.shape[0], dout, inp, (dweight,))
    sum_rows(dbias, dout)


def linear_backward(dinp, dweight, dbias, dout, inp, weight):
    """Write the gradients of a layer. If dinp is empty, its gradient is not computed.

    dinp (B, C), dweight (K, C), dbias (K,), dout (B, K), inp (B, C), weight (K, C)
    """
    linear_backward_weight(dweight, dbias, dout, inp)
    if dinp.size:
        linear_backward_input(dinp, dout, weight, dinp[:0], np.float32(1))
