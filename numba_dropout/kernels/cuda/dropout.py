"""Scaled ("inverted") dropout: y = x * scale where kept, else +0; a block of 8 elements a thread."""

import numpy as np
from numba import cuda

from ..._jit import device_function, device_kernel, scalar
from ..philox import SHIFT3
from ..pointwise import ZERO
from .blocks import bits_of, float_of, load_eight, store_eight, value_of
from .launch import aligned, launch
from .mask import BITS, NONE, block_bits, block_count


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
def _clear(out):
    i = cuda.grid(1)
    if i < out.size:
        out[i] = 0


_KERNELS = {
    "float32": _over(np.float32, np.float32),
    "float16": _over(np.float32, np.float16),
    "uint16": _over(_from_bfloat16, _to_bfloat16),  # bfloat16, of which NumPy has none, by its bits
}


def dropout_forward(out, inp, threshold, scale, k0, k1, stream, step, offset):
    """Write the kept elements times scale, a float32, and +0 for the dropped ones; out may be inp."""
    # out (n,), inp (n,) of float32, float16, or uint16, the bits of bfloat16; step may be an array of one
    blocks, lane = block_count(out.size, offset)
    whole = lane == 0 and aligned(out, inp)
    kernel = _KERNELS[str(out.dtype)]
    launch(kernel, blocks, out, inp, lane, whole, threshold, scale, k0, k1, stream, step, offset)


def drop_all(out):
    """Write +0 everywhere: dropout with p = 1."""
    # out (n,)
    launch(_clear, out.size, out)


# Dropout is linear in its input: its derivative is itself, with the mask drawn again from the same counters.
dropout_backward = dropout_forward
