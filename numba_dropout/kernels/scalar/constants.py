"""Constants of all kernels.

No bare float literal meets a float32 in a kernel, which it would widen: these are float32 values, which float64 holds
exactly.
"""

import numpy as np

__all__ = ["HALF", "ONE", "SUMS", "ZERO"]

ZERO = np.float32(0)
HALF = np.float32(0.5)
ONE = np.float32(1)

SUMS = 256  # parts that a sum is taken in, at most: whatever the threads
