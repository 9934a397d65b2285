"""Linear layer, ReLU and dropout in one pass over memory."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arrays import host
from ..arrays.backend import backend_of
from ..core import checks, contract
from ._layer import layer_backward, layer_output, operands, threshold_and_key

__all__ = ["linear_relu_dropout", "linear_relu_dropout_backward"]


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

    Arguments and errors are those of `linear` and `dropout`. `offset` is the index of the output's first element.

    Examples
    --------
    >>> x, weight, bias = np.ones((2, 3), np.float32), np.ones((4, 3), np.float32), np.zeros(4, np.float32)
    >>> nd.linear_relu_dropout(x, weight, bias, p=0.5, seed=1)
    array([[0., 6., 0., 6.],
           [0., 6., 6., 6.]], dtype=float32)
    """
    backend = backend_of(x, "x")
    x, weight, bias = operands(backend, x, weight, bias)
    result = backend.output(out, (*x.shape[:-1], weight.shape[0]), x.dtype)
    threshold, k0, k1 = threshold_and_key(p, seed, training)
    words = contract.counter(stream, step, offset, math.prod(result.shape))
    if threshold == contract.DROP_ALL:
        return backend.elementwise(result, [], backend.kernels.drop_all)
    scale = contract.scale(threshold, x.dtype)

    def forward(out: Any, x: Any, weight: Any, bias: Any) -> None:
        backend.kernels.linear_relu_dropout_forward(out, x, weight, bias, np.uint64(threshold), scale, k0, k1, *words)

    return layer_output(backend, result, x, weight, bias, forward)


def linear_relu_dropout_backward(
    dy: Any,
    y: Any,
    x: Any,
    weight: Any,
    p: float,
    *,
    out: tuple[Any, Any, Any] | None = None,
) -> tuple[Any, Any, Any]:
    """Return the gradients of `linear_relu_dropout` with respect to x, weight and bias: (dx, dweight, dbias).

    No seed is needed: the output y is positive exactly where the element was kept and the ReLU's input was positive. y
    must not contain NaN. p is that of the forward pass, 0 after training=False. Other arguments: see `linear_backward`.

    Examples
    --------
    >>> x, weight, bias = np.ones((2, 3), np.float32), np.ones((4, 3), np.float32), np.zeros(4, np.float32)
    >>> y = nd.linear_relu_dropout(x, weight, bias, p=0.5, seed=1)
    >>> dx, dweight, dbias = nd.linear_relu_dropout_backward(np.ones_like(y), y, x, weight, p=0.5)
    >>> dbias
    array([0., 4., 2., 4.], dtype=float32)
    """
    backend = backend_of(dy, "dy")
    dy = backend.float_array(dy, "dy")
    y = host.same(backend.float_array(y, "y"), "y", dy.shape, dy.dtype)
    scale = contract.scale(contract.threshold(checks.probability(p)), dy.dtype)
    kernel, outputs = backend.kernels.linear_relu_dropout_backward, backend.matrix(y)

    def backward(dx: Any, dweight: Any, dbias: Any, dy: Any, x: Any, weight: Any) -> None:
        kernel(dx, dweight, dbias, backend.copy(dy), outputs, x, weight, scale)

    return layer_backward(backend, dy, x, weight, out, backward)
