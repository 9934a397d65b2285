"""Dropout as a layer."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..arrays import devices
from ..core import checks
from ..functional import dropout
from ..functional._rates import rates_of
from .base import Layer
from .mask_generator import MaskGenerator

__all__ = ["Dropout"]


class Dropout(Layer):
    """Layer that drops elements with `dropout`.

    Parameters
    ----------
    p : float or array
        Probability of dropping, in [0, 1]. An array, such as a rate for each unit, broadcasts to the input or
        `noise_shape`.
    noise_shape : sequence of int, optional
        Shape of the mask, as in `dropout`.
    masks : MaskGenerator
        As in `Layer`.

    Examples
    --------
    >>> layer = nd.layers.Dropout(0.5, masks=nd.MaskGenerator(seed=1))
    >>> x = np.ones((1, 8), np.float32)
    >>> layer(x)
    array([[0., 2., 0., 2., 0., 2., 2., 2.]], dtype=float32)
    >>> layer.backward(np.ones_like(x))
    array([[0., 2., 0., 2., 0., 2., 2., 2.]], dtype=float32)
    """

    def __init__(
        self,
        p: float | ArrayLike = 0.5,
        *,
        noise_shape: Sequence[int | None] | None = None,
        masks: MaskGenerator,
    ) -> None:
        dropout.check_noise_shape(noise_shape)
        super().__init__(dropout.dropout, dropout.dropout_backward, masks, p=p, noise_shape=noise_shape)

    def _check_rate(self, p: Any) -> None:
        if np.ndim(p):
            rates_of(p, np.float64)
        else:
            super()._check_rate(p)

    def forward(self, x: Any, *, training: bool = True, offset: int = 0, mask: Any = None, out: Any = None) -> Any:
        """Return the layer's output for x, with the mask if given, as in `dropout`."""
        if mask is None or not training:
            return super().forward(x, training=training, offset=offset, out=out)
        mask = mask if devices.on_device(mask) else np.array(checks.as_array(mask))  # the caller's may change
        at = {"p": copy.deepcopy(self.arguments["p"]), "mask": mask, "offset": offset}
        y = dropout.dropout(x, **at, out=out)
        self._remember(at, y)
        return y
