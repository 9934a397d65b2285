"""Dropout with an existing mask, which is broadcast if it is smaller than the array.

An array is treated as rows of `columns` elements, and the last row may be shorter. Row r uses the mask's elements from
starts[r] on: `columns` elements if `stride` is 1, or one element for the complete row if it is 0.
"""

from ...core.jit import kernel, serial_loop
from ..simd import LANES, narrow, parallel, store_affine_kept, store_kept, vector, widen
from .mask import ALL_BITS, NO_BITS, bits_at, chunk_size, first_bits, packed_bits_at


@serial_loop
def _write_run(out, inp, start, stop, mask, position, stride, scale, shift, dropped):
    """Write neighbouring elements within a row."""
    if stride:
        for j in range(start, stop, LANES):
            left = stop - j
            bits = bits_at(mask, position + j - start, left)
            store_affine_kept(out, inp, j, first_bits(left), bits, scale, shift, dropped)
    else:
        bits = ALL_BITS if mask[position] else NO_BITS
        for j in range(start, stop, LANES):
            store_affine_kept(out, inp, j, first_bits(stop - j), bits, scale, shift, dropped)


@parallel
@serial_loop
def _chunks(chunk, size, out, inp, columns, mask, starts, stride, scale, shift, dropped):
    start, stop = chunk * size, min((chunk + 1) * size, out.size)
    row = start // columns
    while start < stop:
        first = row * columns
        end = min(first + columns, stop)
        position = starts[row] + (start - first if stride else 0)
        _write_run(out, inp, start, end, mask, position, stride, scale, shift, dropped)
        start, row = end, row + 1


@kernel
def masked_dropout_forward(out, inp, columns, mask, starts, stride, scale, shift, dropped):
    """Write inp * scale + shift where the mask is True, and `dropped` elsewhere. out may be inp.

    out (n,), inp (n,), mask (m,) bool, starts (ceil(n / columns),) int64, stride 0 or 1
    """
    size = chunk_size(out.size)
    _chunks((out.size + size - 1) // size, (size, out, inp, columns, mask, starts, stride, scale, shift, dropped))


masked_dropout_backward = masked_dropout_forward  # with shift and dropped 0


@parallel
@serial_loop
def _packed_chunks(chunk, size, out, inp, packed, scale):
    for j in range(chunk * size, min((chunk + 1) * size, out.size), LANES):
        left = out.size - j
        store_kept(out, inp, j, first_bits(left), packed_bits_at(packed, j >> 3, left), scale)


@kernel
def masked_dropout_packed_forward(out, inp, packed, scale):
    """Write inp * scale where the element's bit is set, and +0 elsewhere. out may be inp.

    out (n,), inp (n,), packed (ceil(n / 8),) uint8
    """
    size = chunk_size(out.size)
    _packed_chunks((out.size + size - 1) // size, (size, out, inp, packed, scale))


masked_dropout_packed_backward = masked_dropout_packed_forward


@serial_loop
def _write_scaled(out, inp, mask, mask_start, mask_stride, scales, scale_start, scale_stride):
    """Write neighbouring elements, with a loop for each combination of strides."""
    n, zero = out.size, scales.dtype.type(0)
    kept = vector(mask, mask_start, n if mask_stride else 1)
    run_scales = vector(scales, scale_start, n if scale_stride else 1)
    if mask_stride and scale_stride:
        for i in range(n):
            x, scale = widen(inp[i]), run_scales[i]
            out[i] = narrow(x * scale if kept[i] & (scale != zero) else zero, out)
    elif mask_stride:
        scale, nonzero = run_scales[0], run_scales[0] != zero
        for i in range(n):
            x = widen(inp[i])
            out[i] = narrow(x * scale if kept[i] & nonzero else zero, out)
    elif kept[0] and scale_stride:
        for i in range(n):
            x, scale = widen(inp[i]), run_scales[i]
            out[i] = narrow(x * scale if scale != zero else zero, out)
    elif kept[0] and run_scales[0] != zero:
        scale = run_scales[0]
        for i in range(n):
            out[i] = narrow(widen(inp[i]) * scale, out)
    else:
        for i in range(n):
            out[i] = narrow(zero, out)


@parallel
@serial_loop
def _rates_chunks(chunk, size, out, inp, columns, mask, mask_starts, mask_stride, scales, scale_starts, scale_stride):
    start, stop = chunk * size, min((chunk + 1) * size, out.size)
    row = start // columns
    while start < stop:
        first = row * columns
        count = min(first + columns, stop) - start
        starts = mask_starts[row] + (start - first) * mask_stride, scale_starts[row] + (start - first) * scale_stride
        out_run, inp_run = vector(out, start, count), vector(inp, start, count)
        _write_scaled(out_run, inp_run, mask, starts[0], mask_stride, scales, starts[1], scale_stride)
        start, row = start + count, row + 1


@kernel
def masked_dropout_rates_forward(out, inp, columns, mask, mask_starts, mask_stride, scales, scale_starts, scale_stride):
    """Write inp times its scale where the mask is True and the scale is not 0, and +0 elsewhere. out may be inp.

    out (n,), inp (n,), mask (m,) bool, scales (k,), starts (ceil(n / columns),) int64 of each, strides 0 or 1
    """
    size = chunk_size(out.size)
    arguments = out, inp, columns, mask, mask_starts, mask_stride, scales, scale_starts, scale_stride
    _rates_chunks((out.size + size - 1) // size, (size, *arguments))


masked_dropout_rates_backward = masked_dropout_rates_forward
