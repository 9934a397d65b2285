"""Dropout for models of Flax NNX.

It requires Flax: pip install flax (or the extra [flax]).
"""

from __future__ import annotations

from typing import Any

import jax

from ..core.errors import InputError, missing

try:
    from flax import nnx
except ImportError as error:
    raise ImportError(missing("numba_dropout.jax.nnx requires Flax", "flax", "flax"), name="flax") from error

from ._flax import broadcast_shape
from .functional.dropout import dropout

__all__ = ["Dropout"]


class Dropout(nnx.Dropout):
    """Set elements to zero with probability `rate`, and divide the kept ones by 1 - rate: `flax.nnx.Dropout`.

    It keeps no mask for the backward pass. `model.train()`, `model.eval()` and `nnx.view` change it as they change
    Flax's layer, of which it is a subclass.

    Parameters
    ----------
    rate : float
        Probability of dropping, in [0, 1].
    broadcast_dims : sequence of int
        Axes along which elements share their mask.
    deterministic : bool, optional
        Whether to return the inputs.
    rng_collection : str
        Name of the stream of keys.
    rngs : nnx.Rngs or nnx.RngStream, optional
        Keys. The key of each call is the seed of its mask: `numba_dropout.jax.sample_mask(shape, rate, seed=key)`.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> from flax import nnx
    >>> from numba_dropout.jax.nnx import Dropout
    >>> layer = Dropout(0.5, rngs=nnx.Rngs(0))
    >>> sorted(set(layer(jnp.ones(100)).tolist()))
    [0.0, 2.0]
    >>> float(layer(jnp.ones(100), deterministic=True).sum())
    100.0
    """

    def __call__(self, inputs: Any, *, deterministic: bool | None = None, rngs: Any = None) -> Any:
        """Return the inputs with elements dropped, or the inputs if deterministic.

        `deterministic` and `rngs` (also one key) take precedence over those of the constructor.
        """
        deterministic = self.deterministic if deterministic is None else deterministic
        if deterministic is None:
            raise InputError("deterministic: expected a bool, in the constructor or the call, got None")
        if deterministic or (isinstance(self.rate, float | int) and self.rate == 0):
            return inputs
        keys = self.rngs if rngs is None else rngs
        if keys is None:
            raise InputError("rngs: expected keys, in the constructor or the call, got None")
        if isinstance(keys, nnx.Rngs):
            keys = keys[self.rng_collection]
        key = keys if isinstance(keys, jax.Array) else keys()
        return dropout(inputs, self.rate, seed=key, noise_shape=broadcast_shape(inputs.shape, self.broadcast_dims))
