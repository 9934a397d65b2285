"""ReLU and its gradient."""

from __future__ import annotations

from typing import Any

from ..arrays import host
from ..arrays.backend import backend_of

__all__ = ["relu", "relu_backward"]


def relu(x: Any, *, out: Any = None) -> Any:
    """Return x where it is positive or NaN, else +0.

    x : array of any shape, of the dtypes of `dropout`. out : array for the result, may be x. Raises ValueError or
    TypeError.

    Examples
    --------
    >>> nd.relu(np.array([-1.0, 0.0, 2.0]))
    array([0., 0., 2.])
    """
    backend = backend_of(x, "x")
    x = backend.float_array(x, "x", halves=True)
    return backend.elementwise(backend.output(out, x.shape, x.dtype), [x], backend.kernels.relu_forward)


def relu_backward(dy: Any, y: Any, *, out: Any = None) -> Any:
    """Return the gradient of `relu` with respect to its input: dy where the output y is positive, else +0.

    dy, y : arrays of one shape and dtype. out : array for the result, may be dy. Raises ValueError or TypeError.

    Examples
    --------
    >>> y = nd.relu(np.array([-1.0, 0.0, 2.0]))
    >>> nd.relu_backward(np.ones(3), y)
    array([0., 0., 1.])
    """
    backend = backend_of(dy, "dy")
    dy = backend.float_array(dy, "dy", halves=True)
    y = host.same(backend.float_array(y, "y", halves=True), "y", dy.shape, dy.dtype)
    return backend.elementwise(backend.output(out, dy.shape, dy.dtype), [dy, y], backend.kernels.relu_backward)
