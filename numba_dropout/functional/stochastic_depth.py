"""Stochastic depth: dropout of whole samples of a residual branch, or of the branch."""

from __future__ import annotations

from typing import Any

from ..arrays.backend import backend_of
from ..core import errors
from ._broadcast import Position, grouped_dropout

__all__ = ["check_mode", "samples_mask_shape", "stochastic_depth", "stochastic_depth_backward"]


def stochastic_depth(
    x: Any,
    p: float,
    mode: str = "row",
    *,
    seed: int | None = None,
    stream: int = 0,
    step: int = 0,
    offset: int = 0,
    training: bool = True,
    out: Any = None,
) -> Any:
    """Drop whole samples of a residual branch, or the whole branch, and divide kept ones by 1 - p.

    x : array (N, ...), at least 1 dimension. mode : "row", one mask element for each sample, or "batch", one for all.
    offset counts mask elements. Other arguments and errors are those of `dropout`.

    References
    ----------
    Huang et al., ECCV 2016, section 3, with the scale moved to training.

    Examples
    --------
    >>> branch = np.ones((4, 3), np.float32)
    >>> nd.stochastic_depth(branch, p=0.5, seed=1)
    array([[0., 0., 0.],
           [2., 2., 2.],
           [0., 0., 0.],
           [2., 2., 2.]], dtype=float32)
    """
    return _samples(x, "x", p, mode, seed, (stream, step, offset), training, out)


def stochastic_depth_backward(
    dy: Any,
    p: float,
    mode: str = "row",
    *,
    seed: int,
    stream: int = 0,
    step: int = 0,
    offset: int = 0,
    out: Any = None,
) -> Any:
    """Return the gradient of `stochastic_depth` with respect to its input.

    The gradient is dy scaled where a sample was kept, and +0 elsewhere. Arguments and errors are those of
    `stochastic_depth`.

    Examples
    --------
    >>> dy = np.ones((2, 3), np.float32)
    >>> nd.stochastic_depth_backward(dy, p=0.5, mode="batch", seed=4)
    array([[2., 2., 2.],
           [2., 2., 2.]], dtype=float32)
    """
    return _samples(dy, "dy", p, mode, seed, (stream, step, offset), True, out)


def check_mode(mode: Any) -> None:
    """Check that mode is "row" or "batch"."""
    if mode not in ("row", "batch"):
        raise errors.InputError(f"mode: expected row or batch, got {mode!r}")


def samples_mask_shape(shape: tuple[int, ...], mode: Any, name: str) -> tuple[int, ...]:
    """Return the shape of the mask of a branch: one element for each sample, or one for all."""
    check_mode(mode)
    if not shape:
        raise errors.InputError(f"{name}: expected at least 1 dimension, (N, ...), got a scalar")
    return shape[0] if mode == "row" else 1, *(1,) * (len(shape) - 1)


def _samples(array: Any, name: str, p: Any, mode: Any, seed: Any, position: Position, training: bool, out: Any) -> Any:
    """Return stochastic depth of an array, after checking the arguments."""
    backend = backend_of(array, name)
    x = backend.float_array(array, name, halves=True)
    mask_shape = samples_mask_shape(tuple(x.shape), mode, name)
    return grouped_dropout(backend, x, mask_shape, p, seed, position, training, out)
