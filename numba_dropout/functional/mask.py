"""Dropout masks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..arrays.backend import backend_named
from ..core import checks, contract, errors
from ._broadcast import sample_rates
from ._rates import broadcast, is_number, rates_of

__all__ = ["sample_mask"]


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

    The mask depends only on (seed, stream, step, element index), not on the number of threads, the instruction set or
    its division into chunks. Element i in C order is element `offset + i` of the stream.

    Parameters
    ----------
    shape : int or sequence of int
        Shape of the mask.
    p : float or array
        Probability of dropping, in [0, 1], exact to `2**-33`. An array broadcasts to `shape`.
    seed : int
        `0..2**64-1`.
    stream, step, offset : int
        Site of the mask (below `2**24`), training step (below `2**32`), and index of the first element.
    packed : bool
        Return bits instead: element j is bit `j & 7` of byte `j >> 3` of a uint8 array (ceil(n / 8),), padded with 0,
        as `numpy.packbits(mask, bitorder="little")`.
    device : str
        "cpu", "cuda", "cuda:1", ... or "auto". On CUDA the mask is a numba.cuda array, or of the library of `out`.
    out : array, optional
        Array for the result: bool of `shape`, or uint8 (ceil(n / 8),).

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
    >>> nd.sample_mask(4, p=0.5, seed=1, offset=4)  # only the second row
    array([False,  True,  True,  True])
    """
    backend = backend_named(device, out)
    if isinstance(shape, str) or not isinstance(shape, int | np.integer | Sequence | np.ndarray):
        raise TypeError(f"shape: expected an integer or a sequence of them, got {shape!r}")
    shape = (shape,) if isinstance(shape, int | np.integer) else tuple(shape)
    shape = tuple(checks.integer(n, "shape", 0, 2**63 - 1) for n in shape)
    size = math.prod(shape)
    if size >= 2**63:
        raise errors.InputError(f"shape: expected fewer than 2**63 elements, got {shape}")
    key = contract.key(seed)
    position = contract.counter(stream, step, offset, size)
    rates = None if is_number(p) else rates_of(p, np.float32)
    if rates is not None:
        broadcast(shape, rates.thresholds.shape, "p")
    threshold = contract.threshold(checks.probability(p)) if rates is None else -1
    result = backend.output(out, ((size + 7) // 8,) if packed else shape, np.uint8 if packed else np.bool_)
    if threshold in (0, contract.DROP_ALL):
        mask = np.full(size, threshold == 0)
        return backend.put(result, np.packbits(mask, bitorder="little") if packed else mask)
    flat, write_back = backend.flat_output(result)
    with backend.working():
        if rates is not None and packed:
            mask = backend.empty(size, np.bool_)
            sample_rates(backend, mask, shape, rates, key, position)
            backend.kernels.pack_mask(flat, mask)
        elif rates is not None:
            sample_rates(backend, flat, shape, rates, key, position)
        elif packed:
            backend.kernels.sample_packed_mask(flat, size, np.uint64(threshold), *key, *position)
        else:
            backend.kernels.sample_mask(flat, np.uint64(threshold), *key, *position)
        return write_back()
