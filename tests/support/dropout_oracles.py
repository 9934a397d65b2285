"""Dropout in NumPy: masks of the contract, and their application."""

import math

import naive
import numpy as np

from numba_dropout import reference

SELU_LIMIT = -1.0507009873554805 * 1.6732632423543772  # at minus infinity


def contract_mask(shape, p, *, offset=0, **position):
    """Return the mask of the contract for one rate, or for an array of rates that broadcasts, element by element."""
    rates = np.broadcast_to(p, shape).reshape(-1)
    mask = [naive.kept(offset + i, float(rate), **position) for i, rate in enumerate(rates)]
    return np.array(mask, bool).reshape(shape)


def masked_dropout(x, mask, p):
    """Return x scaled by 1 / (1 - p) where the mask is True, else +0. The mask and p broadcast."""
    threshold = np.rint(np.asarray(p) * 2**32)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        scale = np.where(threshold == 2**32, 0, 2**32 / (2**32 - threshold)).astype(x.dtype)
        return np.where(np.asarray(mask) & (scale > 0), x * scale, x.dtype.type(0))


def dropout(x, p, **position):
    """Return dropout with one rate."""
    return masked_dropout(x, reference.sample_mask(x.shape, p, **position), p)


def alpha_dropout(x, mask, p):
    """Return alpha dropout by a mask, as float64."""
    slope = _selu_slope(p)
    offset = -slope * p * SELU_LIMIT
    return np.where(mask, x.astype(np.float64) * slope + offset, SELU_LIMIT * slope + offset)


def alpha_dropout_backward(dy, mask, p):
    """Return the gradient of alpha dropout by its input, as float64."""
    return np.where(mask, dy.astype(np.float64) * _selu_slope(p), 0)


def _selu_slope(p):
    return 1 / math.sqrt((1 - p) * (1 + p * SELU_LIMIT**2))
