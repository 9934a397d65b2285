"""Dropout for models of Equinox.

It requires Equinox: pip install equinox (or the extra [equinox]).
"""

from __future__ import annotations

from typing import Any

from ..core.errors import missing

try:
    from equinox import nn
except ImportError as error:
    message = missing("numba_dropout.jax.equinox requires Equinox", "equinox", "equinox")
    raise ImportError(message, name="equinox") from error

from .functional.dropout import dropout

__all__ = ["Dropout"]


class Dropout(nn.Dropout):
    """Set elements to zero with probability p, and divide the kept ones by 1 - p: `equinox.nn.Dropout`.

    It keeps no mask for the backward pass. `equinox.nn.inference_mode` changes it as it changes Equinox's layer, of
    which it is a subclass.

    Parameters
    ----------
    p : float
        Probability of dropping, in [0, 1].
    inference : bool
        Whether to return the input.

    Examples
    --------
    >>> import jax
    >>> import jax.numpy as jnp
    >>> from numba_dropout.jax.equinox import Dropout
    >>> layer = Dropout(0.5)
    >>> sorted(set(layer(jnp.ones(100), key=jax.random.key(0)).tolist()))
    [0.0, 2.0]
    >>> float(layer(jnp.ones(100), inference=True).sum())
    100.0
    """

    def __call__(self, x: Any, *, key: Any = None, inference: bool | None = None) -> Any:
        """Return the array with elements dropped, or the array if `inference`, which replaces the layer's.

        The key is the seed of the mask: `numba_dropout.jax.sample_mask(x.shape, p, seed=key)`.
        """
        inference = self.inference if inference is None else inference
        if inference or (isinstance(self.p, float | int) and self.p == 0):
            return x
        if key is None:
            raise RuntimeError("key: expected a key, as inference is False, got None")  # Equinox's type of error
        return dropout(x, self.p, seed=key)
