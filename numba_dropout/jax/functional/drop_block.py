"""DropBlock, in JAX."""

from __future__ import annotations

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ...core import checks, contract, errors
from ...functional.drop_block import block_positions
from ..kernels.mask import sample_mask
from ._position import position_of
from ._rate import Rate, computed_in, float_array, rate_of

__all__ = ["drop_block2d"]


def drop_block2d(
    x: Any,
    p: Any,
    block_size: int,
    *,
    seed: Any = None,
    stream: Any = 0,
    step: Any = 0,
    offset: Any = 0,
    training: bool = True,
) -> Any:
    """Drop squares of feature maps (N, C, H, W), and divide each sample by its share of kept elements.

    A square starts at each position where it fits into the plane, with equal probability. Without overlaps p is the
    expected share of dropped elements. p = 1 drops all.

    block_size : int, side of the squares, at least 1, reduced to H or W if larger. offset counts mask elements, of
    N * C * (H - block_size + 1) * (W - block_size + 1). Other arguments and errors are those of `dropout`.

    References
    ----------
    Ghiasi et al., NeurIPS 2018, algorithm 1.

    Examples
    --------
    >>> ndj.drop_block2d(jnp.ones((1, 1, 3, 3)), 0.3, block_size=2, seed=3)[0, 0].round(2)
    Array([[1.8, 1.8, 1.8],
           [1.8, 0. , 0. ],
           [1.8, 0. , 0. ]], dtype=float32)
    """
    x = float_array(x)
    if x.ndim != 4:
        raise errors.InputError(f"x: expected 4 dimensions, (N, C, H, W), got shape {x.shape}")
    block = checks.integer(block_size, "block_size", 1, 2**31)
    samples, channels, height, width = x.shape
    block, rows, columns = block_positions(height, width, block)
    rate = _rate_of_starts(p, height * width / max(block * block * rows * columns, 1) if x.size else 1.0)
    if not training:
        return x
    starts = samples, channels, max(rows, 0), max(columns, 0)
    position, carry, aligned = position_of(seed, stream, step, offset, math.prod(starts))
    if rate == 0 or not x.size:
        return x
    if rate == contract.DROP_ALL:
        return jnp.zeros_like(x)
    if isinstance(rate, Rate):
        return _drop_block(x, rate, position, starts, block, None, carry, aligned)
    return _drop_block(x, None, position, starts, block, rate, carry, aligned)


def _rate_of_starts(p: Any, factor: float) -> int | Rate:
    """Return the rate of squares' starts, a factor times p, and 1 for p = 1."""
    if isinstance(p, jax.Array):
        rate_of(p)  # which checks it
        return rate_of(jnp.where(p >= 1, 1, p * factor))
    p = checks.probability(p)
    return rate_of(1.0 if p == 1 else min(p * factor, 1.0))


@functools.partial(jax.jit, static_argnames=("starts", "block", "threshold", "carry", "aligned"))
def _drop_block(
    x: Any,
    rate: Rate | None,
    position: Any,
    starts: tuple[int, ...],
    block: int,
    threshold: int | None,
    carry: bool,
    aligned: bool,
) -> Any:
    """Return DropBlock for a threshold that is known at compile time, or for a traced rate."""

    def dropped(x: Any, rate: Rate | None, position: Any) -> Any:
        free = sample_mask(starts, rate.threshold if rate else threshold, position, carry, aligned)
        if rate:
            free = free & ~rate.drops_all
        window, margin = (1, 1, block, block), (block - 1, block - 1)
        padding = ((0, 0), (0, 0), margin, margin)
        least = lax.reduce_window(free.astype(jnp.uint8), np.uint8(1), lax.min, window, (1, 1, 1, 1), padding)
        kept, dtype = least == 1, computed_in(x.dtype)
        count = jnp.maximum(kept.sum((1, 2, 3), dtype=jnp.int32), 1).astype(dtype)
        scale = (dtype.type(math.prod(x.shape[1:])) / count)[:, None, None, None]
        return jnp.where(kept, (x.astype(dtype) * scale).astype(x.dtype), 0)

    return jax.checkpoint(dropped, prevent_cse=False)(x, rate, position)
