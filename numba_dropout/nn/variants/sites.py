"""Sites, the places of dropout between two layers: what a variant does there, forward, backward and for samples.

A variant whose function has no place in the epilogue of a product is done in place, after it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ...kernels.scalar.philox import PURPOSE
from ..views import FIRST, Target

__all__ = ["DROP_ALL", "NOISE", "SAMPLES", "ZERO", "Sites", "again", "by_the_product", "sample_by_sample"]

ZERO = np.uint64(0)
DROP_ALL = np.uint64(1 << 32)
SAMPLES = np.uint64(PURPOSE["monte carlo"])
NOISE = np.uint64(PURPOSE["noise"])


class Sites(NamedTuple):
    """The functions over a network that a variant builds, and what of them the products do themselves."""

    drop: Callable[..., None]  # in place, at a step
    drop_samples: Callable[..., None]  # in place, at consecutive steps of so many rows each
    back: Callable[..., None]  # take a gradient back through ReLU and dropout, in place
    back_to_input: Callable[..., None]  # the same through the input's dropout
    fused: bool  # `drop` is done in the product before it
    by_sign: bool  # `back` is done in the product after it, by the sign of the values
    learns: bool  # the rates have gradients, the input's too


def sample_by_sample(target: Target, drop: Any) -> Any:
    """Return the function that goes through samples one by one."""
    matrix, vector = target.matrix, target.vector

    @target.part
    def drop_samples(net, out, site, size, step, row_offset):
        """Drop in place at consecutive steps, each for so many rows, by the masks of samples."""
        for number in range(out.shape[0] // size):
            some = matrix(vector(out, FIRST, out.size), number * size * out.shape[1], size, out.shape[1])
            drop(net, some, site, SAMPLES, step + np.uint64(number), row_offset)

    return drop_samples


def again(target: Target, drop: Any) -> Any:
    """Return the way back through the input's dropout that is the way forward."""

    @target.part
    def back_to_input(net, dout, out, step, row_offset):
        """Drop the gradient by what was dropped, in place."""
        drop(net, dout, FIRST, ZERO, step, row_offset)

    return back_to_input


def by_the_product(target: Target) -> Any:
    """Return the way back through a site that is left to the product after it."""

    @target.part
    def back(net, dout, out, site, step, row_offset):
        """Leave the way back to the product after the site."""
        pass  # Numba's debug information points at a first statement

    return back
