"""Arguments of the mask contract: seed, stream, step and offset, of Python or traced, as words."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ...core import checks
from ..kernels.philox import Position

__all__ = ["position_of", "seed_words"]


def _is_array(value: Any) -> bool:
    """Return whether a value is an array of JAX, possibly traced, and not a number of Python or NumPy."""
    return isinstance(value, jax.Array)


def seed_words(seed: Any) -> tuple[Any, Any]:
    """Return the low and the high word of a seed: an integer, a key of `jax.random` or an integer scalar of JAX."""
    if seed is None:
        raise TypeError("seed: expected an integer or a key (a default would repeat the same mask), got None")
    if _is_array(seed) and jnp.issubdtype(seed.dtype, jax.dtypes.prng_key):
        seed = jax.random.key_data(seed)
    if _is_array(seed) or (isinstance(seed, np.ndarray) and seed.ndim):
        if seed.ndim == 0:
            return _words(seed, "seed")
        if seed.ndim != 1 or seed.size not in (2, 4) or seed.dtype != np.uint32:
            raise TypeError(
                f"seed: expected an integer, one key, or its data (2,) uint32, got {seed.dtype} of shape {seed.shape}"
            )
        return seed[1], seed[0]  # the data of jax.random.key(n) is n, high word first
    value = checks.integer(seed, "seed", 0, 2**64 - 1)
    return np.uint32(value & 0xFFFFFFFF), np.uint32(value >> 32)


def _word(value: Any, name: str, largest: int) -> Any:
    """Return an integer of Python or JAX as a word, after checking the former."""
    return _words(value, name)[0] if _is_array(value) else np.uint32(checks.integer(value, name, 0, largest))


def _words(value: Any, name: str) -> tuple[Any, Any]:
    """Return the low and the high word of a traced or JAX integer."""
    if value.ndim or not jnp.issubdtype(value.dtype, jnp.integer):
        raise TypeError(f"{name}: expected an integer, got {value.dtype} of shape {value.shape}")
    if value.dtype.itemsize < 8:
        return value.astype(jnp.uint32), np.uint32(0)
    wide = value.astype(jnp.uint64)
    return wide.astype(jnp.uint32), lax.shift_right_logical(wide, np.uint64(32)).astype(jnp.uint32)


def position_of(
    seed: Any, stream: Any, step: Any, offset: Any, size: int, lane_bits: int = 3, purpose: int = 0
) -> tuple[Position, bool, bool]:
    """Return the position of a range of elements, whether a block's low word may wrap, and whether it begins a block.

    Numbers of Python and NumPy are checked. Arrays, traced or not, are not, because their values may not be known.
    lane_bits is the logarithm of the number of elements in a block.
    """
    stream = _word(stream, "stream", 2**24 - 1) | np.uint32(purpose)
    step = _word(step, "step", 2**32 - 1)
    blocks = (size >> lane_bits) + 2
    if not _is_array(offset):
        value = checks.integer(offset, "offset", 0, 2**63 - 1 - size)
        block, lane = value >> lane_bits, value & ((1 << lane_bits) - 1)
        carry, aligned = (block & 0xFFFFFFFF) + blocks > 2**32, lane == 0
        low, high, lane = np.uint32(block & 0xFFFFFFFF), np.uint32(block >> 32), np.uint32(lane)
    else:
        low, high = _words(offset, "offset")
        lane, aligned = low & np.uint32((1 << lane_bits) - 1), False
        carry = offset.dtype.itemsize == 8 or (1 << 32 - lane_bits) + blocks > 2**32
        low = low >> np.uint32(lane_bits) | high << np.uint32(32 - lane_bits)
        high = high >> np.uint32(lane_bits)
    return Position(*seed_words(seed), step, stream, low, high, lane), carry, aligned
