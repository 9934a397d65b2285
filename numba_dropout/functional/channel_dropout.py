"""Dropout of whole channels."""

from __future__ import annotations

import math
from typing import Any

from ..arrays.backend import backend_of
from ..core import checks, contract, errors
from ._broadcast import Position, grouped_dropout, masked_dropout, required_key, sample_flat_mask
from .alpha_dropout import affine

__all__ = [
    "channels_mask_shape",
    "dropout1d",
    "dropout1d_backward",
    "dropout2d",
    "dropout2d_backward",
    "dropout3d",
    "dropout3d_backward",
    "feature_alpha_dropout",
    "feature_alpha_dropout_backward",
    "features_mask_shape",
]

Shape = tuple[int, ...]


def dropout1d(
    x: Any,
    p: float = 0.5,
    *,
    seed: int | None = None,
    stream: int = 0,
    step: int = 0,
    offset: int = 0,
    training: bool = True,
    channels_last: bool = False,
    out: Any = None,
) -> Any:
    """Drop whole channels of sequences: `dropout` with one mask element for each channel of each sample.

    Parameters
    ----------
    x : array (N, C, L) or (C, L)
        The dtypes of `dropout`. With `channels_last` (N, L, C) or (L, C), as Keras's SpatialDropout1D.
    p, seed, stream, step, training, out
        As in `dropout`.
    offset : int
        Index of the first channel's mask element.
    channels_last : bool
        Whether the last axis is the channels, not the second (the first without samples).

    Raises
    ------
    ValueError, TypeError
        x has another number of dimensions, or as in `dropout`.

    References
    ----------
    Tompson et al., CVPR 2015, section 3.2.

    Examples
    --------
    >>> x = np.ones((1, 4, 3), np.float32)
    >>> nd.dropout1d(x, p=0.5, seed=1)
    array([[[0., 0., 0.],
            [2., 2., 2.],
            [0., 0., 0.],
            [2., 2., 2.]]], dtype=float32)
    """
    return _channels(1, x, "x", p, seed, (stream, step, offset), training, channels_last, out)


def dropout1d_backward(
    dy: Any,
    p: float = 0.5,
    *,
    seed: int,
    stream: int = 0,
    step: int = 0,
    offset: int = 0,
    channels_last: bool = False,
    out: Any = None,
) -> Any:
    """Return the gradient of `dropout1d` with respect to its input: dy scaled where a channel was kept, +0 elsewhere.

    Arguments and errors are those of `dropout1d`.

    Examples
    --------
    >>> dy = np.ones((1, 4, 3), np.float32)
    >>> nd.dropout1d_backward(dy, p=0.5, seed=1)[:, :, 0]  # one number per channel
    array([[0., 2., 0., 2.]], dtype=float32)
    """
    return _channels(1, dy, "dy", p, seed, (stream, step, offset), True, channels_last, out)


def dropout2d(
    x: Any,
    p: float = 0.5,
    *,
    seed: int | None = None,
    stream: int = 0,
    step: int = 0,
    offset: int = 0,
    training: bool = True,
    channels_last: bool = False,
    out: Any = None,
) -> Any:
    """Drop whole channels of images, (N, C, H, W), or (N, H, W, C) with `channels_last`.

    Three dimensions are (N, C, L), as in PyTorch. Arguments and errors are those of `dropout1d`.

    Examples
    --------
    >>> x = np.ones((2, 4, 3, 3), np.float32)
    >>> nd.dropout2d(x, p=0.5, seed=1)[:, :, 0, 0]  # one number per channel of each sample
    array([[0., 2., 0., 2.],
           [0., 2., 2., 2.]], dtype=float32)
    """
    return _channels(2, x, "x", p, seed, (stream, step, offset), training, channels_last, out)


def dropout2d_backward(
    dy: Any,
    p: float = 0.5,
    *,
    seed: int,
    stream: int = 0,
    step: int = 0,
    offset: int = 0,
    channels_last: bool = False,
    out: Any = None,
) -> Any:
    """Return the gradient of `dropout2d` with respect to its input: dy scaled where a channel was kept, +0 elsewhere.

    Arguments and errors are those of `dropout2d`.

    Examples
    --------
    >>> dy = np.ones((2, 4, 3, 3), np.float32)
    >>> nd.dropout2d_backward(dy, p=0.5, seed=1)[:, :, 0, 0]
    array([[0., 2., 0., 2.],
           [0., 2., 2., 2.]], dtype=float32)
    """
    return _channels(2, dy, "dy", p, seed, (stream, step, offset), True, channels_last, out)


def dropout3d(
    x: Any,
    p: float = 0.5,
    *,
    seed: int | None = None,
    stream: int = 0,
    step: int = 0,
    offset: int = 0,
    training: bool = True,
    channels_last: bool = False,
    out: Any = None,
) -> Any:
    """Drop whole channels of volumes, (N, C, D, H, W) or (C, D, H, W), or the last axis with `channels_last`.

    Arguments and errors are those of `dropout1d`.

    Examples
    --------
    >>> x = np.ones((2, 2, 2, 2, 4), np.float32)
    >>> nd.dropout3d(x, p=0.5, seed=1, channels_last=True)[:, 0, 0, 0]
    array([[0., 2., 0., 2.],
           [0., 2., 2., 2.]], dtype=float32)
    """
    return _channels(3, x, "x", p, seed, (stream, step, offset), training, channels_last, out)


