"""The mask contract, version 1, in plain NumPy: the slow, short reference of every kernel's tests.

This module imports no kernel. docs/mask.md describes the contract and lists test vectors.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["philox4x32", "sample_mask"]

_MULTIPLIERS = 0xD2511F53, 0xCD9E8D57
_INCREMENTS = 0x9E3779B9, 0xBB67AE85
_LOW = np.uint64(0xFFFFFFFF)


def philox4x32(counter: NDArray[np.uint64], seed: int) -> NDArray[np.uint64]:
    """Return the four output words (..., 4) of Philox4x32-10 for counters (..., 4), 32-bit words in uint64."""
    c0, c1, c2, c3 = (counter[..., j] for j in range(4))
    for r in range(10):
        key = [np.uint64(((seed >> 32 * j) + r * _INCREMENTS[j]) & 0xFFFFFFFF) for j in range(2)]
        product0, product1 = np.uint64(_MULTIPLIERS[0]) * c0, np.uint64(_MULTIPLIERS[1]) * c2
        c0, c1 = (product1 >> np.uint64(32)) ^ c1 ^ key[0], product1 & _LOW
        c2, c3 = (product0 >> np.uint64(32)) ^ c3 ^ key[1], product0 & _LOW
    return np.stack([c0, c1, c2, c3], axis=-1)


def _halves(index: NDArray[np.uint64], seed: int, stream: int, step: int) -> NDArray[np.uint64]:
    """Return the 16-bit number of each element: number `i & 7` of block `i >> 3`, low half of each word first."""
    block, number = index >> np.uint64(3), index & np.uint64(7)
    counter = np.stack(
        [block & _LOW, block >> np.uint64(32), np.full_like(block, step), np.full_like(block, stream)], -1
    )
    words = philox4x32(counter, seed)
    word = np.take_along_axis(words, (number >> np.uint64(1))[..., None].astype(np.int64), -1)[..., 0]
    return (word >> (np.uint64(16) * (number & np.uint64(1)))) & np.uint64(0xFFFF)


def sample_mask(
    shape: int | tuple[int, ...], p: float = 0.5, *, seed: int, stream: int = 0, step: int = 0, offset: int = 0
) -> NDArray[np.bool_]:
    """Return a mask of the given shape, True where an element is kept, for 0 <= p <= 1."""
    threshold = int(np.rint(np.float64(p) * 2.0**32))
    index = np.arange(np.prod(shape, dtype=np.int64)).astype(np.uint64).reshape(shape) + np.uint64(offset)
    if threshold == 1 << 32:
        return np.zeros(index.shape, np.bool_)
    high = _halves(index, seed, stream, step)
    low = _halves(index, seed, stream | 1 << 31, step)
    number = (high << np.uint64(16)) | low
    return number >= np.uint64(threshold)
