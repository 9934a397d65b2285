"""Dropout by a mask that is there already: the whole array's, or a smaller one's that is broadcast.

An array is taken as rows of so many columns, the last of which may be shorter. Row r has the mask's elements from
starts[r] on, as many as columns if `step` is 1, or the same one for the whole row if it is 0.
"""

import numpy as np
from numba import cuda

from ...core.jit import device_kernel
from ..scalar.constants import ZERO
from ._half import KINDS
from ._launch import launch, launch_table


def _over(widen, narrow):
    """Return the kernels over one kind of elements."""

    @device_kernel
    def masked(first, out, inp, columns, mask, starts, step, scale, shift, dropped):
        column, row = cuda.grid(2)
        row += first
        j = row * columns + column
        if row < starts.size and column < columns and j < out.size:
            x = widen(inp[j]) * scale + shift
            out[j] = narrow(x if mask[starts[row] + column * step] else dropped)

    @device_kernel
    def rated(first, out, inp, columns, mask, mask_starts, mask_step, scales, scale_starts, scale_step):
        column, row = cuda.grid(2)
        row += first
        j = row * columns + column
        if row < mask_starts.size and column < columns and j < out.size:
            scale = scales[scale_starts[row] + column * scale_step]
            chosen = mask[mask_starts[row] + column * mask_step] and scale != ZERO
            out[j] = narrow(widen(inp[j]) * scale if chosen else ZERO)

    @device_kernel
    def packed_masked(out, inp, packed, scale):
        j = cuda.grid(1)
        if j < out.size:
            bit = packed[j >> 3] >> np.uint8(j & 7) & np.uint8(1)
            out[j] = narrow(widen(inp[j]) * scale if bit else ZERO)

    return masked, rated, packed_masked


_MASKED, _RATED, _PACKED = (
    dict(zip(KINDS, kernels, strict=True)) for kernels in zip(*(_over(*ways) for ways in KINDS.values()), strict=True)
)


def apply_mask(out, inp, columns, mask, starts, step, scale, shift, dropped):
    """Write inp * scale + shift where the mask is True, and `dropped` where not; out may be inp.

    out (n,), inp (n,), mask (m,) bool, starts (ceil(n / columns),) int64, step 0 or 1
    """
    how = out, inp, columns, mask, starts, step, scale, shift, dropped
    launch_table(_MASKED[str(out.dtype)], starts.size, columns, *how)


def apply_packed_mask(out, inp, packed, scale):
    """Write inp * scale where the element's bit is set, and +0 where not; out may be inp.

    out (n,), inp (n,), packed (ceil(n / 8),) uint8
    """
    launch(_PACKED[str(out.dtype)], out.size, out, inp, packed, scale)


def apply_mask_rates(out, inp, columns, mask, mask_starts, mask_step, scales, scale_starts, scale_step):
    """Write inp times its scale where the mask is True and the scale not 0, and +0 elsewhere; out may be inp.

    out (n,), inp (n,), mask (m,) bool, scales (k,), starts (ceil(n / columns),) int64 of each, steps 0 or 1
    """
    how = out, inp, columns, mask, mask_starts, mask_step, scales, scale_starts, scale_step
    launch_table(_RATED[str(out.dtype)], mask_starts.size, columns, *how)