def dropout3d_backward(
    dy: Any,
    p: float = 0.5,
    *,
    seed: int,
    stream: int = 0,
    step: int = 0,
    offset: int = 0,
    channels_last: bool = False,
    out: Any = None,
) -> Any:
    """Return the gradient of `dropout3d` with respect to its input: dy scaled where a channel was kept, +0 elsewhere.

    Arguments and errors are those of `dropout3d`.

    Examples
    --------
    >>> dy = np.ones((2, 4, 2, 2, 2), np.float32)
    >>> nd.dropout3d_backward(dy, p=0.5, seed=1)[:, :, 0, 0, 0]
    array([[0., 2., 0., 2.],
           [0., 2., 2., 2.]], dtype=float32)
    """
    return _channels(3, dy, "dy", p, seed, (stream, step, offset), True, channels_last, out)


def _channels(
    spatial: int,
    array: Any,
    name: str,
    p: Any,
    seed: Any,
    position: Position,
    training: bool,
    channels_last: bool,
    out: Any,
) -> Any:
    """Return channel dropout of an array with `spatial` dimensions, after checking the arguments."""
    backend = backend_of(array, name)
    x = backend.float_array(array, name, halves=True)
    kept = channels_mask_shape(tuple(x.shape), spatial, channels_last, name)
    return grouped_dropout(backend, x, kept, p, seed, position, training, out)


def channels_mask_shape(shape: Shape, spatial: int, channels_last: bool, name: str) -> Shape:
    """Return the shape of channel dropout's mask for arrays with `spatial` dimensions."""
    allowed = (3, 4) if spatial == 2 else (spatial + 1, spatial + 2)
    if len(shape) not in allowed:
        expected = f"{allowed[0]}D or {allowed[1]}D input, but received a {len(shape)}D input"
        raise errors.InputError(f"{name}: dropout{spatial}d expected {expected}")
    return _grouped_shape(shape, len(shape) == spatial + 2 or spatial == 2, channels_last)


def features_mask_shape(shape: Shape, name: str) -> Shape:
    """Return the shape of the mask of arrays (N, C, ...) with one element for each channel of each sample."""
    if len(shape) < 2:
        raise errors.InputError(f"{name}: expected at least 2 dimensions, (N, C, ...), got shape {shape}")
    return _grouped_shape(shape, True, False)


def _grouped_shape(shape: Shape, samples: bool, channels_last: bool) -> Shape:
    """Return the shape of a mask with one element for each channel of each sample."""
    channels = len(shape) - 1 if channels_last else int(samples)
    return tuple(n if axis == channels or (samples and axis == 0) else 1 for axis, n in enumerate(shape))


def feature_alpha_dropout(
    x: Any,
    p: float = 0.5,
    *,
    seed: int | None = None,
    stream: int = 0,
    step: int = 0,
    offset: int = 0,
    training: bool = True,
    out: Any = None,
) -> Any:
    """Set whole channels to SELU's negative limit, as `alpha_dropout` does with elements.

    x : array (N, C, ...), at least 2 dimensions. offset counts channels. Other arguments are those of `dropout`.

    References
    ----------
    Klambauer et al., NeurIPS 2017, section 3.

    Examples
    --------
    >>> nd.feature_alpha_dropout(np.zeros((1, 4, 2)), p=0.5, seed=1).round(3)
    array([[[-0.779, -0.779],
            [ 0.779,  0.779],
            [-0.779, -0.779],
            [ 0.779,  0.779]]])
    """
    return _feature_alpha(x, "x", p, seed, (stream, step, offset), training, False, out)


def feature_alpha_dropout_backward(
    dy: Any,
    p: float = 0.5,
    *,
    seed: int,
    stream: int = 0,
    step: int = 0,
    offset: int = 0,
    out: Any = None,
) -> Any:
    """Return the gradient of `feature_alpha_dropout` with respect to its input.

    Arguments and errors are those of `feature_alpha_dropout`.

    Examples
    --------
    >>> nd.feature_alpha_dropout_backward(np.ones((1, 4, 2)), p=0.5, seed=1).round(3)
    array([[[0.   , 0.   ],
            [0.886, 0.886],
            [0.   , 0.   ],
            [0.886, 0.886]]])
    """
    return _feature_alpha(dy, "dy", p, seed, (stream, step, offset), True, True, out)


def _feature_alpha(
    array: Any, name: str, p: Any, seed: Any, position: Position, training: bool, backward: bool, out: Any
) -> Any:
    """Return alpha dropout of the channels of an array, or its gradient, after checking the arguments."""
    backend = backend_of(array, name)
    x = backend.float_array(array, name, halves=True)
    mask_shape = features_mask_shape(tuple(x.shape), name)
    threshold = contract.threshold(checks.probability(p))
    key, words = required_key(seed, training), contract.counter(*position, math.prod(mask_shape))
    result = backend.output(out, tuple(x.shape), x.dtype)
    if not training or threshold == 0:
        return backend.assign(result, x)
    if threshold == contract.DROP_ALL:
        return backend.elementwise(result, [], backend.kernels.drop_all)
    kept = sample_flat_mask(backend, math.prod(mask_shape), threshold, key, words)
    return masked_dropout(backend, result, x, kept, mask_shape, affine(threshold, x.dtype, backward=backward))
