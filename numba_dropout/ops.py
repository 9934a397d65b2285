"""The public operations: check, allocate, call the kernel."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _arrays, _checks
from ._jit import exclusive
from .kernels import cpu

__all__ = [
    "dropout",
    "dropout_backward",
    "linear",
    "linear_backward",
    "linear_relu_dropout",
    "linear_relu_dropout_backward",
    "relu",
    "relu_backward",
    "sample_mask",
]


def sample_mask(
    shape: int | Sequence[int],
    p: float = 0.5,
    *,
    seed: int,
    stream: int = 0,
    step: int = 0,
    offset: int = 0,
    packed: bool = False,
    device: str = "cpu",
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Return a dropout mask, True where an element is kept.

    The mask depends on (seed, stream, step, element index) alone: not on the thread count, the instruction set or
    the way in which it is cut into pieces. Element i in C order is element `offset + i` of the stream.

    Parameters
    ----------
    shape : int or sequence of int
        Shape of the mask.
    p : float
        Probability of dropping, in [0, 1]; honoured to within 2**-33.
    seed : int
        0..2**64-1.
    stream, step, offset : int
        Site of the mask (below 2**24), training step (below 2**32), and index of the first element.
    packed : bool
        Return bits instead: bit `j & 7` of byte `j >> 3` of a uint8 array (ceil(n / 8),), the rest of the last
        byte 0, as `numpy.packbits(mask, bitorder="little")`.
    device : str
        "cpu".
    out : array, optional
        Where to write: bool of `shape`, or uint8 (ceil(n / 8),).

    Raises
    ------
    ValueError, TypeError
        An argument is out of its range or of the wrong type.

    Source: Philox4x32-10, Salmon et al., SC 2011; docs/mask.md.
    """
    _checks.check_device(device)
    shape = (shape,) if isinstance(shape, int | np.integer) else tuple(shape)
    shape = tuple(_checks.integer(n, "shape", 0, 2**63 - 1) for n in shape)
    size = math.prod(shape)
    if size >= 2**63:
        raise _checks.InputError(f"shape: expected fewer than 2**63 elements, got {shape}")
    threshold = _checks.threshold(_checks.probability(p))
    k0, k1 = _checks.key(seed)
    position = _checks.counter(stream, step, offset, size)
    result = _arrays.output(out, ((size + 7) // 8,) if packed else shape, np.uint8 if packed else np.bool_)
    flat, write_back = _arrays.flat_output(result)
    if threshold in (0, _checks.EVERYTHING):
        flat[...] = 0 if threshold else 255 if packed else 1
        if packed and not threshold and size & 7:
            flat[-1] = (1 << (size & 7)) - 1
    else:
        with exclusive():
            if packed:
                cpu.sample_packed_mask(flat, size, np.uint64(threshold), k0, k1, *position)
            else:
                cpu.sample_mask(flat, np.uint64(threshold), k0, k1, *position)
    return write_back()


def dropout(
    x: Any,
    p: float = 0.5,
    *,
    seed: int | None = None,
    stream: int = 0,
    step: int = 0,
    offset: int = 0,
    training: bool = True,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Return x with each element dropped with probability p, and the kept ones divided by the share that is kept.

    Dropped elements are exactly +0, even where x is NaN or infinite. The mask is `sample_mask`'s for the same
    seed, stream, step and offset; nothing is stored. The result never shares x's memory, unless `out` is x.

    Parameters
    ----------
    x : array of float32 or float64
        Any shape.
    p : float
        Probability of dropping, in [0, 1].
    seed : int
        0..2**64-1; required, as a default would repeat one mask for ever, except with training=False.
    stream, step, offset : int
        Site of the mask (below 2**24), training step (below 2**32), and index of x's first element.
    training : bool
        False returns x as it is.
    out : array, optional
        Where to write; may be x.

    Raises
    ------
    ValueError, TypeError
        An argument is out of its range or of the wrong type.

    Source: Srivastava et al., JMLR 2014, section 4, with the scale moved to training ("inverted" dropout).
    """
    return _dropout(cpu.dropout_forward, x, "x", p, seed, (stream, step, offset), training, out)


def dropout_backward(
    dy: Any,
    p: float = 0.5,
    *,
    seed: int,
    stream: int = 0,
    step: int = 0,
    offset: int = 0,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Return the gradient of `dropout` by its input: dy times the scale where kept, +0 elsewhere.

    The mask is drawn again from the same seed, stream, step and offset. Arguments and errors are those of
    `dropout`.
    """
    return _dropout(cpu.dropout_backward, dy, "dy", p, seed, (stream, step, offset), True, out)


def _dropout(
    kernel: Callable[..., None],
    given: Any,
    name: str,
    p: Any,
    seed: Any,
    position: tuple[Any, Any, Any],
    training: bool,
    out: NDArray[Any] | None,
) -> NDArray[Any]:
    x = _checks.float_array(given, name)
    threshold, k0, k1 = _threshold_and_key(p, seed, training)
    words = _checks.counter(*position, x.size)
    result = _arrays.output(out, x.shape, x.dtype)
    if threshold == 0:
        np.copyto(result, x)
        return result
    if threshold == _checks.EVERYTHING:
        result[...] = 0
        return result
    scale = _checks.scale(threshold, x.dtype)
    return _arrays.elementwise(result, [x], lambda out, x: kernel(out, x, np.uint64(threshold), scale, k0, k1, *words))


def relu(x: Any, *, out: NDArray[Any] | None = None) -> NDArray[Any]:
    """Return x where it is positive or NaN, else +0.

    x : array of float32 or float64, any shape; out : where to write, may be x. Raises ValueError or TypeError.
    """
    x = _checks.float_array(x, "x")
    return _arrays.elementwise(_arrays.output(out, x.shape, x.dtype), [x], cpu.relu_forward)


def relu_backward(dy: Any, y: Any, *, out: NDArray[Any] | None = None) -> NDArray[Any]:
    """Return the gradient of `relu` by its input: dy where the output y is positive, else +0.

    dy, y : arrays of one shape and dtype; out : where to write, may be dy. Raises ValueError or TypeError.
    """
    dy = _checks.float_array(dy, "dy")
    y = _arrays.same(_checks.float_array(y, "y"), "y", dy.shape, dy.dtype)
    return _arrays.elementwise(_arrays.output(out, dy.shape, dy.dtype), [dy, y], cpu.relu_backward)


def linear(x: Any, weight: Any, bias: Any = None, *, out: NDArray[Any] | None = None) -> NDArray[Any]:
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
    """
    x, weight, bias = _layer(x, weight, bias)
    result = _arrays.output(out, (*x.shape[:-1], weight.shape[0]), x.dtype)
    return _layer_output(result, x, weight, bias, cpu.linear_forward)


def linear_backward(
    dy: Any, x: Any, weight: Any, *, out: tuple[NDArray[Any], NDArray[Any], NDArray[Any]] | None = None
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
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
    """
    return _layer_backward(dy, x, weight, out, cpu.linear_backward)


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
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Return dropout(relu(linear(x, weight, bias)), p): a hidden layer as one operation.

    Arguments and errors are those of `linear` and `dropout`; `offset` is the index of the output's first element.
    """
    x, weight, bias = _layer(x, weight, bias)
    result = _arrays.output(out, (*x.shape[:-1], weight.shape[0]), x.dtype)
    threshold, k0, k1 = _threshold_and_key(p, seed, training)
    words = _checks.counter(stream, step, offset, result.size)
    if threshold == _checks.EVERYTHING:
        result[...] = 0
        return result
    scale = _checks.scale(threshold, x.dtype)

    def forward(out: Any, x: Any, weight: Any, bias: Any) -> None:
        cpu.linear_relu_dropout_forward(out, x, weight, bias, np.uint64(threshold), scale, k0, k1, *words)

    return _layer_output(result, x, weight, bias, forward)


def linear_relu_dropout_backward(
    dy: Any,
    y: Any,
    x: Any,
    weight: Any,
    p: float,
    *,
    out: tuple[NDArray[Any], NDArray[Any], NDArray[Any]] | None = None,
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return the gradients of `linear_relu_dropout` by x, weight and bias: (dx, dweight, dbias).

    No seed is needed: the output y is positive exactly where it was kept and the ReLU let it through (defined for
    y that is not NaN). p is that of the forward pass, 0 after training=False. Otherwise as `linear_backward`.
    """
    dy = _checks.float_array(dy, "dy")
    y = _arrays.same(_checks.float_array(y, "y"), "y", dy.shape, dy.dtype)
    scale = _checks.scale(_checks.threshold(_checks.probability(p)), dy.dtype)
    outputs = _arrays.kernel_input(y).reshape(-1)

    def backward(dx: Any, dweight: Any, dbias: Any, dy: Any, x: Any, weight: Any) -> None:
        cpu.linear_relu_dropout_backward(dx, dweight, dbias, dy.copy(), outputs.reshape(dy.shape), x, weight, scale)

    return _layer_backward(dy, x, weight, out, backward)


# ---------------------------------------------------------------- what the operations share


def _threshold_and_key(p: Any, seed: Any, training: bool) -> tuple[int, np.uint64, np.uint64]:
    """Return the threshold, 0 outside training, and the seed's words; only outside training may there be no seed."""
    threshold = _checks.threshold(_checks.probability(p))
    if not training:
        return 0, np.uint64(0), np.uint64(0)
    if seed is None:
        raise TypeError("seed: expected an integer (a default would repeat one mask for ever), got None")
    return threshold, *_checks.key(seed)


def _layer(x: Any, weight: Any, bias: Any) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    x = _checks.float_array(x, "x")
    if x.ndim == 0:
        raise _checks.InputError("x: expected at least 1 dimension, got a scalar")
    weight = _checks.float_array(weight, "weight", 2)
    if weight.dtype != x.dtype:
        raise TypeError(f"weight: expected dtype {x.dtype} like x, got {weight.dtype}")
    if weight.shape[1] != x.shape[-1]:
        raise _checks.InputError(
            f"weight: expected shape (out_features, {x.shape[-1]}) for x of shape {x.shape}, got {weight.shape}"
        )
    if bias is None:
        return x, weight, np.empty(0, x.dtype)
    return x, weight, _arrays.same(_checks.float_array(bias, "bias"), "bias", (weight.shape[0],), x.dtype)


def _layer_output(
    result: NDArray[Any], x: NDArray[Any], weight: NDArray[Any], bias: NDArray[Any], kernel: Callable[..., None]
) -> NDArray[Any]:
    _arrays.no_overlap(result, x, weight, bias)
    flat, write_back = _arrays.flat_output(result)
    rows, weight, bias = _arrays.matrix(x), _arrays.matrix(weight), _arrays.kernel_input(bias)
    with exclusive():
        kernel(flat.reshape(len(rows), len(weight)), rows, weight, bias)
    return write_back()


def _layer_backward(
    dy: Any, x: Any, weight: Any, out: Any, kernel: Callable[..., None]
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    x, weight, _ = _layer(x, weight, None)
    dy = _arrays.same(_checks.float_array(dy, "dy"), "dy", (*x.shape[:-1], weight.shape[0]), x.dtype)
    if out is None:
        out = (None, None, None)
    elif not isinstance(out, tuple | list) or len(out) != 3:
        raise TypeError("out: expected three arrays (dx, dweight, dbias)")
    results: list[NDArray[Any]] = []
    for given, shape in zip(out, (x.shape, weight.shape, weight.shape[:1]), strict=True):
        results.append(_arrays.no_overlap(_arrays.output(given, shape, x.dtype), dy, x, weight, *results))
    (dx, dx_back), (dw, dw_back), (db, db_back) = (_arrays.flat_output(result) for result in results)
    rows = _arrays.matrix(x)
    with exclusive():
        kernel(dx.reshape(rows.shape), dw.reshape(weight.shape), db, _arrays.matrix(dy), rows, _arrays.matrix(weight))
    return dx_back(), dw_back(), db_back()
