"""Dropout with an affine map, as in alpha dropout.

Kept elements are mapped. Dropped ones become a constant. A thread handles one Philox block of 8 elements.
"""

import numpy as np
from numba import cuda

from ...core.jit import device_kernel
from ..scalar.philox import SHIFT3
from ._half import CONVERSIONS
from ._launch import launch
from .mask import NONE, block_bits, block_count


def _build_kernel(widen, narrow):
    """Return the kernel for one dtype, with its conversions to and from float32."""

    @device_kernel
    def affine(out, inp, lane, scale, shift, dropped, threshold, k0, k1, stream, step, offset):
        """Map or drop the eight elements of one block."""
        thread = cuda.grid(1)
        start = 8 * thread - lane
        if start < out.size:
            bits = block_bits((offset >> SHIFT3) + np.uint64(thread), threshold, k0, k1, stream, step)
            for i in range(max(-start, 0), min(8, out.size - start)):
                bit = bits >> np.uint32(i) & np.uint32(1)
                out[start + i] = narrow(widen(inp[start + i]) * scale + shift if bit != NONE else dropped)

    return affine


_KERNELS = {dtype: _build_kernel(*conversions) for dtype, conversions in CONVERSIONS.items()}


def alpha_dropout_forward(out, inp, scale, shift, dropped, threshold, k0, k1, stream, step, offset):
    """Write inp * scale + shift for kept elements and `dropped` for the others. out may be inp.

    out (n,), inp (n,)
    """
    blocks, lane = block_count(out.size, offset)
    kernel = _KERNELS[str(out.dtype)]
    launch(kernel, blocks, out, inp, lane, scale, shift, dropped, threshold, k0, k1, stream, step, offset)


alpha_dropout_backward = alpha_dropout_forward  # with shift and dropped 0, which do not depend on inp
