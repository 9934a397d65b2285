"""Concrete dropout: a mask between 0 and 1, with a differentiable rate.

The rate is trained with the weights.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays import host
from ..arrays.backend import Backend, backend_of
from ..core import checks, contract
from ..kernels.scalar.constants import SUMS
from ..kernels.scalar.philox import PURPOSE
from ._broadcast import Position, required_key

__all__ = ["concrete_dropout", "concrete_dropout_backward", "logits_of", "rates_of_logits"]


def concrete_dropout(
    x: Any,
    logit: float,
    *,
    seed: int | None = None,
    stream: int = 0,
    step: int = 0,
    offset: int = 0,
    training: bool = True,
    out: Any = None,
) -> Any:
    """Multiply by a smooth mask with mean about 1, whose dropout rate p can be trained.

    The mask is (1 - z) / (1 - p) with z = sigmoid((logit(p) - logit(u)) / t), u uniform and the temperature t = 1/10.
    u is a pure function of (seed, stream, step, element index), not one of a mask's numbers (docs/mask.md).

    Parameters
    ----------
    x : array of float32 or float64, any shape
    logit : float
        log(p / (1 - p)), any finite number.
    seed, stream, step, offset, training, out
        As in `dropout`.

    Raises
    ------
    ValueError, TypeError
        As `dropout`.

    References
    ----------
    Gal, Hron & Kendall, NeurIPS 2017, equation 5.

    Examples
    --------
    >>> nd.concrete_dropout(np.ones(6), 0.0, seed=1).round(3)  # a logit of 0 is a rate of 0.5
    array([1.995, 2.   , 0.   , 1.984, 0.   , 0.682])
    """
    backend = backend_of(x, "x")
    x = backend.float_array(x, "x")
    words = _words(x, required_key(seed, training), (stream, step, offset))
    logits = _logit(backend, logit, x.dtype)
    result = backend.output(out, tuple(x.shape), x.dtype)
    if not training:
        return backend.assign(result, x)
    drop = backend.kernels.concrete_dropout_forward
    return backend.elementwise(result, [x], lambda out, x: drop(out, x, logits, *words))


def concrete_dropout_backward(
    dy: Any,
    y: Any,
    logit: float,
    *,
    seed: int,
    stream: int = 0,
    step: int = 0,
    offset: int = 0,
    out: Any = None,
) -> tuple[Any, Any]:
    """Return the gradients of `concrete_dropout` with respect to its input and to the logit of its rate: (dx, dlogit).

    dy, y : arrays of one shape and dtype, y the result of `concrete_dropout`. out : array for dx, may be dy.
    dlogit is an array without dimensions. Other arguments are those of `concrete_dropout`.

    Examples
    --------
    >>> y = nd.concrete_dropout(np.ones(6), 0.0, seed=1)
    >>> dx, dlogit = nd.concrete_dropout_backward(np.ones(6), y, 0.0, seed=1)
    >>> dx.round(3), float(dlogit.round(3))
    (array([1.995, 2.   , 0.   , 1.984, 0.   , 0.682]), -1.381)
    """
    backend = backend_of(dy, "dy")
    dy = backend.float_array(dy, "dy")
    y = host.same(backend.float_array(y, "y"), "y", dy.shape, dy.dtype)
    words = _words(dy, required_key(seed, True), (stream, step, offset))
    logits = _logit(backend, logit, dy.dtype)
    result, total = backend.output(out, tuple(dy.shape), dy.dtype), backend.output(None, (), dy.dtype)
    with backend.working():
        dlogit, write_back = backend.flat_output(total)
    sums, back = backend.empty(SUMS, np.float64), backend.kernels.concrete_dropout_backward
    dx = backend.elementwise(result, [dy, y], lambda dx, dy, y: back(dx, dlogit, sums, dy, y, logits, *words))
    return dx, write_back()


def _words(array: Any, key: Any, position: Position) -> tuple[Any, ...]:
    """Return key, stream, step and offset for kernels."""
    site, step, offset = contract.counter(*position, array.size)
    return *key, np.uint64(PURPOSE["noise"]) | site, step, offset


def _logit(backend: Backend, logit: Any, dtype: Any) -> Any:
    """Return a logit as an array (1,) for kernels, clipped to [-1000, 1000]."""
    return backend.to_device(np.clip([checks.number(logit, "logit")], -1000.0, 1000.0).astype(dtype))


def logits_of(rates: Sequence[float]) -> list[float]:
    """Return log(p / (1 - p)) of rates below 1, and 0 for a rate of 0, which is not trained."""
    return [math.log(p / (1 - p)) if p else 0.0 for p in rates]


def rates_of_logits(logits: Sequence[float]) -> list[float]:
    """Return 1 / (1 + exp(-logit)) of each logit."""
    return [float(np.exp(-np.logaddexp(0.0, -logit))) for logit in logits]
