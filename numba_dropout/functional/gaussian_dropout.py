"""Noise other than dropout's zeros: alpha dropout, and Gaussian noise as a factor and as a term."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arrays.backend import place_of
from ..core import checks, contract, errors
from ..kernels.scalar.philox import PURPOSE
from ._broadcast import Position, required_key

__all__ = [
    "affine",
    "alpha_dropout",
    "alpha_dropout_backward",
    "deviation",
    "gaussian_dropout",
    "gaussian_dropout_backward",
    "gaussian_noise",
    "gaussian_noise_backward",
]

# SELU's limit at minus infinity: -scale * alpha (Klambauer et al., NeurIPS 2017, section 3).
LIMIT = -1.7580993408473766


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
    """Set elements to SELU's negative limit with probability p, and map all so that mean 0 and variance 1 stay.

    The mask is that of `sample_mask`; arguments and errors are those of `dropout`. p = 1 gives zeros, as PyTorch does.

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
    """Return the gradient of `alpha_dropout` by its input: dy times the map's slope where kept, +0 elsewhere.

    Arguments and errors are those of `dropout_backward`.

    Examples
    --------
    >>> nd.alpha_dropout_backward(np.ones(8), p=0.5, seed=1).round(3)
    array([0.   , 0.886, 0.   , 0.886, 0.   , 0.886, 0.886, 0.886])
    """
    return _alpha(dy, "dy", p, seed, (stream, step, offset), True, True, out)


def affine(threshold: int, dtype: Any, *, backward: bool) -> tuple[Any, Any, Any]:
    """Return slope and shift of kept elements, and what dropped ones become; or those of the gradient."""
    p = threshold / 2.0**32
    slope = 1.0 / math.sqrt((1.0 - p) * (1.0 + p * LIMIT * LIMIT))
    shift, dropped = (-0.0, 0.0) if backward else (-slope * p * LIMIT, slope * (LIMIT - p * LIMIT))
    kind = np.float64 if dtype == np.float64 else np.float32
    return kind(slope), kind(shift), kind(dropped)


def _alpha(
    given: Any, name: str, p: Any, seed: Any, position: Position, training: bool, backward: bool, out: Any
) -> Any:
    place = place_of(given, name)
    x = place.float_array(given, name)
    threshold = contract.threshold(checks.probability(p))
    key, words = required_key(seed, training), contract.counter(*position, x.size)
    result = place.output(out, tuple(x.shape), x.dtype)
    if not training or threshold == 0:
        return place.assign(result, x)
    if threshold == contract.EVERYTHING:
        return place.elementwise(result, [], place.kernels.drop_all)
    numbers = affine(threshold, x.dtype, backward=backward)
    drop = place.kernels.affine_dropout
    return place.elementwise(result, [x], lambda out, x: drop(out, x, *numbers, np.uint64(threshold), *key, *words))


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
    """Multiply by normal numbers of mean 1 and variance p / (1 - p), those of the mask that dropout would scale by.

    p : float of [0, 1); the rest, and errors, as in `dropout`. The numbers are a pure function of (seed, stream, step,
    element index), equal on every device but for rounding; they are not those of a mask (docs/mask.md).

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
    """Return the gradient of `gaussian_dropout` by its input: dy times the same numbers.

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
    """Add normal numbers of mean 0 and a standard deviation, at least 0.

    Other arguments, and errors, are those of `gaussian_dropout`.

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
    """Return the gradient of `gaussian_noise` by its input, a copy of dy.

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
    given: Any,
    name: str,
    deviation: float,
    seed: Any,
    position: Position,
    training: bool,
    out: Any,
) -> Any:
    place = place_of(given, name)
    x = place.float_array(given, name)
    key = required_key(seed, training)
    site, step, offset = contract.counter(*position, x.size)
    words = np.uint64(PURPOSE["noise"]) | site, step, offset
    result = place.output(out, tuple(x.shape), x.dtype)
    if not training or deviation == 0:
        return place.assign(result, x)
    spread = (np.float64 if x.dtype == np.float64 else np.float32)(deviation)
    disturb = getattr(place.kernels, kernel)
    return place.elementwise(result, [x], lambda out, x: disturb(out, x, spread, *key, *words))
