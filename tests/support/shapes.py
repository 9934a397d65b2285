"""Shapes of arrays, and shapes that broadcast to them."""

import itertools

SHAPES = [(7,), (4, 10), (3, 2, 5), (2, 1, 3, 4), (0, 4), (5, 0)]


def broadcastable(shape):
    """Return shapes that broadcast to a shape."""
    same_rank = itertools.product(*((1, n) if n > 1 else (n,) for n in shape))
    return [*same_rank, *(shape[k:] for k in range(1, len(shape)))]
