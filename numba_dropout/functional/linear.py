"""A network's layers as functions: check, allocate, call the kernel."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..arrays import host
from ..arrays.backend import Place, place_of
from ..core import checks, contract, errors
from ._broadcast import required_key
from .dropout import dropout, dropout_backward

__all__ = [
    "dropconnect",
    "dropconnect_backward",
    "linear",
    "linear_backward",
    "linear_relu_dropout",
    "linear_relu_dropout_backward",
    "relu",
    "relu_backward",
]


def relu(x: Any, *, out: Any = None) -> Any:
    """Return x where it is positive or NaN, else +0.

    x : array of float32 or float64, any shape; out : where to write, may be x. Raises ValueError or TypeError.

    Examples
    --------
    >>> nd.relu(np.array([-1.0, 0.0, 2.0]))
    array([0., 0., 2.])
    """
    place = place_of(x, "x")
    x = place.float_array(x, "x")
    return place.elementwise(place.output(out, x.shape, x.dtype), [x], place.kernels.relu_forward)


def relu_backward(dy: Any, y: Any, *, out: Any = None) -> Any:
    """Return the gradient of `relu` by its input: dy where the output y is positive, else +0.

    dy, y : arrays of one shape and dtype; out : where to write, may be dy. Raises ValueError or TypeError.

    Examples
    --------
    >>> y = nd.relu(np.array([-1.0, 0.0, 2.0]))
    >>> nd.relu_backward(np.ones(3), y)
    array([0., 0., 1.])
    """
    place = place_of(dy, "dy")
    dy = place.float_array(dy, "dy")
    y = host.same(place.float_array(y, "y"), "y", dy.shape, dy.dtype)
    return place.elementwise(place.output(out, dy.shape, dy.dtype), [dy, y], place.kernels.relu_backward)


def linear(x: Any, weight: Any, bias: Any = None, *, out: Any = None) -> Any:
    """Return x @ weight.T + bias.

    Parameters
    ----------
    x : array (..., in_features) of float32 or float64
    weight : array (out_features, in_features)
        PyTorch's layout.
    bias : array (out_features,), optional
    out : array (..., out_features), optional
        Where to write; may overlap none of the others.

    Raises
    ------
    ValueError, TypeError
        Shapes or dtypes do not fit each other.

    Examples
    --------
    >>> x, weight = np.array([[1.0, 2.0]]), np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    >>> nd.linear(x, weight, bias=np.array([0.0, 0.0, 10.0]))
    array([[ 1.,  2., 13.]])
    """
    place = place_of(x, "x")
    x, weight, bias = _layer(place, x, weight, bias)
    result = place.output(out, (*x.shape[:-1], weight.shape[0]), x.dtype)
    return _layer_output(place, result, x, weight, bias, place.kernels.linear_forward)


def linear_backward(dy: Any, x: Any, weight: Any, *, out: tuple[Any, Any, Any] | None = None) -> tuple[Any, Any, Any]:
    """Return the gradients of `linear` by x, weight and bias: (dx, dweight, dbias).

    Parameters
    ----------
    dy : array (..., out_features) of float32 or float64
    x : array (..., in_features)
    weight : array (out_features, in_features)
    out : three arrays, optional
        Where to write dx, dweight and dbias; they may overlap none of the others.

    Raises
    ------
    ValueError, TypeError
        Shapes or dtypes do not fit each other.

    Examples
    --------
    >>> x, weight = np.array([[1.0, 2.0]]), np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    >>> dx, dweight, dbias = nd.linear_backward(np.ones((1, 3)), x, weight)
    >>> dx
    array([[2., 2.]])
    >>> dweight
    array([[1., 2.],
           [1., 2.],
           [1., 2.]])
    """
    place = place_of(dy, "dy")
    return _layer_backward(place, dy, x, weight, out, place.kernels.linear_backward)


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
    """Return linear(x, dropout(weight, p), bias): one mask of the weights for all rows; biases are not dropped.

    Arguments and errors are those of `linear` and `dropout`; `offset` is the index of the weight's first element.

    References
    ----------
    Wan et al., ICML 2013, with one mask a batch and the scale moved to training.

    Examples
    --------
    >>> x, weight = np.ones((2, 4), np.float32), np.ones((3, 4), np.float32)
    >>> nd.dropconnect(x, weight, p=0.5, seed=1)  # both rows go through the same weights
    array([[4., 6., 6.],
           [4., 6., 6.]], dtype=float32)
    """
    place = place_of(x, "x")
    _layer(place, x, weight, bias)  # its errors come first, with the names of the arguments
    if out is not None:
        place.no_overlap(out, weight)
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
    """Return the gradients of `dropconnect` by x, weight and bias: (dx, dweight, dbias).

    The mask is drawn again. Arguments and errors are those of `linear_backward` and `dropout_backward`.

    Examples
    --------
    >>> x, weight, dy = np.ones((2, 4), np.float32), np.ones((3, 4), np.float32), np.ones((2, 3), np.float32)
    >>> dx, dweight, dbias = nd.dropconnect_backward(dy, x, weight, p=0.5, seed=1)
    >>> dweight  # what was dropped learns nothing
    array([[0., 4., 0., 4.],
           [0., 4., 4., 4.],
           [0., 4., 4., 4.]], dtype=float32)
    """
    position: dict[str, Any] = {"seed": seed, "stream": stream, "step": step, "offset": offset}
    place = place_of(dy, "dy")
    _layer(place, x, weight, None)
    for given in out or ():
        place.no_overlap(given, weight)
    dx, dweight, dbias = linear_backward(dy, x, dropout(weight, p, **position), out=out)
    return dx, dropout_backward(dweight, p, **position, out=None if out is None else out[1]), dbias


def linear_relu_dropout(
    x: Any,
    weight: Any,
    bias: Any,
    p: float,
    *,
    seed: int | None = None,
    stream: int = 0,
    step: int = 0,
    offset: int = 0,
    training: bool = True,
    out: Any = None,
) -> Any:
    """Return dropout(relu(linear(x, weight, bias)), p): a hidden layer as one operation.

    Arguments and errors are those of `linear` and `dropout`; `offset` is the index of the output's first element.

    Examples
    --------
    >>> x, weight, bias = np.ones((2, 3), np.float32), np.ones((4, 3), np.float32), np.zeros(4, np.float32)
    >>> nd.linear_relu_dropout(x, weight, bias, p=0.5, seed=1)
    array([[0., 6., 0., 6.],
           [0., 6., 6., 6.]], dtype=float32)
    """
    place = place_of(x, "x")
    x, weight, bias = _layer(place, x, weight, bias)
    result = place.output(out, (*x.shape[:-1], weight.shape[0]), x.dtype)
    threshold, k0, k1 = _threshold_and_key(p, seed, training)
    words = contract.counter(stream, step, offset, math.prod(result.shape))
    if threshold == contract.EVERYTHING:
        return place.elementwise(result, [], place.kernels.drop_all)
    scale = contract.scale(threshold, x.dtype)

    def forward(out: Any, x: Any, weight: Any, bias: Any) -> None:
        place.kernels.linear_relu_dropout_forward(out, x, weight, bias, np.uint64(threshold), scale, k0, k1, *words)

    return _layer_output(place, result, x, weight, bias, forward)


def linear_relu_dropout_backward(
    dy: Any,
    y: Any,
    x: Any,
    weight: Any,
    p: float,
    *,
    out: tuple[Any, Any, Any] | None = None,
) -> tuple[Any, Any, Any]:
    """Return the gradients of `linear_relu_dropout` by x, weight and bias: (dx, dweight, dbias).

    No seed is needed: the output y is positive exactly where it was kept and the ReLU let it through (defined for
    y that is not NaN). p is that of the forward pass, 0 after training=False. Otherwise as `linear_backward`.

    Examples
    --------
    >>> x, weight, bias = np.ones((2, 3), np.float32), np.ones((4, 3), np.float32), np.zeros(4, np.float32)
    >>> y = nd.linear_relu_dropout(x, weight, bias, p=0.5, seed=1)
    >>> dx, dweight, dbias = nd.linear_relu_dropout_backward(np.ones_like(y), y, x, weight, p=0.5)
    >>> dbias
    array([0., 4., 2., 4.], dtype=float32)
    """
    place = place_of(dy, "dy")
    dy = place.float_array(dy, "dy")
    y = host.same(place.float_array(y, "y"), "y", dy.shape, dy.dtype)
    scale = contract.scale(contract.threshold(checks.probability(p)), dy.dtype)
    kernel, outputs = place.kernels.linear_relu_dropout_backward, place.matrix(y)

    def backward(dx: Any, dweight: Any, dbias: Any, dy: Any, x: Any, weight: Any) -> None:
        kernel(dx, dweight, dbias, place.copy(dy), outputs, x, weight, scale)

    return _layer_backward(place, dy, x, weight, out, backward)


# ---------------------------------------------------------------- what the operations share


def _threshold_and_key(p: Any, seed: Any, training: bool) -> tuple[int, np.uint64, np.uint64]:
    """Return the threshold, 0 outside training, and the seed's words; only outside training may there be no seed."""
    threshold = contract.threshold(checks.probability(p))
    return threshold if training else 0, *required_key(seed, training)


