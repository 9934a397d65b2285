"""Concrete dropout with a learned rate: values, gradients, and the regularizer (Gal, Hron & Kendall, NeurIPS 2017).

The rate is given as its logit, in an array of one element. Sums are taken in float64, in chunks that do not depend on
the number of threads.
"""

import numpy as np

from ...core.jit import kernel, reordered_loop, serial_loop
from ..scalar.concrete_dropout import odds32, odds64, odds_of, rate_of, scale_of, share_kept, slope_by_logit
from ..scalar.transcendental import bits32, bits64
from ..simd import vector
from ._random_map import for_each_piece
from .mask import chunk_size
from .reductions import sum_chunk_size, sum_of_squares


@serial_loop
def _to_shares(shares, operands):
    """Convert words to kept shares. The odds are the first of the operands."""
    odds = operands[0]
    if shares.itemsize == 4:
        for i in range(shares.size):
            shares[i] = share_kept(odds, odds32(bits32(shares[i])))
    else:
        for i in range(shares.size):
            shares[i] = share_kept(odds, odds64(bits64(shares[i])))


@serial_loop
def _multiply(out, inp, values, shares, operands, chunk):
    """Multiply by the kept shares, divided by 1 - p."""
    scale = operands[1]
    for i in range(out.size):
        out[i] = inp[i] * (shares[i] * scale)


@reordered_loop
def _multiply_backward(out, inp, values, shares, operands, chunk):
    """Write the gradient of the input, and add the logit's gradient to the chunk's sum."""
    _, scale, rate, sums = operands
    total = np.float64(0)
    for i in range(out.size):  # in a loop without stores, so that aliasing arrays do not change the code
        total += np.float64(inp[i] * values[i] * slope_by_logit(rate, shares[i]))
    sums[chunk] += total
    for i in range(out.size):
        out[i] = inp[i] * (shares[i] * scale)


_forward_chunks = for_each_piece(_to_shares, _multiply)
_backward_chunks = for_each_piece(_to_shares, _multiply_backward)


@kernel
def concrete_dropout_forward(out, inp, logit, k0, k1, stream, step, offset):
    """Write inp times the kept shares, divided by 1 - p. out may be inp.

    out (n,), inp (n,), logit (1,) of p
    """
    size = chunk_size(out.size)
    chunks = (out.size + size - 1) // size
    odds = odds_of(logit[0])
    _forward_chunks(chunks, (size, out, inp, inp, (odds, scale_of(odds)), k0, k1, stream, step, offset))


@kernel
def concrete_dropout_backward(dinp, dlogit, sums, dout, out, logit, k0, k1, stream, step, offset):
    """Write the gradients with respect to the input and the logit. dinp may be dout.

    dinp (n,), dlogit (1,), sums (SUMS,) float64 scratch memory, dout (n,), out (n,) of the forward pass,
    logit (1,) of p
    """
    size = sum_chunk_size(dinp.size)
    chunks = (dinp.size + size - 1) // size
    odds = odds_of(logit[0])
    for chunk in range(chunks):
        sums[chunk] = 0
    operands = odds, scale_of(odds), rate_of(odds), sums
    _backward_chunks(chunks, (size, dinp, dout, out, operands, k0, k1, stream, step, offset))
    total = np.float64(0)
    for chunk in range(chunks):
        total += sums[chunk]
    dlogit[0] = total


@kernel
def concrete_regularizer(dlogit, sums, weight, logit, regularization):
    """Add the gradient of a layer's regularizer with respect to the logit of its input's rate (equations 3 and 4).

    The regularizer is regularization[0] * |weight|**2 / (1 - p) - regularization[1] * C * entropy(p).

    dlogit (1,), sums (SUMS,) float64 scratch memory, weight (K, C), logit (1,) of p, regularization (2,)
    """
    flat = vector(weight, np.int64(0), weight.size)
    squares = sum_of_squares(sums, flat)
    odds = odds_of(logit[0])
    rate = rate_of(odds)
    entropy_term = weight.shape[1] * (regularization[1] * (rate / scale_of(odds) * logit[0]))
    dlogit[0] += regularization[0] * odds * squares + entropy_term


@kernel
def concrete_hyperparameters(out, hyperparameters, logit, regularization, decay):
    """Write a step's hyperparameters for a layer, with the regularizer's weight decay added to element `decay`.

    out (S,), hyperparameters (S,), logit (1,) of the rate of the layer's input, regularization (2,)
    """
    for i in range(hyperparameters.size):
        out[i] = hyperparameters[i]
    out[decay] += (regularization[0] + regularization[0]) * scale_of(odds_of(logit[0]))
