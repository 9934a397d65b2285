"""DropBlock as a layer."""

from __future__ import annotations

from ..core import checks
from ..functional import drop_block
from .base import Layer
from .mask_generator import MaskGenerator

__all__ = ["DropBlock2d"]


class DropBlock2d(Layer):
    """Layer that drops squares of feature maps with `drop_block2d`.

    Parameters
    ----------
    p : float
        Probability of dropping, in [0, 1].
    block_size : int
        Side of the squares, at least 1, reduced to the height or width if larger.
    masks : MaskGenerator
        As in `Layer`.

    Examples
    --------
    >>> layer = nd.layers.DropBlock2d(0.4, 2, masks=nd.MaskGenerator(seed=3))
    >>> layer(np.ones((1, 1, 4, 4))).round(2)
    array([[[[1.6, 1.6, 1.6, 1.6],
             [0. , 0. , 1.6, 1.6],
             [0. , 0. , 1.6, 1.6],
             [0. , 0. , 1.6, 1.6]]]])
    """

    def __init__(self, p: float, block_size: int, *, masks: MaskGenerator) -> None:
        checks.integer(block_size, "block_size", 1, 2**31)
        super().__init__(drop_block.drop_block2d, drop_block.drop_block2d_backward, masks, p=p, block_size=block_size)
