"""Stochastic depth as a layer."""

from __future__ import annotations

from ..functional import stochastic_depth
from .base import Layer
from .mask_generator import MaskGenerator

__all__ = ["StochasticDepth"]


class StochasticDepth(Layer):
    """Drop whole samples of a residual branch, by `stochastic_depth`.

    Examples
    --------
    >>> layer = nd.layers.StochasticDepth(0.5, masks=nd.MaskGenerator(seed=1))
    >>> layer(np.ones((4, 2)))
    array([[0., 0.],
           [2., 2.],
           [0., 0.],
           [2., 2.]])
    """

    def __init__(self, p: float, mode: str = "row", *, masks: MaskGenerator) -> None:
        stochastic_depth.check_mode(mode)
        super().__init__(
            stochastic_depth.stochastic_depth, stochastic_depth.stochastic_depth_backward, masks, p=p, mode=mode
        )
