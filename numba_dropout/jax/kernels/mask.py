"""Dropout masks in JAX's operations."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from .philox import MASK16, SHIFT16, Position, block_words, computed_once

__all__ = ["sample_mask"]

HIGH16 = np.uint32(0xFFFF0000)
EIGHT = np.uint32(8)


def sample_mask(shape: tuple[int, ...], threshold: Any, position: Position, carry: bool, aligned: bool) -> Any:
    """Return a mask, True where an element is kept.

    threshold is a Python integer in 1..2**32-1, or a uint32 scalar for one that is not known at compile time. carry is
    whether the low words of the blocks' numbers may wrap, aligned whether the first element begins a block.
    """
    size = math.prod(shape)
    count = (size + 7) // 8 + (not aligned)
    position = Position(*position)
    if isinstance(threshold, int):
        packed = computed_once(lambda *words: _packed(count, threshold, Position(*words), carry), *position)
    else:
        packed = computed_once(lambda t, *words: _packed(count, t, Position(*words), carry), threshold, *position)
    if not aligned:
        pairs = packed[:-1].astype(jnp.uint32) | packed[1:].astype(jnp.uint32) << EIGHT
        packed = (pairs >> position.lane).astype(jnp.uint8)
    bits = lax.broadcast_in_dim(packed, (packed.size, 8), (0,)) >> lax.broadcasted_iota(jnp.uint8, (packed.size, 8), 1)
    return (bits & np.uint8(1)).astype(bool).reshape(-1)[:size].reshape(shape)


def _packed(count: int, threshold: Any, position: Position, carry: bool) -> Any:
    """Return the masks of blocks as bytes (count,): bit j is element j's."""
    words = block_words(count, position, carry)
    if isinstance(threshold, int) and threshold & 0xFFFF == 0:  # no number of 16 bits is a tie
        limit = np.uint32(threshold >> 16)
        kept = [((word & MASK16) >= limit, (word >> SHIFT16) >= limit) for word in words]
    else:
        ties = block_words(count, position, carry, tie=True)
        limit = np.uint32(threshold) if isinstance(threshold, int) else threshold
        kept = [
            ((word << SHIFT16 | tie & MASK16) >= limit, (word & HIGH16 | tie >> SHIFT16) >= limit)
            for word, tie in zip(words, ties, strict=True)
        ]
    result = jnp.zeros((), jnp.uint32)
    for j, element in enumerate(element for pair in kept for element in pair):
        result = result | jnp.where(element, np.uint32(1 << j), np.uint32(0))
    return result.astype(jnp.uint8)
