"""Gaussian dropout, in JAX."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp

from ...functional import gaussian_dropout as of_arrays
from ...kernels.scalar.philox import PURPOSE
from ..kernels.normal import standard_normal
from ._position import position_of
from ._rate import Rate, computed_in, float_array, rate_of

__all__ = ["gaussian_dropout"]


def gaussian_dropout(
    x: Any,
    p: Any = 0.5,
    *,
    seed: Any = None,
    stream: Any = 0,
    step: Any = 0,
    offset: Any = 0,
    training: bool = True,
) -> Any:
    """Multiply by normal numbers with mean 1 and variance p / (1 - p), the moments of dropout's scaled mask.

    p is below 1. The numbers are those of `numba_dropout.gaussian_dropout`, except for rounding. Other arguments and
    errors are those of `dropout`.

    References
    ----------
    Srivastava et al., JMLR 2014, section 10; Wang & Manning, ICML 2013.

    Examples
    --------
    >>> ndj.gaussian_dropout(jnp.ones(3), p=0.3, seed=1) > 1
    Array([False, False,  True], dtype=bool)
    """
    x = float_array(x)
    dtype = computed_in(x.dtype)
    rate = rate_of(p)
    if isinstance(rate, Rate):
        deviation = jnp.sqrt(rate.number / (rate.number.dtype.type(2.0**32) - rate.number)).astype(dtype)
    else:
        deviation = dtype.type(of_arrays.deviation(p))
    if not training:
        return x
    lane_bits = 2 if dtype.itemsize == 4 else 1
    purpose = int(PURPOSE["noise"])
    position, carry, aligned = position_of(seed, stream, step, offset, x.size, lane_bits, purpose)
    if not x.size or (not isinstance(rate, Rate) and deviation == 0):
        return x
    return _gaussian_dropout(x, deviation, position, carry, aligned)


@functools.partial(jax.jit, static_argnames=("carry", "aligned"))
def _gaussian_dropout(x: Any, deviation: Any, position: Any, carry: bool, aligned: bool) -> Any:
    """Return an array times normal numbers, which the derivatives draw again."""

    def multiplied(x: Any, deviation: Any, position: Any) -> Any:
        numbers = standard_normal(x.shape, deviation.dtype, position, carry, aligned)
        return (x.astype(deviation.dtype) * (1 + deviation * numbers)).astype(x.dtype)

    return jax.checkpoint(multiplied, prevent_cse=False)(x, deviation, position)
