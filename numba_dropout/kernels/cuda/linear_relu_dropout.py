"""A hidden layer as one operation: linear, ReLU, dropout; the backward pass needs no mask."""

import numpy as np
from numba import cuda

from ...core.jit import device_function, device_kernel
from ..scalar.activations import relu, relu_dropout_derivative
from ..scalar.constants import ZERO
from ..scalar.philox import SEVEN, SHIFT3
from ._gemm import COLUMNS, multiply, over_tiles
from ._intrinsics import value_of
from ._launch import launch
from .linear import linear_backward
from .mask import block_bits

ALL = np.uint32(0xFF)
NO_THRESHOLD = np.uint64(0)


@device_function
def _finish(i, j, sums, start, how):
    out, bias, threshold, scale, k0, k1, stream, step, offset = how
    if i < out.shape[0] and j < out.shape[1]:
        bits = ALL
        if threshold != NO_THRESHOLD:
            first = offset + np.uint64(i) * np.uint64(out.shape[1]) + np.uint64(j)
            block, lane = first >> SHIFT3, np.uint32(first & SEVEN)
            bits = block_bits(block, threshold, k0, k1, stream, value_of(step))
            if lane:  # the eight lie in two blocks
                following = block_bits(block + np.uint64(1), threshold, k0, k1, stream, value_of(step))
                bits = bits >> lane | following << (np.uint32(8) - lane)
        for n in range(COLUMNS):
            if j + n < out.shape[1]:
                y = relu(sums[start + n] + (bias[j + n] if bias.size else ZERO))
                if threshold != NO_THRESHOLD:
                    y = y * scale if bits >> np.uint32(n) & np.uint32(1) else ZERO
                out[i, j + n] = y


_KERNELS = over_tiles(True, True, _finish)


def linear_relu_dropout_forward(out, inp, weight, bias, threshold, scale, k0, k1, stream, step, offset):
    """Write dropout(relu(inp @ weight.T + bias)); threshold 0 leaves dropout out, an empty bias is none.

    out (B, K), inp (B, C), weight (K, C), bias (K,); element i of out is element offset + i of the stream; step may
    be an array of one
    """
    how = out, bias, threshold, scale, k0, k1, stream, step, offset
    multiply(_KERNELS, out.shape, inp.shape[1], inp, weight, how)


@device_kernel
def _derivative(dout, out, scale):
    i = cuda.grid(1)
    if i < dout.size:
        dout[i] = relu_dropout_derivative(dout[i], out[i], scale)


def linear_relu_dropout_backward(dinp, dweight, dbias, dout, out, inp, weight, scale):
    """Write the gradients of the layer; dout is overwritten with that of the product; an empty dinp is not computed.

    An output is positive exactly where it was kept and its input to the ReLU was positive, so its sign is all that is
    needed; defined for outputs that are not NaN.

    dinp (B, C), dweight (K, C), dbias (K,), dout (B, K), out (B, K), inp (B, C), weight (K, C)
    """
    launch(_derivative, dout.size, dout.reshape(dout.size), out.reshape(out.size), scale)
    linear_backward(dinp, dweight, dbias, dout, inp, weight)
