"""Scaled ("inverted") dropout: y = x * scale where kept, else +0."""

import numpy as np

from ...core.jit import kernel, scalar, serial_loop
from ..simd import CACHE_LINE, fence, parallel, store_kept, store_kept_past_caches, vector
from .mask import chunk_size, first_bits, for_each_group

CACHES = 1 << 25  # bytes from which an output bypasses the caches: it would evict all else, and be read before written
STREAMED_CHUNK = 1 << 16  # elements of a thread's chunk of such an output: each ends with a fence


@scalar
def _write_kept(j, left, bits, operands):
    """Write 64 elements, or the `left` ones."""
    out, inp, scale, past_caches = operands
    if past_caches:
        store_kept_past_caches(out, inp, j, first_bits(left), bits, scale)
    else:
        store_kept(out, inp, j, first_bits(left), bits, scale)


_dropout_groups = for_each_group(_write_kept)


@parallel
@serial_loop
def _dropout_chunks(chunk, size, shortfall, out, inp, threshold, scale, k0, k1, stream, step, offset):
    # if `shortfall`, the elements that the first chunk lacks, is not negative, later chunks begin on a cache line
    start = max(chunk * size - max(shortfall, 0), 0)
    stop = min((chunk + 1) * size - max(shortfall, 0), out.size)
    past_caches = shortfall == 0 or (shortfall > 0 and chunk > 0)
    _dropout_groups(start, stop, (out, inp, scale, past_caches), threshold, k0, k1, stream, step, offset)
    if past_caches:
        fence()


@kernel
def dropout_forward(out, inp, threshold, scale, k0, k1, stream, step, offset):
    """Write the kept elements times scale, and +0 for the dropped ones. out may be inp.

    out (n,), inp (n,)
    """
    size = chunk_size(out.size)
    shortfall = np.int64(-1)
    if out.size * out.itemsize >= CACHES:
        size = STREAMED_CHUNK
        shortfall = np.int64(out.ctypes.data % CACHE_LINE) // out.itemsize
    chunks = (out.size + max(shortfall, 0) + size - 1) // size
    _dropout_chunks(chunks, (size, shortfall, out, inp, threshold, scale, k0, k1, stream, step, offset))


# Dropout is linear in its input: its derivative is the same function, with the mask drawn from the same counters.
dropout_backward = dropout_forward


@parallel
@serial_loop
def _step_chunks(chunk, out, inp, size, threshold, scale, k0, k1, stream, step, offset):
    """Drop the elements of the run of one step."""
    operands = vector(out, chunk * size, size), vector(inp, chunk * size, size), scale, False
    _dropout_groups(np.int64(0), size, operands, threshold, k0, k1, stream, step + np.uint64(chunk), offset)


@kernel
def dropout_steps(out, inp, size, threshold, scale, k0, k1, stream, step, offset):
    """Apply `dropout_forward` to each run of `size` elements, at consecutive steps. out may be inp.

    out (S * size,), inp (S * size,)
    """
    _step_chunks(out.size // max(size, 1), (out, inp, size, threshold, scale, k0, k1, stream, step, offset))


@kernel
def drop_all(out):
    """Write +0 everywhere: dropout with p = 1.

    out (n,)
    """
    out[:] = 0
