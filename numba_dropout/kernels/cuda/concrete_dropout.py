"""Concrete dropout, with a learned rate: values, gradients and the regularizer (Gal, Hron & Kendall, NeurIPS 2017).

The rate is given as its logit, in an array of one element. Sums are taken in float64, in a fixed order, from one
partial sum per thread block.
"""

import numpy as np
from numba import cuda, float64

from ...core.jit import device_function, device_kernel, scalar
from ..scalar.concrete_dropout import odds32, odds_of, rate_of, scale_of, share_kept, slope_by_logit
from ..scalar.constants import SUMS
from ..scalar.philox import block_words
from ._intrinsics import value_of
from ._launch import THREADS, launch_grid
from ._random_map import BLOCK_SHIFT, for_each_four, launch_for_each_four
from .reductions import launch_squares, partial_count, sum_partials, tree_sum


@device_function
def _odds_and_scale(logit):
    """Return the odds of dropping and 1 / (1 - p)."""
    odds = odds_of(logit[0])
    return odds, scale_of(odds)


@scalar
def _shares(operands, w0, w1, w2, w3):
    """Return the kept fractions of four elements."""
    odds = operands[0]
    return (
        share_kept(odds, odds32(w0)),
        share_kept(odds, odds32(w1)),
        share_kept(odds, odds32(w2)),
        share_kept(odds, odds32(w3)),
    )


@scalar
def _multiply(x, value, share, operands):
    return x * (share * operands[1])


_FORWARD = for_each_four(_odds_and_scale, _shares, _multiply)


@device_function
def _element_backward(dinp, dout, out, i, share, scale, rate):
    """Write an element's gradient and return its term of the logit's gradient."""
    gradient = np.float64(0)
    if 0 <= i < dinp.size:
        dy = dout[i]
        gradient = np.float64(dy * out[i] * slope_by_logit(rate, share))
        dinp[i] = dy * (share * scale)
    return gradient


@device_kernel
def _backward(dinp, sums, dout, out, lane, logit, k0, k1, stream, step, offset):
    """Write the gradients of the input, and a partial sum of the logit's gradient per thread block."""
    thread = cuda.threadIdx.x
    values = cuda.shared.array(THREADS, float64)
    odds = odds_of(logit[0])
    scale, rate = scale_of(odds), rate_of(odds)
    total = np.float64(0)
    for block in range(cuda.grid(1), (dinp.size + lane + 3) >> 2, SUMS * THREADS):
        start = 4 * block - lane
        w0, w1, w2, w3 = block_words((offset >> BLOCK_SHIFT) + np.uint64(block), stream, value_of(step), k0, k1)
        total += _element_backward(dinp, dout, out, start, share_kept(odds, odds32(w0)), scale, rate)
        total += _element_backward(dinp, dout, out, start + 1, share_kept(odds, odds32(w1)), scale, rate)
        total += _element_backward(dinp, dout, out, start + 2, share_kept(odds, odds32(w2)), scale, rate)
        total += _element_backward(dinp, dout, out, start + 3, share_kept(odds, odds32(w3)), scale, rate)
    values[thread] = total
    total = tree_sum(values, thread)
    if thread == 0:
        sums[cuda.blockIdx.x] = total


@device_kernel
def _finish(dlogit, sums, count):
    """Write the sum of the partial sums, with one thread block."""
    thread = cuda.threadIdx.x
    total = sum_partials(sums, count, cuda.shared.array(THREADS, float64), thread)
    if thread == 0:
        dlogit[0] = total


@device_kernel
def _regularize(dlogit, sums, count, inputs, logit, regularization):
    """Add the regularizer's gradient to dlogit, with one thread block."""
    thread = cuda.threadIdx.x
    squares = sum_partials(sums, count, cuda.shared.array(THREADS, float64), thread)
    if thread == 0:
        odds = odds_of(logit[0])
        entropy = np.float32(inputs) * (regularization[1] * (rate_of(odds) / scale_of(odds) * logit[0]))
        dlogit[0] += np.float32(np.float64(regularization[0] * odds) * squares) + entropy


@device_kernel
def _hyperparameters(out, hyperparameters, logit, regularization, decay):
    """Write one hyperparameter per thread."""
    i = cuda.threadIdx.x
    if i < hyperparameters.size:
        added = (regularization[0] + regularization[0]) * scale_of(odds_of(logit[0]))
        out[i] = hyperparameters[i] + added if i == decay else hyperparameters[i]


def concrete_dropout_forward(out, inp, logit, k0, k1, stream, step, offset):
    """Write inp times the kept fractions, over 1 - p. out may be inp.

    out (n,), inp (n,), logit (1,) of p
    """
    launch_for_each_four(_FORWARD, out, inp, inp, logit, k0, k1, stream, step, offset)


def concrete_dropout_backward(dinp, dlogit, sums, dout, out, logit, k0, k1, stream, step, offset):
    """Write the gradients with respect to the input and the logit. dinp may be dout.

    dinp (n,), dlogit (1,), sums (SUMS,) float64 workspace, dout (n,), out (n,) of the forward pass, logit (1,) of p
    """
    lane = int(offset) & 3
    count = partial_count((dinp.size + lane + 3) >> 2)
    operands = dinp, sums, dout, out, lane, logit, k0, k1, stream, step, offset
    launch_grid(_backward, count, THREADS, *operands)
    launch_grid(_finish, 1, THREADS, dlogit, sums, count)


def concrete_regularizer(dlogit, sums, weight, logit, regularization):
    """Add the gradient of a layer's regularizer with respect to the logit of its input's rate (equations 3 and 4).

    The regularizer is regularization[0] * |weight|**2 / (1 - p) - regularization[1] * C * entropy(p).

    dlogit (1,), sums (SUMS,) float64 workspace, weight (K, C), logit (1,) of p, regularization (2,)
    """
    count = launch_squares(sums, weight.reshape(weight.size))
    launch_grid(_regularize, 1, THREADS, dlogit, sums, count, weight.shape[1], logit, regularization)


def concrete_hyperparameters(out, hyperparameters, logit, regularization, decay):
    """Write a step's hyperparameters for a layer, with the regularizer's weight decay added in column `decay`.

    out (S,), hyperparameters (S,), logit (1,) of the rate of the layer's input, regularization (2,)
    """
    launch_grid(_hyperparameters, 1, THREADS, out, hyperparameters, logit, regularization, decay)
