"""Dropout with an affine map of kept elements and a constant for dropped ones, as in alpha dropout."""

from ...core.jit import kernel, scalar, serial_loop
from ..simd import parallel, store_affine_kept
from .mask import chunk_size, first_bits, for_each_group


@scalar
def _write(j, left, bits, operands):
    """Write 64 elements, or the `left` ones."""
    out, inp, scale, shift, dropped = operands
    store_affine_kept(out, inp, j, first_bits(left), bits, scale, shift, dropped)


_groups = for_each_group(_write)


@parallel
@serial_loop
def _chunks(chunk, size, out, inp, scale, shift, dropped, threshold, k0, k1, stream, step, offset):
    start = chunk * size
    operands = out, inp, scale, shift, dropped
    _groups(start, min(start + size, out.size), operands, threshold, k0, k1, stream, step, offset)


@kernel
def alpha_dropout_forward(out, inp, scale, shift, dropped, threshold, k0, k1, stream, step, offset):
    """Write inp * scale + shift for kept elements, and `dropped` for dropped ones. out may be inp.

    out (n,), inp (n,)
    """
    size = chunk_size(out.size)
    chunks = (out.size + size - 1) // size
    _chunks(chunks, (size, out, inp, scale, shift, dropped, threshold, k0, k1, stream, step, offset))


alpha_dropout_backward = alpha_dropout_forward  # with shift and dropped 0, which do not depend on inp
