"""Alpha dropout, which sets dropped elements to SELU's negative limit and keeps mean and variance."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays.backend import backend_of
from ..core import checks, contract
from ..kernels.scalar.alpha_dropout import affine_map
from ._broadcast import Position, required_key

__all__ = ["affine", "alpha_dropout", "alpha_dropout_backward"]


def alpha_dropout(
    x: Any,
    p: float = 0.5,
    *,
    seed: int | None = None,
    stream: int = 0,
    step: int = 0,
    offset: int = 0,
    training: bool = True,
    out: Any = None,
) -> Any:
    """Set elements to SELU's negative limit with probability p, then rescale all to keep mean 0 and variance 1.

    The mask is that of `sample_mask`. Arguments and errors are those of `dropout`. p = 1 returns zeros, as in PyTorch.

    References
    ----------
    Klambauer et al., NeurIPS 2017, section 3.

    Examples
    --------
    >>> x = np.random.default_rng(0).standard_normal(10_000)
    >>> y = nd.alpha_dropout(x, p=0.3, seed=1)
    >>> round(abs(float(y.mean())), 1), round(float(y.std()), 1)
    (0.0, 1.0)
    """
    return _alpha(x, "x", p, seed, (stream, step, offset), training, False, out)


def alpha_dropout_backward(
    dy: Any,
    p: float = 0.5,
    *,
    seed: int,
    stream: int = 0,
    step: int = 0,
    offset: int = 0,
    out: Any = None,
) -> Any:
    """Return the gradient of `alpha_dropout` with respect to its input: dy times the slope where kept, +0 elsewhere.

    Arguments and errors are those of `dropout_backward`.

    Examples
    --------
    >>> nd.alpha_dropout_backward(np.ones(8), p=0.5, seed=1).round(3)
    array([0.   , 0.886, 0.   , 0.886, 0.   , 0.886, 0.886, 0.886])
    """
    return _alpha(dy, "dy", p, seed, (stream, step, offset), True, True, out)


def affine(threshold: int, dtype: Any, *, backward: bool) -> tuple[Any, Any, Any]:
    """Return the slope and the offset of kept elements, and the value of dropped ones, forward or backward."""
    slope, offset, dropped = affine_map(np.uint64(threshold))
    if backward:
        offset, dropped = -0.0, 0.0
    cast = np.float64 if dtype == np.float64 else np.float32
    return cast(slope), cast(offset), cast(dropped)


def _alpha(
    array: Any, name: str, p: Any, seed: Any, position: Position, training: bool, backward: bool, out: Any
) -> Any:
    """Return alpha dropout of an array, or its gradient, after checking the arguments."""
    backend = backend_of(array, name)
    x = backend.float_array(array, name, halves=True)
    threshold = contract.threshold(checks.probability(p))
    key, words = required_key(seed, training), contract.counter(*position, x.size)
    result = backend.output(out, tuple(x.shape), x.dtype)
    if not training or threshold == 0:
        return backend.assign(result, x)
    if threshold == contract.DROP_ALL:
        return backend.elementwise(result, [], backend.kernels.drop_all)
    numbers = affine(threshold, x.dtype, backward=backward)
    drop = backend.kernels.alpha_dropout_forward
    return backend.elementwise(result, [x], lambda out, x: drop(out, x, *numbers, np.uint64(threshold), *key, *words))
