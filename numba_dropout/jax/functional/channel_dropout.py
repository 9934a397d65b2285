"""Dropout of whole channels, in JAX."""

from __future__ import annotations

from typing import Any

from ...functional.channel_dropout import channels_mask_shape, features_mask_shape
from ._grouped import grouped_dropout
from ._rate import float_array

__all__ = ["dropout1d", "dropout2d", "dropout3d", "feature_alpha_dropout"]


def dropout1d(
    x: Any,
    p: Any = 0.5,
    *,
    seed: Any = None,
    stream: Any = 0,
    step: Any = 0,
    offset: Any = 0,
    training: bool = True,
    channels_last: bool = False,
) -> Any:
    """Drop whole channels of sequences (N, C, L) or (C, L), or the last axis with `channels_last`.

    The mask has one element for each channel of each sample, which offset counts. Other arguments and errors are those
    of `dropout`.

    References
    ----------
    Tompson et al., CVPR 2015, section 3.2.

    Examples
    --------
    >>> ndj.dropout1d(jnp.ones((1, 4, 3)), p=0.5, seed=1)[:, :, 0]  # one number per channel
    Array([[0., 2., 0., 2.]], dtype=float32)
    """
    return _channels(1, x, p, seed, stream, step, offset, training, channels_last)


def dropout2d(
    x: Any,
    p: Any = 0.5,
    *,
    seed: Any = None,
    stream: Any = 0,
    step: Any = 0,
    offset: Any = 0,
    training: bool = True,
    channels_last: bool = False,
) -> Any:
    """Drop whole channels of images (N, C, H, W) or sequences (N, C, L), or the last axis with `channels_last`.

    Arguments and errors are those of `dropout1d`.

    Examples
    --------
    >>> ndj.dropout2d(jnp.ones((2, 4, 3, 3)), p=0.5, seed=1)[:, :, 0, 0]
    Array([[0., 2., 0., 2.],
           [0., 2., 2., 2.]], dtype=float32)
    """
    return _channels(2, x, p, seed, stream, step, offset, training, channels_last)


def dropout3d(
    x: Any,
    p: Any = 0.5,
    *,
    seed: Any = None,
    stream: Any = 0,
    step: Any = 0,
    offset: Any = 0,
    training: bool = True,
    channels_last: bool = False,
) -> Any:
    """Drop whole channels of volumes (N, C, D, H, W) or (C, D, H, W), or the last axis with `channels_last`.

    Arguments and errors are those of `dropout1d`.

    Examples
    --------
    >>> ndj.dropout3d(jnp.ones((2, 2, 2, 2, 4)), p=0.5, seed=1, channels_last=True)[:, 0, 0, 0]
    Array([[0., 2., 0., 2.],
           [0., 2., 2., 2.]], dtype=float32)
    """
    return _channels(3, x, p, seed, stream, step, offset, training, channels_last)


def feature_alpha_dropout(
    x: Any,
    p: Any = 0.5,
    *,
    seed: Any = None,
    stream: Any = 0,
    step: Any = 0,
    offset: Any = 0,
    training: bool = True,
) -> Any:
    """Set whole channels of an array (N, C, ...) to SELU's negative limit, as `alpha_dropout` does with elements.

    offset counts channels. Other arguments and errors are those of `dropout`.

    References
    ----------
    Klambauer et al., NeurIPS 2017, section 3.

    Examples
    --------
    >>> ndj.feature_alpha_dropout(jnp.zeros((1, 4, 2)), p=0.5, seed=1)[:, :, 0].round(1)
    Array([[-0.8,  0.8, -0.8,  0.8]], dtype=float32)
    """
    x = float_array(x)
    mask_shape = features_mask_shape(x.shape, "x")
    return grouped_dropout(x, mask_shape, p, seed, stream, step, offset, training, alpha=True)


def _channels(
    spatial: int,
    x: Any,
    p: Any,
    seed: Any,
    stream: Any,
    step: Any,
    offset: Any,
    training: bool,
    channels_last: bool,
) -> Any:
    """Return channel dropout of an array with `spatial` dimensions."""
    x = float_array(x)
    mask_shape = channels_mask_shape(x.shape, spatial, channels_last, "x")
    return grouped_dropout(x, mask_shape, p, seed, stream, step, offset, training)
