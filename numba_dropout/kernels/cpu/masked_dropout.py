"""Dropout by a mask that is there already: the whole array's, or a smaller one's that is broadcast.

An array is taken as rows of so many columns, the last of which may be shorter. Row r has the mask's elements from
starts[r] on, as many as columns if `step` is 1, or the same one for the whole row if it is 0.
"""

from ...core.jit import kernel, serial_loop
from ..simd import LANES, parallel, store_affine_kept, store_kept, vector
from .mask import ALL, NONE, bits_at, first_bits, packed_bits_at, part_size


@serial_loop
def _write_run(out, inp, start, stop, mask, place, step, scale, shift, dropped):
    """Write neighbouring elements, within a row."""
    if step:
        for j in range(start, stop, LANES):
            left = stop - j
            bits = bits_at(mask, place + j - start, left)
            store_affine_kept(out, inp, j, first_bits(left), bits, scale, shift, dropped)
    else:
        bits = ALL if mask[place] else NONE
        for j in range(start, stop, LANES):
            store_affine_kept(out, inp, j, first_bits(stop - j), bits, scale, shift, dropped)


@parallel
@serial_loop
def _parts(part, size, out, inp, columns, mask, starts, step, scale, shift, dropped):
    start, stop = part * size, min((part + 1) * size, out.size)
    row = start // columns
    while start < stop:
        first = row * columns
        end = min(first + columns, stop)
        place = starts[row] + (start - first if step else 0)
        _write_run(out, inp, start, end, mask, place, step, scale, shift, dropped)
        start, row = end, row + 1


@kernel
def apply_mask(out, inp, columns, mask, starts, step, scale, shift, dropped):
    """Write inp * scale + shift where the mask is True, and `dropped` where not; out may be inp.

    out (n,), inp (n,), mask (m,) bool, starts (ceil(n / columns),) int64, step 0 or 1
    """
    size = part_size(out.size)
    _parts((out.size + size - 1) // size, (size, out, inp, columns, mask, starts, step, scale, shift, dropped))


@parallel
@serial_loop
def _packed_parts(part, size, out, inp, packed, scale):
    for j in range(part * size, min((part + 1) * size, out.size), LANES):
        left = out.size - j
        store_kept(out, inp, j, first_bits(left), packed_bits_at(packed, j >> 3, left), scale)


@kernel
def apply_packed_mask(out, inp, packed, scale):
    """Write inp * scale where the element's bit is set, and +0 where not; out may be inp.

    out (n,), inp (n,), packed (ceil(n / 8),) uint8
    """
    size = part_size(out.size)
    _packed_parts((out.size + size - 1) // size, (size, out, inp, packed, scale))


@serial_loop
def _write_scaled(out, inp, mask, mask_place, mask_step, scales, scale_place, scale_step):
    n, zero = out.size, out.dtype.type(0)
    chosen = vector(mask, mask_place, n if mask_step else 1)
    own = vector(scales, scale_place, n if scale_step else 1)
    if mask_step and scale_step:
        for i in range(n):
            out[i] = inp[i] * own[i] if chosen[i] & (own[i] != zero) else zero
    elif mask_step:
        scale, some = own[0], own[0] != zero
        for i in range(n):
            out[i] = inp[i] * scale if chosen[i] & some else zero
    elif chosen[0] and scale_step:
        for i in range(n):
            out[i] = inp[i] * own[i] if own[i] != zero else zero
    elif chosen[0] and own[0] != zero:
        scale = own[0]
        for i in range(n):
            out[i] = inp[i] * scale
    else:
        for i in range(n):
            out[i] = zero


@parallel
@serial_loop
def _rates_parts(part, size, out, inp, columns, mask, mask_starts, mask_step, scales, scale_starts, scale_step):
    start, stop = part * size, min((part + 1) * size, out.size)
    row = start // columns
    while start < stop:
        first = row * columns
        count = min(first + columns, stop) - start
        places = mask_starts[row] + (start - first) * mask_step, scale_starts[row] + (start - first) * scale_step
        some, given = vector(out, start, count), vector(inp, start, count)
        _write_scaled(some, given, mask, places[0], mask_step, scales, places[1], scale_step)
        start, row = start + count, row + 1


@kernel
def apply_mask_rates(out, inp, columns, mask, mask_starts, mask_step, scales, scale_starts, scale_step):
    """Write inp times its scale where the mask is True and the scale not 0, and +0 elsewhere; out may be inp.

    out (n,), inp (n,), mask (m,) bool, scales (k,), starts (ceil(n / columns),) int64 of each, steps 0 or 1
    """
    size = part_size(out.size)
    how = out, inp, columns, mask, mask_starts, mask_step, scales, scale_starts, scale_step
    _rates_parts((out.size + size - 1) // size, (size, *how))
