"""Probabilities as thresholds and scales, of numbers and of values that are known only when compiled code runs."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ...core import checks, contract
from ...functional.alpha_dropout import affine
from ...kernels.scalar.alpha_dropout import LIMIT

__all__ = ["Rate", "affine_of", "computed_in", "float_array", "rate_of", "scale_of"]

FLOATS = ("float32", "float64", "bfloat16", "float16")


class Rate(NamedTuple):
    """The threshold of a probability that is traced, whether it is 1, and the threshold as a float, all scalars."""

    threshold: Any
    drops_all: Any
    number: Any


def float_array(x: Any, name: str = "x") -> Any:
    """Return a floating-point array of JAX."""
    array = jnp.asarray(x)
    if array.dtype.name not in FLOATS:
        raise TypeError(f"{name}: expected an array of {', '.join(FLOATS)}, got {array.dtype}")
    return array


def computed_in(dtype: Any) -> Any:
    """Return the dtype of the computation: float64 for float64, else float32."""
    return np.dtype(np.float64 if dtype == np.float64 else np.float32)


def rate_of(p: Any) -> int | Rate:
    """Return the threshold of a number, or the rate of a scalar array."""
    if not isinstance(p, jax.Array):
        return contract.threshold(checks.probability(p))
    if p.ndim or not jnp.issubdtype(p.dtype, jnp.floating):
        raise TypeError(f"p: expected a number or a floating-point scalar, got {p.dtype} of shape {p.shape}")
    number = lax.stop_gradient(p).astype(jnp.float64 if p.dtype == np.float64 else jnp.float32)
    threshold = jnp.round(jnp.clip(number, 0, 1) * number.dtype.type(2.0**32))
    drops_all = threshold >= number.dtype.type(2.0**32)
    threshold = jnp.where(drops_all, 0, threshold)
    return Rate(threshold.astype(jnp.uint32), drops_all, threshold)


def scale_of(rate: int | Rate, dtype: Any) -> tuple[Any]:
    """Return the scale of kept elements."""
    if not isinstance(rate, Rate):
        return (contract.scale(rate, computed_in(dtype)),)
    one = rate.number.dtype.type(2.0**32)
    return ((one / (one - rate.number)).astype(computed_in(dtype)),)


def affine_of(rate: int | Rate, dtype: Any) -> tuple[Any, Any, Any]:
    """Return the slope and the offset of kept elements and the value of dropped ones, for alpha dropout."""
    if not isinstance(rate, Rate):
        return affine(rate, computed_in(dtype), backward=False)
    kind = rate.number.dtype.type
    limit, p = kind(LIMIT), rate.number * kind(2.0**-32)
    slope = lax.rsqrt((1 - p) * (1 + p * limit * limit))
    dropped = jnp.where(rate.drops_all, 0, slope * (limit - p * limit))
    slope, offset, dropped = (value.astype(computed_in(dtype)) for value in (slope, -slope * p * limit, dropped))
    return slope, offset, dropped
