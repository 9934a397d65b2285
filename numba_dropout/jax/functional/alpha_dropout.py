"""Alpha dropout, in JAX."""

from __future__ import annotations

from typing import Any

from ._grouped import grouped_dropout
from ._rate import float_array

__all__ = ["alpha_dropout"]


def alpha_dropout(
    x: Any,
    p: Any = 0.5,
    *,
    seed: Any = None,
    stream: Any = 0,
    step: Any = 0,
    offset: Any = 0,
    training: bool = True,
) -> Any:
    """Set elements to SELU's negative limit with probability p, then rescale all to keep mean 0 and variance 1.

    The mask is that of `sample_mask`. Values are those of `numba_dropout.alpha_dropout`, except for rounding. Arguments
    and errors are those of `dropout`. p = 1 returns zeros.

    References
    ----------
    Klambauer et al., NeurIPS 2017, section 3.

    Examples
    --------
    >>> ndj.alpha_dropout(jnp.zeros(4), p=0.5, seed=1).round(1)
    Array([-0.8,  0.8, -0.8,  0.8], dtype=float32)
    """
    x = float_array(x)
    return grouped_dropout(x, x.shape, p, seed, stream, step, offset, training, alpha=True)
