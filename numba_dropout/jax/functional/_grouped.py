"""Dropout with a mask that broadcasts, shared by the functions of one mask each."""

from __future__ import annotations

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp

from ...core import contract
from ..kernels.mask import sample_mask
from ._position import position_of
from ._rate import Rate, affine_of, rate_of, scale_of

__all__ = ["grouped_dropout"]

Shape = tuple[int, ...]


def grouped_dropout(
    x: Any,
    mask_shape: Shape,
    p: Any,
    seed: Any,
    stream: Any,
    step: Any,
    offset: Any,
    training: bool,
    *,
    alpha: bool = False,
) -> Any:
    """Return dropout, or alpha dropout, of an array with a mask of a shape that broadcasts to it."""
    rate = rate_of(p)
    if not training:
        return x
    position, carry, aligned = position_of(seed, stream, step, offset, math.prod(mask_shape))
    if rate == 0 or not x.size:
        return x
    if rate == contract.DROP_ALL:
        return jnp.zeros_like(x)
    numbers = affine_of(rate, x.dtype) if alpha else scale_of(rate, x.dtype)
    if isinstance(rate, Rate):
        return _dropout(x, numbers, rate, position, mask_shape, None, carry, aligned)
    return _dropout(x, numbers, None, position, mask_shape, rate, carry, aligned)


@functools.partial(jax.jit, static_argnames=("mask_shape", "threshold", "carry", "aligned"))
def _dropout(
    x: Any,
    numbers: tuple[Any, ...],
    rate: Rate | None,
    position: Any,
    mask_shape: Shape,
    threshold: int | None,
    carry: bool,
    aligned: bool,
) -> Any:
    """Return dropout of an array for a threshold that is known at compile time, or for a traced rate.

    numbers are the scale, or the slope, the offset and the dropped value of alpha dropout. `jax.checkpoint` keeps the
    position for the derivatives, not the mask: they sample it again. As no rule of differentiation is given, forward
    mode, reverse mode and their combinations work.
    """

    def dropped(x: Any, numbers: tuple[Any, ...], rate: Rate | None, position: Any) -> Any:
        slope, offset, value = numbers if len(numbers) == 3 else (*numbers, None, None)
        kept = sample_mask(mask_shape, rate.threshold if rate else threshold, position, carry, aligned)
        if rate:
            kept = kept & ~rate.drops_all
        values = x.astype(slope.dtype) * slope
        if offset is not None:
            values = values + offset
        return jnp.where(kept, values.astype(x.dtype), 0 if value is None else value.astype(x.dtype))

    return jax.checkpoint(dropped, prevent_cse=False)(x, numbers, rate, position)
