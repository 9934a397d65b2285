"""Choosing elements by a mask of 64, whose element j is bit j of a `uint64`."""

import numpy as np
from numba import types

from . import vectors
from .intrinsic import block
from .philox_mask import BITS, LANES
from .vectors import CACHE_LINE, I64

__all__ = ["fence", "store_affine_kept", "store_kept", "store_kept_past_caches", "store_relu_kept"]

AHEAD = 2048  # bytes by which reading runs ahead of stores past the caches, which keep the processor's own from it


def _places(start, valid):
    """Return which of the group's lanes are valid, and their places in the array."""
    lanes = np.flatnonzero([int(valid) >> lane & 1 for lane in range(LANES)])
    return lanes, start + lanes


def _chosen(bits, lanes):
    return np.array([int(bits) >> int(lane) & 1 for lane in lanes], np.bool_)


def _store_kept(out, inp, start, valid, bits, scale):
    """Write elements start .. start + 63 of inp times scale where a bit is set, +0 where not; only valid lanes."""
    lanes, places = _places(start, valid)
    out[places] = np.where(_chosen(bits, lanes), inp[places] * scale, np.zeros(1, inp.dtype))


def _store_relu_kept(out, inp, start, valid, bits, scale):
    """Write as `store_kept` does, with +0 where inp is not positive, unless it is NaN."""
    lanes, places = _places(start, valid)
    x = inp[places]
    out[places] = np.where(_chosen(bits, lanes) & ~(x <= 0), x * scale, np.zeros(1, inp.dtype))


def _store_affine_kept(out, inp, start, valid, bits, scale, shift, dropped):
    """Write inp * scale + shift where a bit is set, and the number `dropped` where not; only valid lanes."""
    lanes, places = _places(start, valid)
    out[places] = np.where(_chosen(bits, lanes), inp[places] * scale + shift, dropped)


def _store_kept_past_caches(out, inp, start, valid, bits, scale):
    """Write as `store_kept` does; whole groups, where out is aligned to a cache line, do not pass through the caches.

    For arrays larger than the caches: a line is not read before it is written. A fence must follow.
    """
    _store_kept(out, inp, start, valid, bits, scale)


def _emit_choice(context, builder, signature, arguments, *, relu=False, past_caches=False):
    out = vectors.View(context, builder, signature.args[0], arguments[0])
    inp = vectors.View(context, builder, signature.args[1], arguments[1])
    start, valid, bits, scale, *affine = arguments[2:]
    lanes = 64 // out.size  # in vectors of 512 bits
    kind = vectors.vector(out.element, lanes)
    zero = vectors.constant(kind, 0.0)
    scales = vectors.splat(builder, scale, lanes)
    shift, dropped = (vectors.splat(builder, value, lanes) for value in affine) if affine else (None, zero)
    target, source = out.flat_address(start), inp.flat_address(start)
    masks = builder.bitcast(bits, BITS), builder.bitcast(valid, BITS)

    if past_caches:
        for line in range(0, LANES * out.size, CACHE_LINE):
            vectors.prefetch(builder, source, AHEAD + line)

    def write(whole):
        for group in range(LANES // lanes):
            chosen, inside = (
                vectors.shuffle(builder, mask, None, range(group * lanes, (group + 1) * lanes)) for mask in masks
            )
            place = group * 64
            x = vectors.load(builder, source, kind, place) if whole else None
            x = x or vectors.load_where(builder, inside, source, kind, place)
            if relu:
                chosen = builder.and_(chosen, builder.fcmp_unordered(">", x, zero))
            y = builder.fmul(x, scales)
            if shift is not None:
                y = builder.fadd(y, shift)
            y = builder.select(chosen, y, dropped)
            if whole:
                vectors.store(builder, y, target, place, 64 if past_caches else 1, past_caches)
            else:
                vectors.store_where(builder, inside, y, target, place)

    with builder.if_else(builder.icmp_unsigned("==", valid, I64(2**64 - 1)), likely=True) as (yes, no):
        with yes:
            write(whole=True)
        with no:
            write(whole=False)
    return context.get_dummy_value()


def _choice(out, inp, numbers, **how):
    """Return the signature and the generator of a block that writes chosen elements by some numbers of their kind."""
    vectors.refuse_mixture(out, inp)

    def generate(context, builder, signature, arguments):
        return _emit_choice(context, builder, signature, arguments, **how)

    return types.none(out, inp, types.int64, types.uint64, types.uint64, *numbers * (out.dtype,)), generate


@block(_store_kept)
def store_kept(typing_context, out, inp, start, valid, bits, scale):
    """Emit a product and a choice."""
    return _choice(out, inp, 1)


@block(_store_relu_kept)
def store_relu_kept(typing_context, out, inp, start, valid, bits, scale):
    """Emit the same with a comparison."""
    return _choice(out, inp, 1, relu=True)


@block(_store_kept_past_caches)
def store_kept_past_caches(typing_context, out, inp, start, valid, bits, scale):
    """Emit the same with other stores."""
    return _choice(out, inp, 1, past_caches=True)


@block(_store_affine_kept)
def store_affine_kept(typing_context, out, inp, start, valid, bits, scale, shift, dropped):
    """Emit the same with a sum."""
    return _choice(out, inp, 3)


def _fence():
    """Let all stores past the caches be seen before what follows."""


@block(_fence)
def fence(typing_context):
    """Emit a fence."""

    def generate(context, builder, signature, arguments):
        builder.fence("seq_cst")
        return context.get_dummy_value()

    return types.none(), generate
