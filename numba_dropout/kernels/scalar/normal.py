"""Normal numbers from random words: scalar functions, written once for all targets.

The upper 24 bits of a word, or 53 of two, low word first, give a uniform number in the middle of its step. Two uniform
numbers give two normal numbers (G. E. P. Box, M. E. Muller, Annals of Mathematical Statistics 29, 1958).
"""

import numpy as np

from ...core.jit import scalar
from .transcendental import direction32, direction64, log32, log64, sqrt

__all__ = ["normals32", "normals64"]

# 32-bit integers allow twice as many elements in a vector. They are signed because conversions to floats are.
ONE32, EIGHT, UPPER24 = np.int32(1), np.int32(8), np.int32(2**24 - 1)
ONE64, ELEVEN, UPPER53 = np.int64(1), np.int64(11), np.int64(2**53 - 1)
STEP25 = np.float32(2**-25)
STEP54 = np.float64(2.0**-54)
MINUS_TWO32, MINUS_TWO64 = np.float32(-2), np.float64(-2)


@scalar
def _upper24(bits):
    """Return the upper 24 bits of a word."""
    return np.int32(np.int32(bits) >> EIGHT & UPPER24)


@scalar
def _upper53(bits):
    """Return the upper 53 bits of two words."""
    return np.int64(bits) >> ELEVEN & UPPER53


@scalar
def normals32(bits0, bits1):
    """Return two independent standard normal float32 numbers from two words."""
    uniform = np.float32(np.int32(_upper24(bits0) << ONE32 | ONE32)) * STEP25
    radius = sqrt(MINUS_TWO32 * log32(uniform))
    x, y = direction32(_upper24(bits1))
    return radius * x, radius * y


@scalar
def normals64(bits0, bits1):
    """Return two independent standard normal float64 numbers from two pairs of words, as 64 bits each."""
    uniform = np.float64(_upper53(bits0) << ONE64 | ONE64) * STEP54
    radius = sqrt(MINUS_TWO64 * log64(uniform))
    x, y = direction64(_upper53(bits1))
    return radius * x, radius * y
