"""Alpha dropout as a layer."""

from __future__ import annotations

from ..functional import alpha_dropout
from .base import Layer
from .mask_generator import MaskGenerator

__all__ = ["AlphaDropout"]


class AlphaDropout(Layer):
    """Layer that drops elements of a SELU network with `alpha_dropout`.

    Parameters
    ----------
    p : float
        Probability of dropping, in [0, 1].
    masks : MaskGenerator
        As in `Layer`.

    Examples
    --------
    >>> layer = nd.layers.AlphaDropout(0.5, masks=nd.MaskGenerator(seed=1))
    >>> layer(np.zeros(4)).round(3)
    array([-0.779,  0.779, -0.779,  0.779])
    """

    def __init__(self, p: float = 0.5, *, masks: MaskGenerator) -> None:
        super().__init__(alpha_dropout.alpha_dropout, alpha_dropout.alpha_dropout_backward, masks, p=p)
