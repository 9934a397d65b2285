"""Element types of dropout: float32, float16 and bfloat16, all computed in float32."""

import numpy as np

from ...core.jit import device_function
from ._intrinsics import bits_of, float_of

__all__ = ["CONVERSIONS"]


@device_function
def _from_bfloat16(bits):
    """Return the float32 of the 16 bits of a bfloat16."""
    return float_of(np.uint32(bits) << np.uint32(16))


@device_function
def _to_bfloat16(x):
    """Return the 16 bits of the nearest bfloat16, ties to even. NaN stays NaN."""
    bits = np.uint64(bits_of(x))
    if x != x:
        return np.uint16((bits >> np.uint64(16)) | np.uint64(0x40))
    return np.uint16((bits + np.uint64(0x7FFF) + ((bits >> np.uint64(16)) & np.uint64(1))) >> np.uint64(16))


# The conversions of each dtype to and from float32. NumPy has no bfloat16: uint16 holds its bits.
CONVERSIONS = {
    "float32": (np.float32, np.float32),
    "float16": (np.float32, np.float16),
    "uint16": (_from_bfloat16, _to_bfloat16),
}
