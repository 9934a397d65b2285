"""Normal numbers from random words (docs/mask.md), in JAX's operations."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from .philox import Position, block_words, computed_once

__all__ = ["standard_normal"]


def standard_normal(shape: tuple[int, ...], dtype: Any, position: Position, carry: bool, aligned: bool) -> Any:
    """Return standard normal numbers: four float32 of each block of the stream, or two float64."""
    size, each = math.prod(shape), 4 if dtype == np.float32 else 2
    count = (size + each - 1) // each + (not aligned)

    def numbers(*words: Any) -> Any:
        w0, w1, w2, w3 = block_words(count, Position(*words), carry)
        if each == 4:
            return jnp.stack([*_box_muller(w0, w1, 24, dtype), *_box_muller(w2, w3, 24, dtype)], axis=-1).reshape(-1)
        wide0, wide1 = (low.astype(jnp.uint64) | high.astype(jnp.uint64) << 32 for low, high in ((w0, w1), (w2, w3)))
        return jnp.stack(_box_muller(wide0, wide1, 53, dtype), axis=-1).reshape(-1)

    values = computed_once(numbers, *position)
    if aligned:
        return values[:size].reshape(shape)
    return lax.dynamic_slice(values, (position.lane,), (size,)).reshape(shape)


def _box_muller(bits0: Any, bits1: Any, used: int, dtype: Any) -> tuple[Any, Any]:
    """Return two normal numbers (G. E. P. Box, M. E. Muller, Annals of Mathematical Statistics 29, 1958).

    The upper bits of a word, `used` of them, give a uniform number in the middle of its step, and an angle in turns.
    """
    one, eighth = bits0.dtype.type(1), used - 3  # bits of a fraction of an eighth of a turn
    unused = bits0.dtype.type(8 * bits0.dtype.itemsize - used)
    number, turn = bits0 >> unused, bits1 >> unused
    uniform = (number << one | one).astype(dtype) * dtype.type(2.0 ** -(used + 1))
    radius = jnp.sqrt(-2 * jnp.log(uniform))
    octant = (turn >> bits0.dtype.type(eighth)).astype(jnp.uint32)
    fraction = turn & bits0.dtype.type((1 << eighth) - 1)
    f = (fraction << one | one).astype(dtype) * dtype.type(2.0 ** -(eighth + 1))
    f = jnp.where(octant & 1 == 1, 1 - f, f) * dtype.type(math.pi / 4)  # an angle from the nearest axis
    sine, cosine = jnp.sin(f), jnp.cos(f)
    swapped = (octant + 1) & 2 == 2
    x, y = jnp.where(swapped, sine, cosine), jnp.where(swapped, cosine, sine)
    x, y = jnp.where((octant + 2) & 4 == 4, -x, x), jnp.where(octant & 4 == 4, -y, y)
    return radius * x, radius * y
