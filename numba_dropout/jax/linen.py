"""Dropout for models of Flax Linen.

It requires Flax: pip install flax (or the extra [flax]).
"""

from __future__ import annotations

from typing import Any

from ..core.errors import missing

try:
    from flax import linen
except ImportError as error:
    raise ImportError(missing("numba_dropout.jax.linen requires Flax", "flax", "flax"), name="flax") from error

from ._flax import broadcast_shape
from .functional.dropout import dropout

__all__ = ["Dropout"]


class Dropout(linen.Dropout):
    """Set elements to zero with probability `rate`, and divide the kept ones by 1 - rate: `flax.linen.Dropout`.

    It keeps no mask for the backward pass. It is a subclass of Flax's layer.

    Parameters
    ----------
    rate : float
        Probability of dropping, in [0, 1].
    broadcast_dims : sequence of int
        Axes along which elements share their mask.
    deterministic : bool, optional
        Whether to return the inputs, unless the call says it.
    rng_collection : str
        Name of the keys in `rngs` of `apply`. The key of each call is the seed of its mask.

    Examples
    --------
    >>> import jax
    >>> import jax.numpy as jnp
    >>> from numba_dropout.jax.linen import Dropout
    >>> layer = Dropout(0.5, deterministic=False)
    >>> y = layer.apply({}, jnp.ones(100), rngs={"dropout": jax.random.key(0)})
    >>> sorted(set(y.tolist()))
    [0.0, 2.0]
    """

    @linen.compact
    def __call__(self, inputs: Any, deterministic: bool | None = None, rng: Any = None) -> Any:
        """Return the inputs with elements dropped, or the inputs if deterministic. rng is a key, instead of a name."""
        deterministic = linen.merge_param("deterministic", self.deterministic, deterministic)
        if deterministic or (isinstance(self.rate, float | int) and self.rate == 0):
            return inputs
        key = self.make_rng(self.rng_collection) if rng is None else rng
        return dropout(inputs, self.rate, seed=key, noise_shape=broadcast_shape(inputs.shape, self.broadcast_dims))
