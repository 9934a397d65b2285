"""Normal numbers from random words: scalar functions, written once for every target.

A word gives the first 24 bits of a uniform number, in the middle of its step; two words, low half first, give 53. Two
uniform numbers give two normal ones (G. E. P. Box, M. E. Muller, Annals of Mathematical Statistics 29, 1958).
"""

import numpy as np

from .._jit import scalar
from .elementary import direction32, direction64, log32, log64
from .philox import ONE, SHIFT32
from .pointwise import sqrt

__all__ = ["normals32", "normals64"]

SHIFT8 = np.uint64(8)
SHIFT11 = np.uint64(11)
STEP25 = np.float32(2**-25)
STEP54 = np.float64(2.0**-54)
MINUS_TWO32, MINUS_TWO64 = np.float32(-2), np.float64(-2)


@scalar
def _odd25(word):
    """Return a word's uniform number times 2**25."""
    return ((word >> SHIFT8) << ONE) | ONE


@scalar
def _odd54(word0, word1):
    """Return two words' uniform number times 2**54."""
    return (((word1 << SHIFT32 | word0) >> SHIFT11) << ONE) | ONE


@scalar
def normals32(word0, word1):
    """Return two independent standard normal float32 numbers from two words."""
    radius = sqrt(MINUS_TWO32 * log32(np.float32(_odd25(word0)) * STEP25))
    x, y = direction32(word1 >> SHIFT8)
    return radius * x, radius * y


@scalar
def normals64(word0, word1, word2, word3):
    """Return two independent standard normal float64 numbers from four words."""
    radius = sqrt(MINUS_TWO64 * log64(np.float64(_odd54(word0, word1)) * STEP54))
    x, y = direction64((word3 << SHIFT32 | word2) >> SHIFT11)
    return radius * x, radius * y
