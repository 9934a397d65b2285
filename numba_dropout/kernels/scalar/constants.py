"""Constants of all kernels.

Kernels combine no float literal with a float32, which would widen it. These constants are float32 values that float64
represents exactly.
"""

import numpy as np

__all__ = ["HALF", "ONE", "SUMS", "ZERO"]

ZERO = np.float32(0)
HALF = np.float32(0.5)
ONE = np.float32(1)

SUMS = 256  # largest number of chunks of a sum, for any number of threads
