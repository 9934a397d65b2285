"""Dropout of whole channels as layers."""

from __future__ import annotations

from ..functional import channel_dropout
from .base import Layer
from .mask_generator import MaskGenerator

__all__ = ["Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout"]


class Dropout1d(Layer):
    """Layer that drops whole channels of sequences with `dropout1d`.

    Parameters
    ----------
    p : float
        Probability of dropping, in [0, 1].
    channels_last : bool
        Whether the last axis is the channels, not the second (the first without samples).
    masks : MaskGenerator
        As in `Layer`.

    Examples
    --------
    >>> layer = nd.layers.Dropout1d(0.5, masks=nd.MaskGenerator(seed=1))
    >>> layer(np.ones((1, 4, 2)))
    array([[[0., 0.],
            [2., 2.],
            [0., 0.],
            [2., 2.]]])
    """

    def __init__(self, p: float = 0.5, *, channels_last: bool = False, masks: MaskGenerator) -> None:
        super().__init__(
            channel_dropout.dropout1d, channel_dropout.dropout1d_backward, masks, p=p, channels_last=channels_last
        )


class Dropout2d(Layer):
    """Layer that drops whole channels of images with `dropout2d`.

    Parameters
    ----------
    p : float
        Probability of dropping, in [0, 1].
    channels_last : bool
        Whether the last axis is the channels, not the second.
    masks : MaskGenerator
        As in `Layer`.

    Examples
    --------
    >>> layer = nd.layers.Dropout2d(0.5, masks=nd.MaskGenerator(seed=1))
    >>> layer(np.ones((1, 4, 2, 2))).sum((2, 3))
    array([[0., 8., 0., 8.]])
    """

    def __init__(self, p: float = 0.5, *, channels_last: bool = False, masks: MaskGenerator) -> None:
        super().__init__(
            channel_dropout.dropout2d, channel_dropout.dropout2d_backward, masks, p=p, channels_last=channels_last
        )


class Dropout3d(Layer):
    """Layer that drops whole channels of volumes with `dropout3d`.

    Parameters
    ----------
    p : float
        Probability of dropping, in [0, 1].
    channels_last : bool
        Whether the last axis is the channels, not the second (the first without samples).
    masks : MaskGenerator
        As in `Layer`.

    Examples
    --------
    >>> layer = nd.layers.Dropout3d(0.5, masks=nd.MaskGenerator(seed=1))
    >>> layer(np.ones((1, 4, 2, 2, 2))).sum((2, 3, 4))
    array([[ 0., 16.,  0., 16.]])
    """

    def __init__(self, p: float = 0.5, *, channels_last: bool = False, masks: MaskGenerator) -> None:
        super().__init__(
            channel_dropout.dropout3d, channel_dropout.dropout3d_backward, masks, p=p, channels_last=channels_last
        )


class FeatureAlphaDropout(Layer):
    """Layer that drops whole channels of a SELU network with `feature_alpha_dropout`.

    Parameters
    ----------
    p : float
        Probability of dropping, in [0, 1].
    masks : MaskGenerator
        As in `Layer`.

    Examples
    --------
    >>> layer = nd.layers.FeatureAlphaDropout(0.5, masks=nd.MaskGenerator(seed=1))
    >>> layer(np.zeros((1, 4, 2))).round(3)
    array([[[-0.779, -0.779],
            [ 0.779,  0.779],
            [-0.779, -0.779],
            [ 0.779,  0.779]]])
    """

    def __init__(self, p: float = 0.5, *, masks: MaskGenerator) -> None:
        super().__init__(
            channel_dropout.feature_alpha_dropout, channel_dropout.feature_alpha_dropout_backward, masks, p=p
        )
