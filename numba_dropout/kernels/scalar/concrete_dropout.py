"""The masks of Concrete dropout: scalar functions, written once for every target.

Of an element, z = sigmoid((logit(p) - logit(u)) / t) is dropped, u uniform, with the temperature t = 1/10 of the
paper's experiments (Gal, Hron & Kendall, NeurIPS 2017, equation 5, with 1 - u for u). What is kept, 1 - z = 1 / (1 +
(odds(p) (1 - u) / u)**10), then needs neither logarithm nor exponential.
"""

import numpy as np

from ...core.jit import scalar
from .constants import ONE as ONE32
from .constants import ZERO
from .transcendental import exp

__all__ = ["odds32", "odds64", "odds_of", "rate_of", "scale_of", "share_kept", "slope_by_logit"]

ONE, NINE, TWELVE = np.int32(1), np.int32(9), np.int32(12)
TEN = np.float32(10)  # 1 / temperature
LEAST, MOST = np.float32(2**-10), np.float32(2**12)  # of q: nothing is dropped, or all; tenth powers are float32
HIGHEST = np.float32(60)  # logit: nothing is kept there, nor above
TOP24, TOP53 = np.int32(2**24), np.int64(2**53)
STEPS23, STEPS52 = np.int32(2**23 - 1), np.int64(2**52 - 1)


@scalar
def odds32(word):
    """Return (1 - u) / u in float32, u being the middle of a step of 2**-23, which a word's upper bits choose."""
    odd = np.int32((np.int32(word) >> NINE & STEPS23) << ONE | ONE)
    return np.float32(np.int32(TOP24 - odd)) / np.float32(odd)


@scalar
def odds64(bits):
    """Return (1 - u) / u in float64, u being the middle of a step of 2**-52, which the upper of 64 bits choose."""
    odd = (np.int64(bits) >> TWELVE & STEPS52) << ONE | ONE
    return np.float64(TOP53 - odd) / np.float64(odd)


@scalar
def odds_of(logit):
    """Return p / (1 - p) of the logit of p."""
    return exp(logit if logit < HIGHEST else HIGHEST)


@scalar
def share_kept(odds, drawn):
    """Return the share of an element that is kept, of odds p / (1 - p) and (1 - u) / u that was drawn."""
    whole = odds * drawn
    q = whole if whole > LEAST else odds * ZERO + LEAST
    q = q if q < MOST else odds * ZERO + MOST
    square = q * q
    fourth = square * square
    share = ONE32 / (ONE32 + fourth * fourth * square)
    return share if whole < MOST else share * ZERO


@scalar
def scale_of(odds):
    """Return 1 / (1 - p)."""
    return ONE32 + odds


@scalar
def rate_of(odds):
    """Return p."""
    return odds / (ONE32 + odds)


@scalar
def slope_by_logit(rate, share):
    """Return the derivative of share / (1 - p) by p's logit, over itself."""
    return rate - TEN * (ONE32 - share)
