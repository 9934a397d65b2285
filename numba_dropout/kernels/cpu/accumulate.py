"""Sums of gradients over the chunks of a batch."""

from ...core.jit import kernel, serial_loop
from ..simd import parallel
from .mask import chunk_size


@parallel
@serial_loop
def _chunks(chunk, size, total, values):
    for i in range(chunk * size, min((chunk + 1) * size, total.size)):
        total[i] += values[i]


@kernel
def accumulate(total, values):
    """Add values to a total, in place.

    total (n,), values (n,)
    """
    size = chunk_size(total.size)
    _chunks((total.size + size - 1) // size, (size, total, values))
