"""Masked stores of 64 elements.

Bit j of a `uint64` selects element j.
"""

import numpy as np
from numba import types

from . import half_precision, vectors
from .intrinsic import intrinsic
from .philox_mask import BITS, LANES
from .vectors import CACHE_LINE, I64

__all__ = ["fence", "store_affine_kept", "store_kept", "store_kept_past_caches", "store_relu_kept"]

AHEAD = 2048  # prefetch distance in bytes with stores past the caches, which disable the hardware prefetcher


def _valid_lanes(start, valid):
    """Return the valid lanes of the group and their indices in the array."""
    lanes = np.flatnonzero([int(valid) >> lane & 1 for lane in range(LANES)])
    return lanes, start + lanes


def _selected(bits, lanes):
    """Return whether the bit of each lane is set."""
    return np.array([int(bits) >> int(lane) & 1 for lane in lanes], np.bool_)


def _store_kept(out, inp, start, valid, bits, scale):
    """Write elements start .. start + 63 of inp times scale where a bit is set, +0 elsewhere, in valid lanes only."""
    lanes, indices = _valid_lanes(start, valid)
    y = half_precision.widened(inp[indices]) * scale
    out[indices] = half_precision.narrowed(np.where(_selected(bits, lanes), y, np.zeros(1, y.dtype)), out)


def _store_relu_kept(out, inp, start, valid, bits, scale):
    """Write like `store_kept`, and +0 also where inp is 0 or negative. NaN counts as positive."""
    lanes, indices = _valid_lanes(start, valid)
    x = inp[indices]
    out[indices] = np.where(_selected(bits, lanes) & ~(x <= 0), x * scale, np.zeros(1, inp.dtype))


def _store_affine_kept(out, inp, start, valid, bits, scale, shift, dropped):
    """Write inp * scale + shift where a bit is set, and the number `dropped` elsewhere, in valid lanes only."""
    lanes, indices = _valid_lanes(start, valid)
    y = half_precision.widened(inp[indices]) * scale + shift
    out[indices] = half_precision.narrowed(np.where(_selected(bits, lanes), y, dropped), out)


def _store_kept_past_caches(out, inp, start, valid, bits, scale):
    """Write like `store_kept`. Full groups bypass the caches, and must be aligned to a cache line in out.

    This store is for arrays larger than the caches: a line is not read before it is written. A fence must follow.
    """
    _store_kept(out, inp, start, valid, bits, scale)


def _emit_masked_store(context, builder, signature, arguments, *, relu=False, past_caches=False):
    """Emit stores of a full group, and masked stores of a partial one."""
    out = vectors.View(context, builder, signature.args[0], arguments[0])
    inp = vectors.View(context, builder, signature.args[1], arguments[1])
    start, valid, bits, scale, *affine = arguments[2:]
    dtype = signature.args[0].dtype
    number = context.get_data_type(half_precision.computed(dtype))
    kind = vectors.vector(number, 64 // context.get_abi_sizeof(number))  # a vector of 512 bits
    paired = dtype == half_precision.BFLOAT16 and not relu
    lanes = 2 * kind.count if paired else kind.count
    stored, width = vectors.vector(out.element, lanes), lanes * out.size
    zero = vectors.constant(kind, 0.0)
    scales = vectors.splat(builder, scale, kind.count)
    shift, dropped = (vectors.splat(builder, value, kind.count) for value in affine) if affine else (None, zero)
    if paired:
        dropped = vectors.constant(stored, 0)
        if affine:
            dropped = vectors.splat(builder, half_precision.emit_narrow(builder, dtype, affine[1]), lanes)
    target, source = out.flat_address(start), inp.flat_address(start)
    masks = builder.bitcast(bits, BITS), builder.bitcast(valid, BITS)

    if past_caches:
        for line in range(0, LANES * out.size, CACHE_LINE):
            vectors.prefetch(builder, source, AHEAD + line)

    def scaled(x):
        y = builder.fmul(x, scales)
        return y if shift is None else builder.fadd(y, shift)

    def write(full):
        for group in range(LANES // lanes):
            selected, inside = (
                vectors.shuffle(builder, mask, None, range(group * lanes, (group + 1) * lanes)) for mask in masks
            )
            offset = group * width
            x = vectors.load(builder, source, stored, offset) if full else None
            x = x or vectors.load_masked(builder, inside, source, stored, offset)
            if paired:
                y = builder.select(selected, half_precision.emit_bfloat16_map(builder, x, scaled), dropped)
            else:
                x = half_precision.emit_widen(builder, dtype, x)
                if relu:
                    selected = builder.and_(selected, builder.fcmp_unordered(">", x, zero))
                y = half_precision.emit_narrow(builder, dtype, builder.select(selected, scaled(x), dropped))
            if full:
                vectors.store(builder, y, target, offset, width if past_caches else 1, past_caches)
            else:
                vectors.store_masked(builder, inside, y, target, offset)

    with builder.if_else(builder.icmp_unsigned("==", valid, I64(2**64 - 1)), likely=True) as (yes, no):
        with yes:
            write(full=True)
        with no:
            write(full=False)
    return context.get_dummy_value()


def _masked_store(out, inp, count, **options):
    """Return the signature and the generator of a masked store with `count` numbers, as elements are computed."""
    vectors.require_same_dtype(out, inp)
    numbers = count * (half_precision.computed(out.dtype),)

    def generate(context, builder, signature, arguments):
        return _emit_masked_store(context, builder, signature, arguments, **options)

    return types.none(out, inp, types.int64, types.uint64, types.uint64, *numbers), generate


@intrinsic(_store_kept)
def store_kept(typing_context, out, inp, start, valid, bits, scale):
    """Emit the IR of `_store_kept`."""
    return _masked_store(out, inp, 1)


@intrinsic(_store_relu_kept)
def store_relu_kept(typing_context, out, inp, start, valid, bits, scale):
    """Emit the IR of `_store_relu_kept`."""
    return _masked_store(out, inp, 1, relu=True)


@intrinsic(_store_kept_past_caches)
def store_kept_past_caches(typing_context, out, inp, start, valid, bits, scale):
    """Emit the IR of `_store_kept_past_caches`."""
    return _masked_store(out, inp, 1, past_caches=True)


@intrinsic(_store_affine_kept)
def store_affine_kept(typing_context, out, inp, start, valid, bits, scale, shift, dropped):
    """Emit the IR of `_store_affine_kept`."""
    return _masked_store(out, inp, 3)


def _fence():
    """Make all stores past the caches visible before later operations."""


@intrinsic(_fence)
def fence(typing_context):
    """Emit the IR of `_fence`."""

    def generate(context, builder, signature, arguments):
        builder.fence("seq_cst")
        return context.get_dummy_value()

    return types.none(), generate
