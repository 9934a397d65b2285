"""Stochastic depth, in JAX."""

from __future__ import annotations

from typing import Any

from ...functional.stochastic_depth import samples_mask_shape
from ._grouped import grouped_dropout
from ._rate import float_array

__all__ = ["stochastic_depth"]


def stochastic_depth(
    x: Any,
    p: Any,
    mode: str = "row",
    *,
    seed: Any = None,
    stream: Any = 0,
    step: Any = 0,
    offset: Any = 0,
    training: bool = True,
) -> Any:
    """Drop whole samples of a residual branch (N, ...), or the whole branch, and divide kept ones by 1 - p.

    mode : "row", one mask element for each sample, or "batch", one for all. offset counts mask elements. Other
    arguments and errors are those of `dropout`.

    References
    ----------
    Huang et al., ECCV 2016, section 3, with the scale moved to training.

    Examples
    --------
    >>> ndj.stochastic_depth(jnp.ones((4, 3)), p=0.5, seed=1)[:, 0]
    Array([0., 2., 0., 2.], dtype=float32)
    """
    x = float_array(x)
    mask_shape = samples_mask_shape(x.shape, mode, "x")
    return grouped_dropout(x, mask_shape, p, seed, stream, step, offset, training)
