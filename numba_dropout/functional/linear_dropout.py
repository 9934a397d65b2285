"""A hidden layer as one operation: linear layer, activation and dropout."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arrays import host
from ..arrays.backend import backend_of
from ..core import checks, contract
from ..kernels.scalar.activations import ACTIVATIONS
from ._layer import layer_backward, layer_output, operands, threshold_and_key

__all__ = ["linear_dropout", "linear_dropout_backward"]


def linear_dropout(
    x: Any,
    weight: Any,
    bias: Any,
    p: float,
    *,
    activation: str = "relu",
    seed: int | None = None,
    stream: int = 0,
    step: int = 0,
    offset: int = 0,
    training: bool = True,
    slopes: Any = None,
    out: Any = None,
) -> Any:
    """Return dropout(activation(linear(x, weight, bias)), p): a hidden layer as one operation.

    Other arguments and errors are those of `linear` and `dropout`. `offset` is the index of the output's first element.

    Parameters
    ----------
    activation : str
        Such as "relu", "gelu" or "tanh": docs/activations.md has all names. Values are within 2 units in the last place
        of float32.
    slopes : array, optional
        Array of the output's shape and dtype, for the derivatives of the output with respect to the linear layer, as
        `linear_dropout_backward` takes them.

    Examples
    --------
    >>> x, weight, bias = np.ones((2, 3), np.float32), np.ones((4, 3), np.float32), np.zeros(4, np.float32)
    >>> nd.linear_dropout(x, weight, bias, p=0.5, activation="tanh", seed=1).round(3)
    array([[0.  , 1.99, 0.  , 1.99],
           [0.  , 1.99, 1.99, 1.99]], dtype=float32)
    """
    checks.choice(activation, "activation", ACTIVATIONS)
    backend = backend_of(x, "x")
    x, weight, bias = operands(backend, x, weight, bias)
    shape = (*x.shape[:-1], weight.shape[0])
    result = backend.output(out, shape, x.dtype)
    threshold, k0, k1 = threshold_and_key(p, seed, training)
    words = contract.counter(stream, step, offset, math.prod(shape))
    derivatives = None
    if slopes is not None:
        derivatives = backend.output(slopes, shape, x.dtype, "slopes")
        backend.no_overlap(derivatives, result, x, weight, bias, name="slopes")
    if threshold == contract.DROP_ALL:
        if derivatives is not None:
            backend.elementwise(derivatives, [], backend.kernels.drop_all)
        return backend.elementwise(result, [], backend.kernels.drop_all)
    scale, kernel = contract.scale(threshold, x.dtype), backend.kernels.linear_dropout(activation)

    def forward(out: Any, x: Any, weight: Any, bias: Any) -> None:
        mask_arguments = (np.uint64(threshold), scale, k0, k1, *words)
        if derivatives is None:
            kernel(out, out[:0], x, weight, bias, *mask_arguments)
        else:
            flat, write_back = backend.flat_output(derivatives)
            kernel(out, flat.reshape(*out.shape), x, weight, bias, *mask_arguments)
            write_back()

    return layer_output(backend, result, x, weight, bias, forward)


def linear_dropout_backward(
    dy: Any, slopes: Any, x: Any, weight: Any, *, out: tuple[Any, Any, Any] | None = None
) -> tuple[Any, Any, Any]:
    """Return the gradients of `linear_dropout` with respect to x, weight and bias: (dx, dweight, dbias).

    slopes : those of the forward pass. Other arguments and errors are those of `linear_backward`.

    Examples
    --------
    >>> x, weight, bias = np.ones((2, 3), np.float32), np.ones((4, 3), np.float32), np.zeros(4, np.float32)
    >>> slopes = np.empty((2, 4), np.float32)
    >>> y = nd.linear_dropout(x, weight, bias, p=0.5, activation="leaky_relu", seed=1, slopes=slopes)
    >>> dx, dweight, dbias = nd.linear_dropout_backward(np.ones_like(y), slopes, x, weight)
    >>> dbias
    array([0., 4., 2., 4.], dtype=float32)
    """
    backend = backend_of(dy, "dy")
    x, weight, _ = operands(backend, x, weight, None)
    shape = (*x.shape[:-1], weight.shape[0])
    dy = host.same(backend.float_array(dy, "dy"), "dy", shape, x.dtype)
    slopes = host.same(backend.float_array(slopes, "slopes"), "slopes", shape, x.dtype)
    kernels, derivatives = backend.kernels, backend.matrix(slopes)

    def backward(dx: Any, dweight: Any, dbias: Any, dy: Any, x: Any, weight: Any) -> None:
        products = backend.copy(dy)
        kernels.multiply_slopes(*(array.reshape(array.size) for array in (products, dy, derivatives)))
        kernels.linear_backward(dx, dweight, dbias, products, x, weight)

    return layer_backward(backend, dy, x, weight, out, backward)
