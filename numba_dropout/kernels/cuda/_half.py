"""The kinds of elements that dropout takes, which are computed with as float32: float32, float16, bfloat16."""

import numpy as np

from ...core.jit import device_function
from ._intrinsics import bits_of, float_of

__all__ = ["KINDS"]


@device_function
def _from_bfloat16(bits):
    """Widen the 16 bits of a bfloat16 to a float32."""
    return float_of(np.uint32(bits) << np.uint32(16))


@device_function
def _to_bfloat16(x):
    """Return the 16 bits of the nearest bfloat16, ties to even; NaN stays NaN."""
    bits = np.uint64(bits_of(x))
    if x != x:
        return np.uint16((bits >> np.uint64(16)) | np.uint64(0x40))
    return np.uint16((bits + np.uint64(0x7FFF) + ((bits >> np.uint64(16)) & np.uint64(1))) >> np.uint64(16))


# How each kind becomes a float32, and is made of one; bfloat16, of which NumPy has none, is known by its bits.
KINDS = {
    "float32": (np.float32, np.float32),
    "float16": (np.float32, np.float16),
    "uint16": (_from_bfloat16, _to_bfloat16),
}
