"""A hidden layer in one kernel: linear, ReLU and dropout.

The backward pass needs no mask.
"""

import numpy as np
from numba import cuda

from ...core.jit import device_function, device_kernel
from ..scalar.activations.relu import relu, relu_dropout_derivative
from ..scalar.constants import ZERO
from ..scalar.philox import SEVEN, SHIFT3
from ._gemm import COLUMNS, kernels_by_tile, multiply
from ._intrinsics import value_of
from ._launch import launch
from .linear import linear_backward
from .mask import block_bits

ALL = np.uint32(0xFF)
NO_THRESHOLD = np.uint64(0)


@device_function
def kept_bits(first, threshold, k0, k1, stream, step):
    """Return the mask of the eight elements of a stream from `first` on, as bits."""
    block, lane = first >> SHIFT3, np.uint32(first & SEVEN)
    bits = block_bits(block, threshold, k0, k1, stream, value_of(step))
    if lane:  # the eight elements lie in two blocks
        next_bits = block_bits(block + np.uint64(1), threshold, k0, k1, stream, value_of(step))
        bits = bits >> lane | next_bits << (np.uint32(8) - lane)
    return bits


@device_function
def _finish(i, j, sums, start, operands):
    """Write one row of eight outputs: the sums after bias, ReLU and dropout."""
    out, bias, threshold, scale, k0, k1, stream, step, offset = operands
    if i < out.shape[0] and j < out.shape[1]:
        bits = ALL
        if threshold != NO_THRESHOLD:
            first = offset + np.uint64(i) * np.uint64(out.shape[1]) + np.uint64(j)
            bits = kept_bits(first, threshold, k0, k1, stream, step)
        for n in range(COLUMNS):
            if j + n < out.shape[1]:
                y = relu(sums[start + n] + (bias[j + n] if bias.size else ZERO))
                if threshold != NO_THRESHOLD:
                    y = y * scale if bits >> np.uint32(n) & np.uint32(1) else ZERO
                out[i, j + n] = y


_KERNELS = kernels_by_tile(True, True, _finish)


def linear_relu_dropout_forward(out, inp, weight, bias, threshold, scale, k0, k1, stream, step, offset):
    """Write dropout(relu(inp @ weight.T + bias)). A threshold of 0 skips dropout. If bias is empty, none is added.

    out (B, K), inp (B, C), weight (K, C), bias (K,). Element i of out is element offset + i of the stream. step may
    be a one-element array.
    """
    operands = out, bias, threshold, scale, k0, k1, stream, step, offset
    multiply(_KERNELS, out.shape, inp.shape[1], inp, weight, operands)


@device_kernel
def _derivative(dout, out, scale):
    """Overwrite one element of dout per thread."""
    i = cuda.grid(1)
    if i < dout.size:
        dout[i] = relu_dropout_derivative(dout[i], out[i], scale)


def linear_relu_dropout_backward(dinp, dweight, dbias, dout, out, inp, weight, scale):
    """Write the gradients of the layer, and overwrite dout with the gradient of the product.

    If dinp is empty, its gradient is not computed.

    An output is positive if and only if it was kept and the input to the ReLU was positive, so its sign replaces the
    mask. The gradient is 0 where an output is NaN.

    dinp (B, C), dweight (K, C), dbias (K,), dout (B, K), out (B, K), inp (B, C), weight (K, C)
    """
    launch(_derivative, dout.size, dout.reshape(dout.size), out.reshape(out.size), scale)
    linear_backward(dinp, dweight, dbias, dout, inp, weight)
