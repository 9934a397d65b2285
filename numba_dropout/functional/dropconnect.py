"""DropConnect: linear layers with dropout of the weights."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from ..arrays.backend import backend_of
from ._layer import operands
from .dropout import dropout, dropout_backward
from .linear import linear, linear_backward

__all__ = ["dropconnect", "dropconnect_backward"]


def dropconnect(
    x: Any,
    weight: Any,
    bias: Any = None,
    p: float | ArrayLike = 0.5,
    *,
    seed: int | None = None,
    stream: int = 0,
    step: int = 0,
    offset: int = 0,
    training: bool = True,
    out: Any = None,
) -> Any:
    """Return linear(x, dropout(weight, p), bias), with one mask of the weights for all rows. Biases are not dropped.

    Arguments and errors are those of `linear` and `dropout`. `offset` is the index of the weight's first element.

    References
    ----------
    Wan et al., ICML 2013, with one mask per batch and the scale moved to training.

    Examples
    --------
    >>> x, weight = np.ones((2, 4), np.float32), np.ones((3, 4), np.float32)
    >>> nd.dropconnect(x, weight, p=0.5, seed=1)  # the same weights for both rows
    array([[4., 6., 6.],
           [4., 6., 6.]], dtype=float32)
    """
    backend = backend_of(x, "x")
    operands(backend, x, weight, bias)  # raises errors with the names of the arguments
    if out is not None:
        backend.no_overlap(out, weight)
    dropped = dropout(weight, p, seed=seed, stream=stream, step=step, offset=offset, training=training)
    return linear(x, dropped, bias, out=out)


def dropconnect_backward(
    dy: Any,
    x: Any,
    weight: Any,
    p: float | ArrayLike = 0.5,
    *,
    seed: int,
    stream: int = 0,
    step: int = 0,
    offset: int = 0,
    out: tuple[Any, Any, Any] | None = None,
) -> tuple[Any, Any, Any]:
    """Return the gradients of `dropconnect` with respect to x, weight and bias: (dx, dweight, dbias).

    The mask is sampled again. Arguments and errors are those of `linear_backward` and `dropout_backward`.

    Examples
    --------
    >>> x, weight, dy = np.ones((2, 4), np.float32), np.ones((3, 4), np.float32), np.ones((2, 3), np.float32)
    >>> dx, dweight, dbias = nd.dropconnect_backward(dy, x, weight, p=0.5, seed=1)
    >>> dweight  # dropped weights have no gradient
    array([[0., 4., 0., 4.],
           [0., 4., 4., 4.],
           [0., 4., 4., 4.]], dtype=float32)
    """
    position: dict[str, Any] = {"seed": seed, "stream": stream, "step": step, "offset": offset}
    backend = backend_of(dy, "dy")
    operands(backend, x, weight, None)
    for array in out or ():
        backend.no_overlap(array, weight)
    dx, dweight, dbias = linear_backward(dy, x, dropout(weight, p, **position), out=out)
    return dx, dropout_backward(dweight, p, **position, out=None if out is None else out[1]), dbias
