"""A hidden layer with any activation in one kernel: linear, activation and dropout."""

import functools

import numpy as np
from numba import cuda

from ...core.jit import device_function, device_kernel
from ..scalar.activations import ACTIVATIONS
from ..scalar.constants import ZERO
from ._gemm import COLUMNS, kernels_by_tile, multiply
from ._launch import launch
from .linear_relu_dropout import ALL, NO_THRESHOLD, kept_bits

TRUE = np.bool_(True)


@functools.cache
def linear_dropout(activation):
    """Return the kernel of a hidden layer with an activation, by its name.

    kernel(out, slopes, inp, weight, bias, threshold, scale, k0, k1, stream, step, offset) writes
    dropout(activation(inp @ weight.T + bias)), and to `slopes` the derivatives of the outputs with respect to the
    products, unless it is empty. A threshold of 0 skips dropout. If bias is empty, none is added.

    out (B, K), slopes (B, K) or (0, K), inp (B, C), weight (K, C), bias (K,). Element i of out is element offset + i of
    the stream. step may be a one-element array.
    """
    value_and_slope = ACTIVATIONS[activation].value_and_slope

    @device_function
    def finish(i, j, sums, start, operands):
        """Write one row of eight outputs, and their slopes."""
        out, slopes, bias, threshold, scale, k0, k1, stream, step, offset = operands
        if i < out.shape[0] and j < out.shape[1]:
            bits = ALL
            if threshold != NO_THRESHOLD:
                first = offset + np.uint64(i) * np.uint64(out.shape[1]) + np.uint64(j)
                bits = kept_bits(first, threshold, k0, k1, stream, step)
            for n in range(COLUMNS):
                if j + n < out.shape[1]:
                    product = sums[start + n] + (bias[j + n] if bias.size else ZERO)
                    y, slope = value_and_slope(np.float64(product), TRUE)
                    y, slope = np.float32(y), np.float32(slope)
                    if threshold != NO_THRESHOLD:
                        kept = bits >> np.uint32(n) & np.uint32(1)
                        y, slope = (y * scale if kept else ZERO), (slope * scale if kept else ZERO)
                    out[i, j + n] = y
                    if slopes.size:
                        slopes[i, j + n] = slope

    kernels = kernels_by_tile(True, True, finish)

    def linear_dropout_forward(out, slopes, inp, weight, bias, threshold, scale, k0, k1, stream, step, offset):
        """Write the outputs, and the slopes unless their array is empty."""
        operands = out, slopes, bias, threshold, scale, k0, k1, stream, step, offset
        multiply(kernels, out.shape, inp.shape[1], inp, weight, operands)

    return linear_dropout_forward


@device_kernel
def _multiply(dinp, dout, slopes):
    """Write one gradient per thread."""
    i = cuda.grid(1)
    if i < dinp.size:
        dinp[i] = dout[i] * slopes[i] if slopes[i] != ZERO else ZERO


def multiply_slopes(dinp, dout, slopes):
    """Write the gradient with respect to a hidden layer's product: 0 where a slope is 0. dinp may be dout.

    dinp (n,), dout (n,), slopes (n,)
    """
    launch(_multiply, dinp.size, dinp, dout, slopes)
