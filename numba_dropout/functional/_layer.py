"""Arguments and results of linear layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays import host
from ..arrays.backend import Backend
from ..core import checks, contract, errors
from ._broadcast import required_key

__all__ = ["layer_backward", "layer_output", "operands", "threshold_and_key"]


def threshold_and_key(p: Any, seed: Any, training: bool) -> tuple[int, np.uint64, np.uint64]:
    """Return the threshold, 0 outside training, and the key. The seed may be None outside training only."""
    threshold = contract.threshold(checks.probability(p))
    return threshold if training else 0, *required_key(seed, training)


def operands(backend: Backend, x: Any, weight: Any, bias: Any) -> tuple[Any, Any, Any]:
    """Return x, weight and bias after checking their shapes and dtypes."""
    x = backend.float_array(x, "x")
    if x.ndim == 0:
        raise errors.InputError("x: expected at least 1 dimension, got a scalar")
    weight = backend.float_array(weight, "weight", 2)
    if weight.dtype != x.dtype:
        raise TypeError(f"weight: expected dtype {x.dtype} like x, got {weight.dtype}")
    if weight.shape[1] != x.shape[x.ndim - 1]:
        inputs = x.shape[x.ndim - 1]
        raise errors.InputError(
            f"weight: expected shape (out_features, {inputs}) for x of shape {x.shape}, got {weight.shape}"
        )
    if bias is None:
        return x, weight, backend.zero_size_like(x)
    return x, weight, host.same(backend.float_array(bias, "bias"), "bias", (weight.shape[0],), x.dtype)


def layer_output(backend: Backend, result: Any, x: Any, weight: Any, bias: Any, kernel: Callable[..., None]) -> Any:
    """Return the result after a kernel has computed a layer's output."""
    backend.no_overlap(result, x, weight, bias)
    with backend.working():
        flat, write_back = backend.flat_output(result)
        rows, weight, bias = backend.matrix(x), backend.matrix(weight), backend.kernel_input(bias)
        kernel(flat.reshape(rows.shape[0], weight.shape[0]), rows, weight, bias)
        return write_back()


def layer_backward(
    backend: Backend, dy: Any, x: Any, weight: Any, out: Any, kernel: Callable[..., None]
) -> tuple[Any, Any, Any]:
    """Return the gradients with respect to x, weight and bias that a kernel computes, in `out` if given."""
    dy = backend.float_array(dy, "dy")
    x, weight, _ = operands(backend, x, weight, None)
    dy = host.same(dy, "dy", (*x.shape[:-1], weight.shape[0]), x.dtype)
    if out is None:
        out = (None, None, None)
    elif not isinstance(out, tuple | list) or len(out) != 3:
        raise TypeError("out: expected three arrays (dx, dweight, dbias)")
    results: list[Any] = []
    for array, shape in zip(out, (x.shape, weight.shape, weight.shape[:1]), strict=True):
        results.append(backend.no_overlap(backend.output(array, shape, x.dtype), dy, x, weight, *results))
    with backend.working():
        (dx, dx_back), (dw, dw_back), (db, db_back) = (backend.flat_output(result) for result in results)
        rows, weight = backend.matrix(x), backend.matrix(weight)
        kernel(dx.reshape(*rows.shape), dw.reshape(*weight.shape), db, backend.matrix(dy), rows, weight)
        return dx_back(), dw_back(), db_back()
