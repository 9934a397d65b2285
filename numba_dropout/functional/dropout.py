"""Dropout as a function: masks, and arrays that go through them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..arrays.backend import Place, place_called, place_of
from ..core import checks, contract, errors
from ._broadcast import Position, rates_dropout, required_key, sample_rates, through_rates
from ._rates import broadcast, rates_of

__all__ = ["check_noise_shape", "dropout", "dropout_backward", "sample_mask"]

Shape = tuple[int, ...]


def sample_mask(
    shape: int | Sequence[int],
    p: float | ArrayLike = 0.5,
    *,
    seed: int,
    stream: int = 0,
    step: int = 0,
    offset: int = 0,
    packed: bool = False,
    device: str = "cpu",
    out: Any = None,
) -> Any:
    """Return a dropout mask, True where an element is kept.

    The mask depends on (seed, stream, step, element index) alone: not on the thread count, the instruction set or
    the way in which it is cut into pieces. Element i in C order is element `offset + i` of the stream.

    Parameters
    ----------
    shape : int or sequence of int
        Shape of the mask.
    p : float or array
        Probability of dropping, in [0, 1]; honoured to within `2**-33`. An array broadcasts to `shape`.
    seed : int
        `0..2**64-1`.
    stream, step, offset : int
        Site of the mask (below `2**24`), training step (below `2**32`), and index of the first element.
    packed : bool
        Return bits instead: bit `j & 7` of byte `j >> 3` of a uint8 array (ceil(n / 8),), the rest of the last
        byte 0, as `numpy.packbits(mask, bitorder="little")`.
    device : str
        "cpu", "cuda", "cuda:1", ... or "auto"; on CUDA the mask is an array of numba.cuda, unless `out` is another's.
    out : array, optional
        Where to write: bool of `shape`, or uint8 (ceil(n / 8),).

    Raises
    ------
    ValueError, TypeError
        An argument is out of its range or of the wrong type.

    References
    ----------
    Philox4x32-10, Salmon et al., SC 2011; docs/mask.md.

    Examples
    --------
    >>> nd.sample_mask((2, 4), p=0.5, seed=1)
    array([[False,  True, False,  True],
           [False,  True,  True,  True]])
    >>> nd.sample_mask(4, p=0.5, seed=1, offset=4)  # the second row, by itself
    array([False,  True,  True,  True])
    """
    place = place_called(device, out)
    if isinstance(shape, str) or not isinstance(shape, int | np.integer | Sequence | np.ndarray):
        raise TypeError(f"shape: expected an integer or a sequence of them, got {shape!r}")
    shape = (shape,) if isinstance(shape, int | np.integer) else tuple(shape)
    shape = tuple(checks.integer(n, "shape", 0, 2**63 - 1) for n in shape)
    size = math.prod(shape)
    if size >= 2**63:
        raise errors.InputError(f"shape: expected fewer than 2**63 elements, got {shape}")
    key = contract.key(seed)
    position = contract.counter(stream, step, offset, size)
    rates = None if _is_number(p) else rates_of(p, np.float32)
    if rates is not None:
        broadcast(shape, rates.thresholds.shape, "p")
    threshold = contract.threshold(checks.probability(p)) if rates is None else -1
    result = place.output(out, ((size + 7) // 8,) if packed else shape, np.uint8 if packed else np.bool_)
    if threshold in (0, contract.DROP_ALL):
        mask = np.full(size, threshold == 0)
        return place.put(result, np.packbits(mask, bitorder="little") if packed else mask)
    flat, write_back = place.flat_output(result)
    with place.working():
        if rates is not None and packed:
            mask = place.empty(size, np.bool_)
            sample_rates(place, mask, shape, rates, key, position)
            place.kernels.pack_mask(flat, mask)
        elif rates is not None:
            sample_rates(place, flat, shape, rates, key, position)
        elif packed:
            place.kernels.sample_packed_mask(flat, size, np.uint64(threshold), *key, *position)
        else:
            place.kernels.sample_mask(flat, np.uint64(threshold), *key, *position)
        return write_back()


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
    """Return x with each element dropped with probability p, and the kept ones divided by the share that is kept.

    Dropped elements are exactly +0, even where x is NaN or infinite. The mask is `sample_mask`'s for the same
    seed, stream, step and offset; it is not stored. The result never shares x's memory, unless `out` is x.

    Parameters
    ----------
    x : array of float32 or float64
        Any shape; on a CUDA device float32, float16 or bfloat16.
    p : float or array
        Probability of dropping, in [0, 1]; an array broadcasts to x, or to `noise_shape`: a rate for each unit, say.
    seed : int
        `0..2**64-1`; required, as a default would repeat one mask for ever, except with training=False or `mask`.
    stream, step, offset : int
        Site of the mask (below `2**24`), training step (below `2**32`), and index of the mask's first element.
    training : bool
        False returns x as it is.
    noise_shape : sequence of int, optional
        Shape of the mask, which broadcasts to x: along axes of 1 elements are dropped together. None stands for x's own
        size (Keras's meaning).
    mask : array, optional
        What to keep, instead of a mask that is drawn: bool, of a shape that broadcasts to x, or the bits of
        `sample_mask(x.shape, packed=True)`. p then only gives the scale, and none of seed, stream, step and offset is
        expected.
    out : array, optional
        Where to write; may be x.

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
    """Return the gradient of `dropout` by its input: dy times the scale where kept, +0 elsewhere.

    The mask is drawn again from the same seed, stream, step and offset. Arguments and errors are those of
    `dropout`.

    Examples
    --------
    >>> dy = np.ones(8, np.float32)
    >>> nd.dropout_backward(dy, p=0.5, seed=1)
    array([0., 2., 0., 2., 0., 2., 2., 2.], dtype=float32)
    """
    return _dropout("dropout_backward", dy, "dy", p, seed, (stream, step, offset), True, noise_shape, mask, out)


def _dropout(
    kernel: str,
    given: Any,
    name: str,
    p: Any,
    seed: Any,
    position: Position,
    training: bool,
    noise_shape: Any,
    mask: Any,
    out: Any,
) -> Any:
    place = place_of(given, name)
    x = place.float_array(given, name, halves=True)
    if mask is not None:
        drawn = {"noise_shape": noise_shape, "seed": seed}
        drawn |= {name: value or None for name, value in zip(("stream", "step", "offset"), position, strict=True)}
        for argument, value in drawn.items():
            if value is not None:
                raise errors.InputError(f"{argument}: expected none beside a mask, which is not drawn, got {value!r}")
        return _given(place, x, p, mask, training, out)
    if noise_shape is not None or not _is_number(p):
        return _drawn(place, x, p, seed, position, training, noise_shape, out)
    threshold = contract.threshold(checks.probability(p))
    k0, k1 = required_key(seed, training)
    words = contract.counter(*position, x.size)
    result = place.output(out, x.shape, x.dtype)
    if threshold == 0 or not training:
        return place.assign(result, x)
    if threshold == contract.DROP_ALL:
        return place.elementwise(result, [], place.kernels.drop_all)
    drop, scale = getattr(place.kernels, kernel), contract.scale(threshold, x.dtype)
    return place.elementwise(result, [x], lambda out, x: drop(out, x, np.uint64(threshold), scale, k0, k1, *words))


# ---------------------------------------------------------------- many rates, and masks that are broadcast


def _is_number(p: Any) -> bool:
    if isinstance(p, float | int | str):
        return True
    by_dlpack_alone = hasattr(p, "__dlpack__") and not hasattr(p, "__array__")
    return not by_dlpack_alone and not isinstance(p, Sequence) and np.ndim(p) == 0


def _drawn(
    place: Place,
    x: Any,
    p: Any,
    seed: Any,
    position: Position,
    training: bool,
    noise_shape: Any,
    out: Any,
) -> Any:
    """Do dropout with a mask of a smaller shape, or many rates, or both."""
    shape = tuple(x.shape)
    rates, smaller = rates_of(p, x.dtype), _noise_shape(shape, noise_shape)
    broadcast(smaller, rates.thresholds.shape, "p")
    key, words = required_key(seed, training), contract.counter(*position, math.prod(smaller))
    result = place.output(out, shape, x.dtype)
    if not training:
        return place.assign(result, x)
    if smaller == shape and rates.scales.size > 1:
        return rates_dropout(place, result, x, rates, key, words)
    kept = place.empty(math.prod(smaller), np.bool_)
    with place.working():
        sample_rates(place, kept, smaller, rates, key, words)
    return through_rates(place, result, x, kept, smaller, rates)


def _given(place: Place, x: Any, p: Any, mask: Any, training: bool, out: Any) -> Any:
    """Do dropout with a mask that is given."""
    shape = tuple(x.shape)
    rates = rates_of(p, x.dtype)
    broadcast(shape, rates.thresholds.shape, "p")
    kept, packed = place.mask_array(mask, shape)
    smaller = shape if packed else broadcast(shape, tuple(kept.shape), "mask")
    result = place.output(out, shape, x.dtype)
    if not training:
        return place.assign(result, x)
    kept = place.apart(kept, result)
    if packed and rates.scales.size == 1 and rates.scales.reshape(-1)[0] != 0:
        drop, scale = place.kernels.apply_packed_mask, rates.scales.reshape(-1)[0]
        return place.elementwise(result, [x], lambda out, x: drop(out, x, kept, scale))
    if packed:
        bits, kept = kept, place.empty(math.prod(shape), np.bool_)
        with place.working():
            place.kernels.unpack_mask(kept, bits)
    return through_rates(place, result, x, kept.reshape(kept.size), smaller, rates)


def check_noise_shape(given: Any) -> None:
    """Make sure that a mask's shape, if there is one, is of numbers and None."""
    if given is None:
        return
    if isinstance(given, str) or not isinstance(given, Sequence | np.ndarray):
        raise TypeError(f"noise_shape: expected a sequence of integers or None, got {given!r}")
    for n in given:
        if n is not None:
            checks.integer(n, "noise_shape", 0, 2**63 - 1)


def _noise_shape(shape: Shape, given: Sequence[int | None] | None) -> Shape:
    """Return the mask's shape, with as many dimensions as x."""
    if given is None:
        return shape
    check_noise_shape(given)
    own = shape[len(shape) - len(given) :] if len(given) <= len(shape) else (1,) * len(given)
    asked = [n if m is None else int(m) for m, n in zip(given, own, strict=True)]
    return broadcast(shape, asked, "noise_shape")
