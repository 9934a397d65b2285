"""Stochastic depth as a layer."""

from __future__ import annotations

from ..functional import stochastic_depth
from .base import Layer
from .mask_generator import MaskGenerator

__all__ = ["StochasticDepth"]


class StochasticDepth(Layer):
    """Layer that drops whole samples of a residual branch with `stochastic_depth`.

    Parameters
    ----------
    p : float
        Probability of dropping, in [0, 1].
    mode : str
        "row" drops each sample independently. "batch" drops all samples or none.
    masks : MaskGenerator
        As in `Layer`.

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
