"""DropBlock: dropout of squares of feature maps."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays.backend import backend_of
from ..core import checks, contract
from ._broadcast import Position, masked_dropout_scales, required_key, sample_flat_mask

__all__ = ["block_positions", "drop_block2d", "drop_block2d_backward"]


def drop_block2d(
    x: Any,
    p: float,
    block_size: int,
    *,
    seed: int | None = None,
    stream: int = 0,
    step: int = 0,
    offset: int = 0,
    training: bool = True,
    out: Any = None,
) -> Any:
    """Drop squares of feature maps, and divide each sample by its share of kept elements.

    A square starts at each position where it fits into the plane, with equal probability. Without overlaps p is the
    expected share of dropped elements. p = 1 drops all. The scale of a sample does not depend on other samples.

    Parameters
    ----------
    x : array (N, C, H, W)
        The dtypes of `dropout`.
    p : float
        Probability, in [0, 1].
    block_size : int
        Side of the squares, at least 1, reduced to H or W if larger.
    offset : int
        Index of the first mask element, of N * C * (H - block_size + 1) * (W - block_size + 1).
    seed, stream, step, training, out
        As in `dropout`.

    Raises
    ------
    ValueError, TypeError
        x has another number of dimensions, or as in `dropout`.

    References
    ----------
    Ghiasi et al., NeurIPS 2018, algorithm 1.

    Examples
    --------
    >>> x = np.ones((1, 1, 5, 5), np.float32)
    >>> nd.drop_block2d(x, 0.4, block_size=2, seed=3)[0, 0].round(2)
    array([[1.39, 1.39, 1.39, 0.  , 0.  ],
           [1.39, 1.39, 0.  , 0.  , 0.  ],
           [1.39, 1.39, 0.  , 0.  , 1.39],
           [1.39, 1.39, 1.39, 1.39, 1.39],
           [1.39, 1.39, 1.39, 1.39, 1.39]], dtype=float32)
    """
    return _blocks(x, "x", p, block_size, seed, (stream, step, offset), training, out)


def drop_block2d_backward(
    dy: Any,
    p: float,
    block_size: int,
    *,
    seed: int,
    stream: int = 0,
    step: int = 0,
    offset: int = 0,
    out: Any = None,
) -> Any:
    """Return the gradient of `drop_block2d` with respect to its input: dy scaled where kept, +0 elsewhere.

    Arguments and errors are those of `drop_block2d`.

    Examples
    --------
    >>> dy = np.ones((1, 1, 5, 5), np.float32)
    >>> nd.drop_block2d_backward(dy, 0.4, block_size=2, seed=3)[0, 0].round(2)
    array([[1.39, 1.39, 1.39, 0.  , 0.  ],
           [1.39, 1.39, 0.  , 0.  , 0.  ],
           [1.39, 1.39, 0.  , 0.  , 1.39],
           [1.39, 1.39, 1.39, 1.39, 1.39],
           [1.39, 1.39, 1.39, 1.39, 1.39]], dtype=float32)
    """
    return _blocks(dy, "dy", p, block_size, seed, (stream, step, offset), True, out)


def block_positions(height: int, width: int, block: int) -> tuple[int, int, int]:
    """Return the side of the squares in planes of a size, and the rows and columns of positions where one fits."""
    block = max(min(block, height, width), 1)
    return block, height - block + 1, width - block + 1


def _blocks(
    array: Any, name: str, p: Any, block_size: Any, seed: Any, position: Position, training: bool, out: Any
) -> Any:
    """Return DropBlock of an array, after checking the arguments."""
    backend = backend_of(array, name)
    x = backend.float_array(array, name, 4, halves=True)
    block = checks.integer(block_size, "block_size", 1, 2**31)
    samples, channels, height, width = x.shape
    block, rows, columns = block_positions(height, width, block)
    p = checks.probability(p)
    positions = samples * channels * rows * columns
    key, words = required_key(seed, training), contract.counter(*position, max(positions, 0))
    result = backend.output(out, tuple(x.shape), x.dtype)
    rate = 1.0 if p == 1 or not x.size else p * height * width / (block * block * rows * columns)
    threshold = contract.threshold(min(rate, 1.0))
    if not training or threshold == 0:
        return backend.assign(result, x)
    if threshold == contract.DROP_ALL:
        return backend.elementwise(result, [], backend.kernels.drop_all)
    computed = np.float64 if x.dtype == np.float64 else np.float32
    kept, scales = backend.empty(x.size, np.bool_), backend.empty(samples, computed)
    starts = sample_flat_mask(backend, positions, threshold, key, words)
    with backend.working():
        backend.kernels.block_mask(kept, scales, starts, height, width, block)
    return masked_dropout_scales(backend, result, x, kept, tuple(x.shape), scales, (samples, 1, 1, 1))
