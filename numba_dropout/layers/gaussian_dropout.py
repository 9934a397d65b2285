"""Gaussian dropout and additive Gaussian noise as layers."""

from __future__ import annotations

from ..core import checks
from ..functional import gaussian_dropout
from .base import Layer
from .mask_generator import MaskGenerator

__all__ = ["GaussianDropout", "GaussianNoise"]


class GaussianDropout(Layer):
    """Layer that multiplies by noise of mean 1 with `gaussian_dropout`.

    Parameters
    ----------
    p : float
        Rate, in [0, 1). The variance of the noise is p / (1 - p).
    masks : MaskGenerator
        As in `Layer`.

    Examples
    --------
    >>> layer = nd.layers.GaussianDropout(0.3, masks=nd.MaskGenerator(seed=1))
    >>> layer(np.ones(4)).round(3)
    array([1.584, 0.812, 0.17 , 0.244])
    """

    def __init__(self, p: float = 0.5, *, masks: MaskGenerator) -> None:
        gaussian_dropout.deviation(p)
        super().__init__(gaussian_dropout.gaussian_dropout, gaussian_dropout.gaussian_dropout_backward, masks, p=p)


class GaussianNoise(Layer):
    """Layer that adds noise of mean 0 with `gaussian_noise`.

    Parameters
    ----------
    stddev : float
        Standard deviation of the noise, at least 0.
    masks : MaskGenerator
        As in `Layer`.

    Examples
    --------
    >>> layer = nd.layers.GaussianNoise(0.1, masks=nd.MaskGenerator(seed=1))
    >>> layer(np.zeros(4)).round(3)
    array([ 0.089, -0.029, -0.127, -0.116])
    """

    def __init__(self, stddev: float, *, masks: MaskGenerator) -> None:
        checks.number(stddev, "stddev", at_least=0)
        super().__init__(
            gaussian_dropout.gaussian_noise, gaussian_dropout.gaussian_noise_backward, masks, stddev=stddev
        )
