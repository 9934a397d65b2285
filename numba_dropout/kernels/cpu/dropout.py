"""Scaled ("inverted") dropout: y = x * scale where kept, else +0."""

import numpy as np

from ...core.jit import kernel, scalar, serial_loop
from ..simd import CACHE_LINE, fence, parallel, store_kept, store_kept_past_caches, vector
from .mask import first_bits, for_each_group, part_size

CACHES = 1 << 25  # bytes: an output from here on would push all else out of the caches, and be read before written
STRETCH = 1 << 16  # elements of a thread's part of such an output: at the end of each it waits for its stores


@scalar
def _write_kept(j, left, bits, how):
    out, inp, scale, past_caches = how
    if past_caches:
        store_kept_past_caches(out, inp, j, first_bits(left), bits, scale)
    else:
        store_kept(out, inp, j, first_bits(left), bits, scale)


_dropout_groups = for_each_group(_write_kept)


@parallel
@serial_loop
def _dropout_parts(part, size, ahead, out, inp, threshold, scale, k0, k1, stream, step, offset):
    # parts after the first begin on a cache line if `ahead`, the elements by which the first is short, is not negative
    start = max(part * size - max(ahead, 0), 0)
    stop = min((part + 1) * size - max(ahead, 0), out.size)
    past_caches = ahead == 0 or (ahead > 0 and part > 0)
    _dropout_groups(start, stop, (out, inp, scale, past_caches), threshold, k0, k1, stream, step, offset)
    if past_caches:
        fence()


@kernel
def dropout_forward(out, inp, threshold, scale, k0, k1, stream, step, offset):
    """Write the kept elements times scale, and +0 for the dropped ones; out may be inp.

    out (n,), inp (n,)
    """
    size = part_size(out.size)
    ahead = np.int64(-1)
    if out.size * out.itemsize >= CACHES:
        size = STRETCH
        ahead = np.int64(out.ctypes.data % CACHE_LINE) // out.itemsize
    parts = (out.size + max(ahead, 0) + size - 1) // size
    _dropout_parts(parts, (size, ahead, out, inp, threshold, scale, k0, k1, stream, step, offset))


@parallel
@serial_loop
def _step_parts(part, out, inp, size, threshold, scale, k0, k1, stream, step, offset):
    how = vector(out, part * size, size), vector(inp, part * size, size), scale, False
    _dropout_groups(np.int64(0), size, how, threshold, k0, k1, stream, step + np.uint64(part), offset)


@kernel
def dropout_steps(out, inp, size, threshold, scale, k0, k1, stream, step, offset):
    """Do what `dropout_forward` does to each `size` elements, at consecutive steps; out may be inp.

    out (S * size,), inp (S * size,)
    """
    _step_parts(out.size // max(size, 1), (out, inp, size, threshold, scale, k0, k1, stream, step, offset))


@kernel
def drop_all(out):
    """Write +0 everywhere: dropout with p = 1.

    out (n,)
    """
    out[:] = 0


# Dropout is linear in its input: its derivative is itself, with the mask drawn again from the same counters.
dropout_backward = dropout_forward