def _layer(place: Place, x: Any, weight: Any, bias: Any) -> tuple[Any, Any, Any]:
    x = place.float_array(x, "x")
    if x.ndim == 0:
        raise errors.InputError("x: expected at least 1 dimension, got a scalar")
    weight = place.float_array(weight, "weight", 2)
    if weight.dtype != x.dtype:
        raise TypeError(f"weight: expected dtype {x.dtype} like x, got {weight.dtype}")
    if weight.shape[1] != x.shape[x.ndim - 1]:
        inputs = x.shape[x.ndim - 1]
        raise errors.InputError(
            f"weight: expected shape (out_features, {inputs}) for x of shape {x.shape}, got {weight.shape}"
        )
    if bias is None:
        return x, weight, place.nothing_like(x)
    return x, weight, host.same(place.float_array(bias, "bias"), "bias", (weight.shape[0],), x.dtype)


def _layer_output(place: Place, result: Any, x: Any, weight: Any, bias: Any, kernel: Callable[..., None]) -> Any:
    place.no_overlap(result, x, weight, bias)
    with place.working():
        flat, write_back = place.flat_output(result)
        rows, weight, bias = place.matrix(x), place.matrix(weight), place.kernel_input(bias)
        kernel(flat.reshape(rows.shape[0], weight.shape[0]), rows, weight, bias)
        return write_back()


def _layer_backward(
    place: Place, dy: Any, x: Any, weight: Any, out: Any, kernel: Callable[..., None]
) -> tuple[Any, Any, Any]:
    dy = place.float_array(dy, "dy")
    x, weight, _ = _layer(place, x, weight, None)
    dy = host.same(dy, "dy", (*x.shape[:-1], weight.shape[0]), x.dtype)
    if out is None:
        out = (None, None, None)
    elif not isinstance(out, tuple | list) or len(out) != 3:
        raise TypeError("out: expected three arrays (dx, dweight, dbias)")
    results: list[Any] = []
    for given, shape in zip(out, (x.shape, weight.shape, weight.shape[:1]), strict=True):
        results.append(place.no_overlap(place.output(given, shape, x.dtype), dy, x, weight, *results))
    with place.working():
        (dx, dx_back), (dw, dw_back), (db, db_back) = (place.flat_output(result) for result in results)
        rows, weight = place.matrix(x), place.matrix(weight)
        kernel(dx.reshape(*rows.shape), dw.reshape(*weight.shape), db, place.matrix(dy), rows, weight)
        return dx_back(), dw_back(), db_back()
