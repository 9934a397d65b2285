"""Scaled ("inverted") dropout: y = x * scale where kept, else +0; a block of 8 elements a thread."""

import numpy as np
from numba import cuda

from ...core.jit import device_kernel, scalar
from ..scalar.constants import ZERO
from ..scalar.philox import SHIFT3
from ._half import KINDS
from ._intrinsics import load_eight, store_eight, value_of
from ._launch import aligned, launch, launch_table
from .mask import BITS, NONE, block_bits, block_count


@scalar
def _chosen(x, bit, scale):
    return x * scale if bit != NONE else ZERO


def _over(widen, narrow):
    """Return the kernel over one kind of elements, which are computed with as float32."""

    @device_kernel
    def dropout(out, inp, lane, whole, threshold, scale, k0, k1, stream, step, offset):
        thread = cuda.grid(1)
        start = 8 * thread - lane
        if start < out.size:
            block = (offset >> SHIFT3) + np.uint64(thread)
            bits = block_bits(block, threshold, k0, k1, stream, value_of(step))
            if whole and start + 8 <= out.size:
                x = load_eight(inp, start)
                store_eight(
                    out,
                    start,
                    (
                        narrow(_chosen(widen(x[0]), bits & BITS[0], scale)),
                        narrow(_chosen(widen(x[1]), bits & BITS[1], scale)),
                        narrow(_chosen(widen(x[2]), bits & BITS[2], scale)),
                        narrow(_chosen(widen(x[3]), bits & BITS[3], scale)),
                        narrow(_chosen(widen(x[4]), bits & BITS[4], scale)),
                        narrow(_chosen(widen(x[5]), bits & BITS[5], scale)),
                        narrow(_chosen(widen(x[6]), bits & BITS[6], scale)),
                        narrow(_chosen(widen(x[7]), bits & BITS[7], scale)),
                    ),
                )
            else:
                for number in range(max(-start, 0), min(8, out.size - start)):
                    bit = bits >> np.uint32(number) & np.uint32(1)
                    out[start + number] = narrow(_chosen(widen(inp[start + number]), bit, scale))

    return dropout


@device_kernel
def _steps(first, out, inp, size, lane, threshold, scale, k0, k1, stream, step, offset):
    thread, number = cuda.grid(2)
    number += first
    start = 8 * thread - lane
    if start < size and (number + 1) * size <= out.size:
        block, own = (offset >> SHIFT3) + np.uint64(thread), step + np.uint64(number)
        bits = block_bits(block, threshold, k0, k1, stream, own)
        for place in range(max(-start, 0), min(8, size - start)):
            j = number * size + start + place
            out[j] = _chosen(inp[j], bits >> np.uint32(place) & np.uint32(1), scale)


@device_kernel
def _clear(out):
    i = cuda.grid(1)
    if i < out.size:
        out[i] = 0


_KERNELS = {kind: _over(*ways) for kind, ways in KINDS.items()}


def dropout_forward(out, inp, threshold, scale, k0, k1, stream, step, offset):
    """Write the kept elements times scale, a float32, and +0 for the dropped ones; out may be inp.

    out (n,), inp (n,) of float32, float16, or uint16, the bits of bfloat16; step may be an array of one
    """
    blocks, lane = block_count(out.size, offset)
    whole = lane == 0 and aligned(out, inp)
    kernel = _KERNELS[str(out.dtype)]
    launch(kernel, blocks, out, inp, lane, whole, threshold, scale, k0, k1, stream, step, offset)


def dropout_steps(out, inp, size, threshold, scale, k0, k1, stream, step, offset):
    """Do what `dropout_forward` does to each `size` elements, at consecutive steps; out may be inp.

    out (S * size,), inp (S * size,)
    """
    if size:
        blocks, lane = block_count(size, offset)
        how = out, inp, size, lane, threshold, scale, k0, k1, stream, step, offset
        launch_table(_steps, out.size // size, blocks, *how)


def drop_all(out):
    """Write +0 everywhere: dropout with p = 1.

    out (n,)
    """
    launch(_clear, out.size, out)


# Dropout is linear in its input: its derivative is itself, with the mask drawn again from the same counters.
dropout_backward = dropout_forward
