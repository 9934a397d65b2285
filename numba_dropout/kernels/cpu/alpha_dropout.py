"""Dropout with an affine map, as in alpha dropout: kept elements go through it, dropped ones become a constant."""

from ...core.jit import kernel, scalar, serial_loop
from ..simd import parallel, store_affine_kept
from .mask import first_bits, for_each_group, part_size


@scalar
def _write(j, left, bits, how):
    out, inp, scale, shift, dropped = how
    store_affine_kept(out, inp, j, first_bits(left), bits, scale, shift, dropped)


_groups = for_each_group(_write)


@parallel
@serial_loop
def _parts(part, size, out, inp, scale, shift, dropped, threshold, k0, k1, stream, step, offset):
    start = part * size
    how = out, inp, scale, shift, dropped
    _groups(start, min(start + size, out.size), how, threshold, k0, k1, stream, step, offset)


@kernel
def affine_dropout(out, inp, scale, shift, dropped, threshold, k0, k1, stream, step, offset):
    """Write inp * scale + shift where an element is kept, and `dropped` where not; out may be inp.

    out (n,), inp (n,)
    """
    size = part_size(out.size)
    parts = (out.size + size - 1) // size
    _parts(parts, (size, out, inp, scale, shift, dropped, threshold, k0, k1, stream, step, offset))
