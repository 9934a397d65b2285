"""Linear layers and their gradients."""

from __future__ import annotations

from typing import Any

from ..arrays.backend import backend_of
from ._layer import layer_backward, layer_output, operands

__all__ = ["linear", "linear_backward"]


def linear(x: Any, weight: Any, bias: Any = None, *, out: Any = None) -> Any:
    """Return x @ weight.T + bias.

    Parameters
    ----------
    x : array (..., in_features) of float32 or float64
    weight : array (out_features, in_features)
        PyTorch's layout.
    bias : array (out_features,), optional
    out : array (..., out_features), optional
        Array for the result, which does not overlap the other arguments.

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
    backend = backend_of(x, "x")
    x, weight, bias = operands(backend, x, weight, bias)
    result = backend.output(out, (*x.shape[:-1], weight.shape[0]), x.dtype)
    return layer_output(backend, result, x, weight, bias, backend.kernels.linear_forward)


def linear_backward(dy: Any, x: Any, weight: Any, *, out: tuple[Any, Any, Any] | None = None) -> tuple[Any, Any, Any]:
    """Return the gradients of `linear` with respect to x, weight and bias: (dx, dweight, dbias).

    Parameters
    ----------
    dy : array (..., out_features) of float32 or float64
    x : array (..., in_features)
    weight : array (out_features, in_features)
    out : three arrays, optional
        Arrays for dx, dweight and dbias, which do not overlap the other arguments or each other.

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
    backend = backend_of(dy, "dy")
    return layer_backward(backend, dy, x, weight, out, backend.kernels.linear_backward)
