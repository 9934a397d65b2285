"""Dropout with an existing mask, of the array's size or broadcast from a smaller one.

An array is treated as rows of `columns` elements. The last row may be shorter. Row r takes the mask's elements from
starts[r] on, with a stride of 1, or of 0 if it has one element for the row.
"""

import numpy as np
from numba import cuda

from ...core.jit import device_kernel
from ..scalar.constants import ZERO
from ._half import CONVERSIONS
from ._launch import launch, launch_2d


def _build_kernels(widen, narrow):
    """Return the kernels for one dtype."""

    @device_kernel
    def masked(first, out, inp, columns, mask, starts, stride, scale, shift, dropped):
        """Map or drop one element per thread."""
        column, row = cuda.grid(2)
        row += first
        j = row * columns + column
        if row < starts.size and column < columns and j < out.size:
            x = widen(inp[j]) * scale + shift
            out[j] = narrow(x if mask[starts[row] + column * stride] else dropped)

    @device_kernel
    def rated(first, out, inp, columns, mask, mask_starts, mask_stride, scales, scale_starts, scale_stride):
        """Scale or drop one element per thread, with its own scale."""
        column, row = cuda.grid(2)
        row += first
        j = row * columns + column
        if row < mask_starts.size and column < columns and j < out.size:
            scale = scales[scale_starts[row] + column * scale_stride]
            kept = mask[mask_starts[row] + column * mask_stride] and scale != ZERO
            out[j] = narrow(widen(inp[j]) * scale if kept else ZERO)

    @device_kernel
    def packed_masked(out, inp, packed, scale):
        """Scale or drop one element per thread, with its bit of the mask."""
        j = cuda.grid(1)
        if j < out.size:
            bit = packed[j >> 3] >> np.uint8(j & 7) & np.uint8(1)
            out[j] = narrow(widen(inp[j]) * scale if bit else ZERO)

    return masked, rated, packed_masked


_MASKED, _RATED, _PACKED = (
    dict(zip(CONVERSIONS, kernels, strict=True))
    for kernels in zip(*(_build_kernels(*conversions) for conversions in CONVERSIONS.values()), strict=True)
)


def masked_dropout_forward(out, inp, columns, mask, starts, stride, scale, shift, dropped):
    """Write inp * scale + shift where the mask is True, and `dropped` elsewhere. out may be inp.

    out (n,), inp (n,), mask (m,) bool, starts (ceil(n / columns),) int64, stride 0 or 1
    """
    operands = out, inp, columns, mask, starts, stride, scale, shift, dropped
    launch_2d(_MASKED[str(out.dtype)], starts.size, columns, *operands)


masked_dropout_backward = masked_dropout_forward  # with shift and dropped 0


def masked_dropout_packed_forward(out, inp, packed, scale):
    """Write inp * scale where the element's bit is set, and +0 elsewhere. out may be inp.

    out (n,), inp (n,), packed (ceil(n / 8),) uint8
    """
    launch(_PACKED[str(out.dtype)], out.size, out, inp, packed, scale)


masked_dropout_packed_backward = masked_dropout_packed_forward


def masked_dropout_rates_forward(out, inp, columns, mask, mask_starts, mask_stride, scales, scale_starts, scale_stride):
    """Write inp times its scale where the mask is True and the scale is not 0, and +0 elsewhere. out may be inp.

    out (n,), inp (n,), mask (m,) bool, scales (k,), starts (ceil(n / columns),) int64 of each, strides 0 or 1
    """
    operands = out, inp, columns, mask, mask_starts, mask_stride, scales, scale_starts, scale_stride
    launch_2d(_RATED[str(out.dtype)], mask_starts.size, columns, *operands)


masked_dropout_rates_backward = masked_dropout_rates_forward
