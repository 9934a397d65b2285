"""Dropout and its gradient."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..arrays.backend import Backend, backend_of
from ..core import checks, contract, errors
from ._broadcast import Position, masked_dropout_rates, rates_dropout, required_key, sample_rates
from ._rates import broadcast, is_number, rates_of

__all__ = ["check_noise_shape", "dropout", "dropout_backward"]

Shape = tuple[int, ...]


def dropout(
    x: Any,
    p: float | ArrayLike = 0.5,
    *,
    seed: int | None = None,
    stream: int = 0,
    step: int = 0,
    offset: int = 0,
    training: bool = True,
    noise_shape: Sequence[int | None] | None = None,
    mask: Any = None,
    out: Any = None,
) -> Any:
    """Set elements of x to zero with probability p, and divide the kept ones by 1 - p.

    Dropped elements are exactly +0, even where x is NaN or infinite. The mask is that of `sample_mask` for the same
    seed, stream, step and offset. It is not stored. The result shares memory with x only if `out` is x.

    Parameters
    ----------
    x : array of float32, float64, float16 or bfloat16
        Any shape. Half precision is computed in float32 and rounded once. On a CUDA device not float64.
    p : float or array
        Probability of dropping, in [0, 1]. An array, such as a rate for each unit, broadcasts to x or `noise_shape`.
    seed : int
        `0..2**64-1`. Required, because a default would repeat the same mask, except with training=False or `mask`.
    stream, step, offset : int
        Site of the mask (below `2**24`), training step (below `2**32`), and index of the mask's first element.
    training : bool
        False returns a copy of x.
    noise_shape : sequence of int, optional
        Shape of the mask, which broadcasts to x. Elements along an axis of size 1 are dropped together. None is x's
        size along that axis, as in Keras.
    mask : array, optional
        Mask to use instead of a sampled one, True for kept elements: bool of a shape that broadcasts to x, or the bits
        of `sample_mask(x.shape, packed=True)`. p then only sets the scale. seed, stream, step, offset and noise_shape
        are not valid with it.
    out : array, optional
        Array for the result, may be x.

    Raises
    ------
    ValueError, TypeError
        An argument is out of its range or of the wrong type.

    References
    ----------
    Srivastava et al., JMLR 2014, section 4, with the scale moved to training ("inverted" dropout).

    Examples
    --------
    >>> x = np.arange(1, 9, dtype=np.float32).reshape(2, 4)
    >>> nd.dropout(x, p=0.5, seed=1)
    array([[ 0.,  4.,  0.,  8.],
           [ 0., 12., 14., 16.]], dtype=float32)
    >>> nd.dropout(x, p=0.5, seed=1, step=2)  # another training step: another mask
    array([[ 0.,  4.,  6.,  8.],
           [ 0.,  0., 14.,  0.]], dtype=float32)
    >>> nd.dropout(x, p=0.5, seed=1, noise_shape=(1, None))  # one mask for all rows
    array([[ 0.,  4.,  0.,  8.],
           [ 0., 12.,  0., 16.]], dtype=float32)
    """
    position = stream, step, offset
    return _dropout("dropout_forward", x, "x", p, seed, position, training, noise_shape, mask, out)


def dropout_backward(
    dy: Any,
    p: float | ArrayLike = 0.5,
    *,
    seed: int | None = None,
    stream: int = 0,
    step: int = 0,
    offset: int = 0,
    noise_shape: Sequence[int | None] | None = None,
    mask: Any = None,
    out: Any = None,
) -> Any:
    """Return the gradient of `dropout` with respect to its input: dy times the scale where kept, +0 elsewhere.

    The mask is sampled again from the same seed, stream, step and offset. Arguments and errors are those of `dropout`.

    Examples
    --------
    >>> dy = np.ones(8, np.float32)
    >>> nd.dropout_backward(dy, p=0.5, seed=1)
    array([0., 2., 0., 2., 0., 2., 2., 2.], dtype=float32)
    """
    return _dropout("dropout_backward", dy, "dy", p, seed, (stream, step, offset), True, noise_shape, mask, out)


def _dropout(
    kernel: str,
    array: Any,
    name: str,
    p: Any,
    seed: Any,
    position: Position,
    training: bool,
    noise_shape: Any,
    mask: Any,
    out: Any,
) -> Any:
    """Return dropout of an array with one of the kernels, after checking the arguments."""
    backend = backend_of(array, name)
    x = backend.float_array(array, name, halves=True)
    if mask is not None:
        sampling = {"noise_shape": noise_shape, "seed": seed}
        sampling |= {name: value or None for name, value in zip(("stream", "step", "offset"), position, strict=True)}
        for argument, value in sampling.items():
            if value is not None:
                raise errors.InputError(f"{argument}: only valid without mask, got {value!r}")
        return _masked_dropout(backend, x, p, mask, training, out)
    if noise_shape is not None or not is_number(p):
        return _broadcast_dropout(backend, x, p, seed, position, training, noise_shape, out)
    threshold = contract.threshold(checks.probability(p))
    k0, k1 = required_key(seed, training)
    words = contract.counter(*position, x.size)
    result = backend.output(out, x.shape, x.dtype)
    if threshold == 0 or not training:
        return backend.assign(result, x)
    if threshold == contract.DROP_ALL:
        return backend.elementwise(result, [], backend.kernels.drop_all)
    drop, scale = getattr(backend.kernels, kernel), contract.scale(threshold, x.dtype)
    return backend.elementwise(result, [x], lambda out, x: drop(out, x, np.uint64(threshold), scale, k0, k1, *words))


# ---------------------------------------------------------------- arrays of rates, and masks that broadcast


def _broadcast_dropout(
    backend: Backend,
    x: Any,
    p: Any,
    seed: Any,
    position: Position,
    training: bool,
    noise_shape: Any,
    out: Any,
) -> Any:
    """Return dropout of x with a mask that broadcasts, an array of rates, or both."""
    shape = tuple(x.shape)
    rates, mask_shape = rates_of(p, x.dtype), _mask_shape(shape, noise_shape)
    broadcast(mask_shape, rates.thresholds.shape, "p")
    key, words = required_key(seed, training), contract.counter(*position, math.prod(mask_shape))
    result = backend.output(out, shape, x.dtype)
    if not training:
        return backend.assign(result, x)
    if mask_shape == shape and rates.scales.size > 1:
        return rates_dropout(backend, result, x, rates, key, words)
    kept = backend.empty(math.prod(mask_shape), np.bool_)
    with backend.working():
        sample_rates(backend, kept, mask_shape, rates, key, words)
    return masked_dropout_rates(backend, result, x, kept, mask_shape, rates)


def _masked_dropout(backend: Backend, x: Any, p: Any, mask: Any, training: bool, out: Any) -> Any:
    """Return dropout of x with the argument `mask`."""
    shape = tuple(x.shape)
    rates = rates_of(p, x.dtype)
    broadcast(shape, rates.thresholds.shape, "p")
    kept, packed = backend.mask_array(mask, shape)
    mask_shape = shape if packed else broadcast(shape, tuple(kept.shape), "mask")
    result = backend.output(out, shape, x.dtype)
    if not training:
        return backend.assign(result, x)
    kept = backend.without_overlap(kept, result)
    if packed and rates.scales.size == 1 and rates.scales.reshape(-1)[0] != 0:
        drop, scale = backend.kernels.masked_dropout_packed_forward, rates.scales.reshape(-1)[0]
        return backend.elementwise(result, [x], lambda out, x: drop(out, x, kept, scale))
    if packed:
        bits, kept = kept, backend.empty(math.prod(shape), np.bool_)
        with backend.working():
            backend.kernels.unpack_mask(kept, bits)
    return masked_dropout_rates(backend, result, x, kept.reshape(kept.size), mask_shape, rates)


def check_noise_shape(noise_shape: Any) -> None:
    """Check that a mask's shape is None, or a sequence of integers and None."""
    if noise_shape is None:
        return
    if isinstance(noise_shape, str) or not isinstance(noise_shape, Sequence | np.ndarray):
        raise TypeError(f"noise_shape: expected a sequence of integers or None, got {noise_shape!r}")
    for n in noise_shape:
        if n is not None:
            checks.integer(n, "noise_shape", 0, 2**63 - 1)


def _mask_shape(shape: Shape, noise_shape: Sequence[int | None] | None) -> Shape:
    """Return the mask's shape, with as many dimensions as x."""
    if noise_shape is None:
        return shape
    check_noise_shape(noise_shape)
    ndim = len(noise_shape)
    sizes = shape[len(shape) - ndim :] if ndim <= len(shape) else (1,) * ndim
    filled = [n if m is None else int(m) for m, n in zip(noise_shape, sizes, strict=True)]
    return broadcast(shape, filled, "noise_shape")
