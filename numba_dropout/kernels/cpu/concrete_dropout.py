"""Concrete dropout, whose rate is learnt: values, gradients, and the regulariser (Gal, Hron & Kendall, NeurIPS 2017).

The rate is given by its logit, in an array of one element. Sums are taken in the same parts whatever the threads, in
float64.
"""

import numpy as np

from ...core.jit import kernel, reordered_loop, serial_loop
from ..scalar.concrete_dropout import odds32, odds64, odds_of, rate_of, scale_of, share_kept, slope_by_logit
from ..scalar.transcendental import bits32, bits64
from ..simd import vector
from ._random_map import each_piece
from .mask import part_size
from .reductions import sum_of_squares, sum_part


@serial_loop
def _shape(shares, how):
    """Make the shares that are kept of words; the odds come first in `how`."""
    odds = how[0]
    if shares.itemsize == 4:
        for i in range(shares.size):
            shares[i] = share_kept(odds, odds32(bits32(shares[i])))
    else:
        for i in range(shares.size):
            shares[i] = share_kept(odds, odds64(bits64(shares[i])))


@serial_loop
def _multiply(out, inp, values, shares, how, part):
    scale = how[1]
    for i in range(out.size):
        out[i] = inp[i] * (shares[i] * scale)


@reordered_loop
def _pass_back(out, inp, values, shares, how, part):
    _, scale, rate, sums = how
    total = np.float64(0)
    for i in range(out.size):  # in a loop without stores, which is the same whatever lies in the same memory
        total += np.float64(inp[i] * values[i] * slope_by_logit(rate, shares[i]))
    sums[part] += total
    for i in range(out.size):
        out[i] = inp[i] * (shares[i] * scale)


_forward_parts = each_piece(_shape, _multiply)
_backward_parts = each_piece(_shape, _pass_back)


@kernel
def concrete_dropout_forward(out, inp, logit, k0, k1, stream, step, offset):
    """Write inp times the shares that are kept, over 1 - p; out may be inp.

    out (n,), inp (n,), logit (1,) of p
    """
    size = part_size(out.size)
    parts = (out.size + size - 1) // size
    odds = odds_of(logit[0])
    _forward_parts(parts, (size, out, inp, inp, (odds, scale_of(odds)), k0, k1, stream, step, offset))


@kernel
def concrete_dropout_backward(dinp, dlogit, sums, dout, out, logit, k0, k1, stream, step, offset):
    """Write the gradients by the input and by the logit; dinp may be dout.

    dinp (n,), dlogit (1,), sums (SUMS,) float64 to work in, dout (n,), out (n,) of the forward pass, logit (1,) of p
    """
    size = sum_part(dinp.size)
    parts = (dinp.size + size - 1) // size
    odds = odds_of(logit[0])
    for part in range(parts):
        sums[part] = 0
    how = odds, scale_of(odds), rate_of(odds), sums
    _backward_parts(parts, (size, dinp, dout, out, how, k0, k1, stream, step, offset))
    total = np.float64(0)
    for part in range(parts):
        total += sums[part]
    dlogit[0] = total


@kernel
def concrete_regularizer(dlogit, sums, weight, logit, regularization):
    """Add the gradient of a layer's regulariser by the logit of its input's rate (equations 3 and 4).

    The regulariser is regularization[0] * |weight|**2 / (1 - p) - regularization[1] * C * entropy(p).

    dlogit (1,), sums (SUMS,) float64 to work in, weight (K, C), logit (1,) of p, regularization (2,)
    """
    flat = vector(weight, np.int64(0), weight.size)
    squares = sum_of_squares(sums, flat)
    odds = odds_of(logit[0])
    rate = rate_of(odds)
    narrow = weight.shape[1] * (regularization[1] * (rate / scale_of(odds) * logit[0]))
    dlogit[0] += regularization[0] * odds * squares + narrow


@kernel
def concrete_settings(out, hyperparameters, logit, regularization, decay):
    """Write a step's hyperparameters for a layer, with the regulariser's weight decay added in column `decay`.

    out (S,), hyperparameters (S,), logit (1,) of the rate of the layer's input, regularization (2,)
    """
    for i in range(hyperparameters.size):
        out[i] = hyperparameters[i]
    out[decay] += (regularization[0] + regularization[0]) * scale_of(odds_of(logit[0]))
