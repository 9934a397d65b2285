"""Gaussian noise as a factor (Gaussian dropout) and as a term."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays.backend import backend_of
from ..core import checks, contract, errors
from ..kernels.scalar.philox import PURPOSE
from ._broadcast import Position, required_key

__all__ = ["deviation", "gaussian_dropout", "gaussian_dropout_backward", "gaussian_noise", "gaussian_noise_backward"]


def gaussian_dropout(
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
    """Multiply by normal numbers with mean 1 and variance p / (1 - p), the moments of dropout's scaled mask.

    p : float in [0, 1). Other arguments and errors are those of `dropout`. The numbers are a pure function of (seed,
    stream, step, element index), equal on all devices except for rounding. They are not those of a mask (docs/mask.md).

    References
    ----------
    Srivastava et al., JMLR 2014, section 10; Wang & Manning, ICML 2013.

    Examples
    --------
    >>> nd.gaussian_dropout(np.ones(6), p=0.3, seed=1).round(3)
    array([ 1.584,  0.812,  0.17 ,  0.244, -0.297,  1.134])
    """
    return _gaussian("gaussian_dropout_forward", x, "x", deviation(p), seed, (stream, step, offset), training, out)


def gaussian_dropout_backward(
    dy: Any,
    p: float = 0.5,
    *,
    seed: int,
    stream: int = 0,
    step: int = 0,
    offset: int = 0,
    out: Any = None,
) -> Any:
    """Return the gradient of `gaussian_dropout` with respect to its input: dy times the same numbers.

    Arguments and errors are those of `gaussian_dropout`.

    Examples
    --------
    >>> nd.gaussian_dropout_backward(np.ones(6), p=0.3, seed=1).round(3)
    array([ 1.584,  0.812,  0.17 ,  0.244, -0.297,  1.134])
    """
    return _gaussian("gaussian_dropout_backward", dy, "dy", deviation(p), seed, (stream, step, offset), True, out)


def gaussian_noise(
    x: Any,
    stddev: float,
    *,
    seed: int | None = None,
    stream: int = 0,
    step: int = 0,
    offset: int = 0,
    training: bool = True,
    out: Any = None,
) -> Any:
    """Add normal numbers with mean 0 and standard deviation `stddev`, which is at least 0.

    Other arguments and errors are those of `gaussian_dropout`.

    References
    ----------
    Bishop, Neural Computation 7, 1995.

    Examples
    --------
    >>> nd.gaussian_noise(np.zeros(6), 0.1, seed=1).round(3)
    array([ 0.089, -0.029, -0.127, -0.116, -0.198,  0.021])
    """
    deviation = checks.number(stddev, "stddev", at_least=0)
    return _gaussian("add_gaussian_noise", x, "x", deviation, seed, (stream, step, offset), training, out)


def gaussian_noise_backward(
    dy: Any,
    stddev: float,
    *,
    seed: int,
    stream: int = 0,
    step: int = 0,
    offset: int = 0,
    out: Any = None,
) -> Any:
    """Return the gradient of `gaussian_noise` with respect to its input, a copy of dy.

    Arguments and errors are those of `gaussian_noise`.

    Examples
    --------
    >>> nd.gaussian_noise_backward(np.ones(3), 0.1, seed=1)
    array([1., 1., 1.])
    """
    checks.number(stddev, "stddev", at_least=0)
    return _gaussian("add_gaussian_noise", dy, "dy", 0.0, seed, (stream, step, offset), True, out)


def deviation(p: Any) -> float:
    """Return the standard deviation of dropout's scaled mask."""
    p = checks.probability(p)
    if p == 1:
        raise errors.InputError("p: expected a probability below 1 for Gaussian noise, got 1")
    return contract.deviation(p)


def _gaussian(
    kernel: str,
    array: Any,
    name: str,
    deviation: float,
    seed: Any,
    position: Position,
    training: bool,
    out: Any,
) -> Any:
    """Return the result of a kernel of Gaussian noise, after checking the arguments."""
    backend = backend_of(array, name)
    x = backend.float_array(array, name, halves=True)
    key = required_key(seed, training)
    site, step, offset = contract.counter(*position, x.size)
    words = np.uint64(PURPOSE["noise"]) | site, step, offset
    result = backend.output(out, tuple(x.shape), x.dtype)
    if not training or deviation == 0:
        return backend.assign(result, x)
    scale = (np.float64 if x.dtype == np.float64 else np.float32)(deviation)
    function = getattr(backend.kernels, kernel)
    return backend.elementwise(result, [x], lambda out, x: function(out, x, scale, *key, *words))
