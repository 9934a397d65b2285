"""Scaled ("inverted") dropout: y = x * scale where kept, else +0.

A thread handles one Philox block of 8 elements.
"""

import numpy as np
from numba import cuda

from ...core.jit import device_kernel, scalar
from ..scalar.constants import ZERO
from ..scalar.philox import SHIFT3
from ._half import CONVERSIONS
from ._intrinsics import load_eight, store_eight, value_of
from ._launch import aligned, launch, launch_2d
from .mask import BITS, NONE, block_bits, block_count


@scalar
def _scaled(x, bit, scale):
    """Return x * scale if the bit is set, else +0."""
    return x * scale if bit != NONE else ZERO


def _build_kernel(widen, narrow):
    """Return the kernel for one dtype, with its conversions to and from float32."""

    @device_kernel
    def dropout(out, inp, lane, vectorized, threshold, scale, k0, k1, stream, step, offset):
        """Scale or drop the eight elements of one block."""
        thread = cuda.grid(1)
        start = 8 * thread - lane
        if start < out.size:
            block = (offset >> SHIFT3) + np.uint64(thread)
            bits = block_bits(block, threshold, k0, k1, stream, value_of(step))
            if vectorized and start + 8 <= out.size:
                x = load_eight(inp, start)
                store_eight(
                    out,
                    start,
                    (
                        narrow(_scaled(widen(x[0]), bits & BITS[0], scale)),
                        narrow(_scaled(widen(x[1]), bits & BITS[1], scale)),
                        narrow(_scaled(widen(x[2]), bits & BITS[2], scale)),
                        narrow(_scaled(widen(x[3]), bits & BITS[3], scale)),
                        narrow(_scaled(widen(x[4]), bits & BITS[4], scale)),
                        narrow(_scaled(widen(x[5]), bits & BITS[5], scale)),
                        narrow(_scaled(widen(x[6]), bits & BITS[6], scale)),
                        narrow(_scaled(widen(x[7]), bits & BITS[7], scale)),
                    ),
                )
            else:
                for i in range(max(-start, 0), min(8, out.size - start)):
                    bit = bits >> np.uint32(i) & np.uint32(1)
                    out[start + i] = narrow(_scaled(widen(inp[start + i]), bit, scale))

    return dropout


@device_kernel
def _steps(first, out, inp, size, lane, threshold, scale, k0, k1, stream, step, offset):
    """Scale or drop the eight elements of one block of a run."""
    thread, s = cuda.grid(2)
    s += first
    start = 8 * thread - lane
    if start < size and (s + 1) * size <= out.size:
        block, current_step = (offset >> SHIFT3) + np.uint64(thread), step + np.uint64(s)
        bits = block_bits(block, threshold, k0, k1, stream, current_step)
        for i in range(max(-start, 0), min(8, size - start)):
            j = s * size + start + i
            out[j] = _scaled(inp[j], bits >> np.uint32(i) & np.uint32(1), scale)


@device_kernel
def _clear(out):
    """Write +0 to one element per thread."""
    i = cuda.grid(1)
    if i < out.size:
        out[i] = 0


_KERNELS = {dtype: _build_kernel(*conversions) for dtype, conversions in CONVERSIONS.items()}


def dropout_forward(out, inp, threshold, scale, k0, k1, stream, step, offset):
    """Write the kept elements times scale, a float32, and +0 for the dropped ones. out may be inp.

    out (n,), inp (n,) of float32, float16, or uint16 (the bits of bfloat16). step may be a one-element array.
    """
    blocks, lane = block_count(out.size, offset)
    vectorized = lane == 0 and aligned(out, inp)
    kernel = _KERNELS[str(out.dtype)]
    launch(kernel, blocks, out, inp, lane, vectorized, threshold, scale, k0, k1, stream, step, offset)


# Dropout is linear in its input: its derivative is the same kernel, which draws the mask again from the same counters.
dropout_backward = dropout_forward


def dropout_steps(out, inp, size, threshold, scale, k0, k1, stream, step, offset):
    """Apply `dropout_forward` to each run of `size` elements, at consecutive steps. out may be inp.

    out (S * size,), inp (S * size,)
    """
    if size:
        blocks, lane = block_count(size, offset)
        operands = out, inp, size, lane, threshold, scale, k0, k1, stream, step, offset
        launch_2d(_steps, out.size // size, blocks, *operands)


def drop_all(out):
    """Write +0 everywhere: dropout with p = 1.

    out (n,)
    """
    launch(_clear, out.size, out)
