"""Sites, the places of dropout between two layers: the functions of a variant, forward, backward and for samples.

A variant that no product computes in its epilogue runs in place after the product.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ...kernels.scalar.philox import PURPOSE
from ..views import FIRST, Target

__all__ = ["DROP_ALL", "NOISE", "SAMPLES", "ZERO", "Sites", "forward_again", "left_to_product", "sample_by_sample"]

ZERO = np.uint64(0)
DROP_ALL = np.uint64(1 << 32)
SAMPLES = np.uint64(PURPOSE["monte carlo"])
NOISE = np.uint64(PURPOSE["noise"])


class Sites(NamedTuple):
    """The functions of a network that a variant builds, and which of them the products include."""

    drop: Callable[..., None]  # drop in place, at one step
    drop_samples: Callable[..., None]  # drop in place, at consecutive steps of n rows each
    backward: Callable[..., None]  # backpropagate through ReLU and dropout, in place, in networks with ReLU only
    backward_to_input: Callable[..., None]  # backpropagate through the input's dropout, in place
    fused: bool  # the product before includes `drop`
    by_sign: bool  # the product after includes `backward`, which uses the sign of the values
    drop_slopes: Callable[..., None] | None = None  # `drop` of slopes, if it differs from that of values
    backward_dropout: Callable[..., None] | None = None  # backpropagate through dropout alone if it learns the rate


def sample_by_sample(target: Target, drop: Any) -> Any:
    """Return the function that calls `drop` for one sample at a time."""
    matrix, vector = target.matrix, target.vector

    @target.internal
    def drop_samples(net, out, site, size, step, row_offset):
        """Drop in place at consecutive steps of `size` rows each, with the masks of samples."""
        for number in range(out.shape[0] // size):
            chunk = matrix(vector(out, FIRST, out.size), number * size * out.shape[1], size, out.shape[1])
            drop(net, chunk, site, SAMPLES, step + np.uint64(number), row_offset)

    return drop_samples


def forward_again(target: Target, drop: Any) -> Any:
    """Return the backward function of the input's dropout that equals the forward one."""

    @target.internal
    def backward_to_input(net, dout, out, step, row_offset):
        """Drop the gradient with the mask of the forward pass, in place."""
        drop(net, dout, FIRST, ZERO, step, row_offset)

    return backward_to_input


def left_to_product(target: Target) -> Any:
    """Return the backward function of a site for which the product after it includes the gradient."""

    @target.internal
    def backward(net, dout, out, site, step, row_offset):
        """Do nothing: the product after the site includes the gradient."""
        pass  # Numba's debug information needs a first statement

    return backward
