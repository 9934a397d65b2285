"""Dropout masks, in JAX."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ...core import checks, contract
from ..kernels import mask
from ._position import position_of
from ._rate import Rate, rate_of

__all__ = ["sample_mask"]


def sample_mask(
    shape: int | Sequence[int], p: Any = 0.5, *, seed: Any, stream: Any = 0, step: Any = 0, offset: Any = 0
) -> Any:
    """Return a dropout mask, True where an element is kept.

    It is that of `numba_dropout.sample_mask` for the same arguments. shape : int or sequence of int. Other arguments
    and errors are those of `dropout`.

    References
    ----------
    Philox4x32-10, Salmon et al., SC 2011; docs/mask.md.

    Examples
    --------
    >>> import numba_dropout.jax as ndj
    >>> ndj.sample_mask((2, 4), p=0.5, seed=1)
    Array([[False,  True, False,  True],
           [False,  True,  True,  True]], dtype=bool)
    """
    if isinstance(shape, str) or not isinstance(shape, int | np.integer | Sequence | np.ndarray):
        raise TypeError(f"shape: expected an integer or a sequence of them, got {shape!r}")
    sizes = (shape,) if isinstance(shape, int | np.integer) else tuple(shape)
    sizes = tuple(checks.integer(n, "shape", 0, 2**63 - 1) for n in sizes)
    rate = rate_of(p)
    position, carry, aligned = position_of(seed, stream, step, offset, math.prod(sizes))
    if (not isinstance(rate, Rate) and rate in (0, contract.DROP_ALL)) or not math.prod(sizes):
        return jnp.full(sizes, rate == 0)
    if isinstance(rate, Rate):
        return _sample_mask(position, rate.threshold, sizes, None, carry, aligned) & ~rate.drops_all
    return _sample_mask(position, None, sizes, rate, carry, aligned)


@functools.partial(jax.jit, static_argnames=("shape", "threshold", "carry", "aligned"))
def _sample_mask(
    position: Any, traced: Any, shape: tuple[int, ...], threshold: int | None, carry: bool, aligned: bool
) -> Any:
    """Return a mask for a threshold that is known at compile time, or for a traced one."""
    return mask.sample_mask(shape, traced if threshold is None else threshold, position, carry, aligned)
