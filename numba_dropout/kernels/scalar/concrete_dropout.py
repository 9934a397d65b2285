"""Masks of Concrete dropout: scalar functions, written once for all targets.

The share z = sigmoid((logit(p) - logit(u)) / t) of an element is dropped, with u uniform and the temperature t = 1/10
of the paper's experiments (Gal, Hron & Kendall, NeurIPS 2017, equation 5, with 1 - u for u). The kept share, 1 - z =
1 / (1 + (odds(p) (1 - u) / u)**10), then needs neither logarithm nor exponential.
"""

import numpy as np

from ...core.jit import scalar
from .constants import ONE as ONE32
from .constants import ZERO
from .transcendental import exp

__all__ = ["odds32", "odds64", "odds_of", "rate_of", "scale_of", "share_kept", "slope_by_logit"]

ONE, NINE, TWELVE = np.int32(1), np.int32(9), np.int32(12)
TEN = np.float32(10)  # 1 / temperature
# beyond these values of q, nothing or everything is dropped: tenth powers stay in float32
Q_MIN, Q_MAX = np.float32(2**-10), np.float32(2**12)
LOGIT_MAX = np.float32(60)  # from this logit on nothing is kept
TWO24, TWO53 = np.int32(2**24), np.int64(2**53)
MASK23, MASK52 = np.int32(2**23 - 1), np.int64(2**52 - 1)


@scalar
def odds32(word):
    """Return (1 - u) / u in float32. u is the middle of a step of 2**-23, which the upper bits of a word select."""
    odd = np.int32((np.int32(word) >> NINE & MASK23) << ONE | ONE)
    return np.float32(np.int32(TWO24 - odd)) / np.float32(odd)


@scalar
def odds64(bits):
    """Return (1 - u) / u in float64. u is the middle of a step of 2**-52, which the upper of 64 bits select."""
    odd = (np.int64(bits) >> TWELVE & MASK52) << ONE | ONE
    return np.float64(TWO53 - odd) / np.float64(odd)


@scalar
def odds_of(logit):
    """Return p / (1 - p) from the logit of p."""
    return exp(logit if logit < LOGIT_MAX else LOGIT_MAX)


@scalar
def share_kept(odds, random_odds):
    """Return the kept share of an element from the odds p / (1 - p) and the random (1 - u) / u."""
    product = odds * random_odds
    q = product if product > Q_MIN else odds * ZERO + Q_MIN
    q = q if q < Q_MAX else odds * ZERO + Q_MAX
    square = q * q
    fourth = square * square
    share = ONE32 / (ONE32 + fourth * fourth * square)
    return share if product < Q_MAX else share * ZERO


@scalar
def scale_of(odds):
    """Return 1 / (1 - p) from the odds of p."""
    return ONE32 + odds


@scalar
def rate_of(odds):
    """Return p from its odds."""
    return odds / (ONE32 + odds)


@scalar
def slope_by_logit(rate, share):
    """Return the derivative of share / (1 - p) with respect to the logit of p, divided by share / (1 - p)."""
    return rate - TEN * (ONE32 - share)
