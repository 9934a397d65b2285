"""Dropout, in JAX."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...functional._rates import broadcast
from ...functional.dropout import check_noise_shape
from ._grouped import grouped_dropout
from ._rate import float_array

__all__ = ["dropout"]


def dropout(
    x: Any,
    p: Any = 0.5,
    *,
    seed: Any = None,
    stream: Any = 0,
    step: Any = 0,
    offset: Any = 0,
    training: bool = True,
    noise_shape: Sequence[int | None] | None = None,
) -> Any:
    """Set elements of x to zero with probability p, and divide the kept ones by 1 - p.

    The mask is that of `numba_dropout.dropout` for the same arguments, bit for bit, on every device of JAX. It is not
    kept for the backward pass, but sampled again. The function can be transformed by `jit`, `grad`, `jvp`, `vmap`,
    `lax.scan` and `shard_map`.

    Parameters
    ----------
    x : array of float32, float64, bfloat16 or float16
        Any shape. Half precision is computed in float32 and rounded once.
    p : float or scalar array
        Probability of dropping, in [0, 1]. The range of an array, which may be traced, is not checked: it is clipped.
        Its mask is the same as that of a float, its scale is to 2 units in the last place, its gradient is 0.
    seed : int or array
        `0..2**64-1`, an integer scalar of JAX, or a key of `jax.random`: `jax.random.key(n)`, or its data (2,) uint32,
        high word first, is the seed n. Arrays may be traced. Required, except with training=False.
    stream, step, offset : int or integer scalar
        Site of the mask (below `2**24`), training step (below `2**32`), and index of the mask's first element. Arrays
        may be traced. The ranges of arrays are not checked. Within `shard_map`, offset is the shard's first element.
    training : bool
        False returns x.
    noise_shape : sequence of int, optional
        Shape of the mask, which broadcasts to x. None is x's size along that axis.

    Raises
    ------
    ValueError, TypeError
        An argument is out of its range or of the wrong type.

    References
    ----------
    Srivastava et al., JMLR 2014, section 4, with the scale moved to training ("inverted" dropout); docs/mask.md.

    Examples
    --------
    >>> import jax
    >>> import jax.numpy as jnp
    >>> import numba_dropout.jax as ndj
    >>> x = jnp.arange(1, 9, dtype=jnp.float32).reshape(2, 4)
    >>> ndj.dropout(x, p=0.5, seed=1)
    Array([[ 0.,  4.,  0.,  8.],
           [ 0., 12., 14., 16.]], dtype=float32)
    >>> @jax.jit
    ... def f(x, step):
    ...     return ndj.dropout(x, p=0.5, seed=1, step=step)
    >>> f(x, 2)  # another training step: another mask, without another compilation
    Array([[ 0.,  4.,  6.,  8.],
           [ 0.,  0., 14.,  0.]], dtype=float32)
    """
    x = float_array(x)
    return grouped_dropout(x, _mask_shape(x.shape, noise_shape), p, seed, stream, step, offset, training)


def _mask_shape(shape: tuple[int, ...], noise_shape: Sequence[int | None] | None) -> tuple[int, ...]:
    """Return the mask's shape, with as many dimensions as x."""
    if noise_shape is None:
        return shape
    check_noise_shape(noise_shape)
    ndim = len(noise_shape)
    sizes = shape[len(shape) - ndim :] if ndim <= len(shape) else (1,) * ndim
    filled = [n if m is None else int(m) for m, n in zip(noise_shape, sizes, strict=True)]
    return tuple(broadcast(shape, filled, "noise_shape"))
