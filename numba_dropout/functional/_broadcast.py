"""Masks that broadcast: sampling and application, with one rate or an array of rates."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arrays.backend import Backend
from ..core import checks, contract
from ._rates import Rates, broadcast, merge_short_rows, row_layout

__all__ = [
    "Position",
    "grouped_dropout",
    "masked_dropout",
    "masked_dropout_rates",
    "masked_dropout_scales",
    "rates_dropout",
    "required_key",
    "sample_flat_mask",
    "sample_rates",
]

NONE = np.uint64(0)

Shape = tuple[int, ...]
Position = tuple[Any, Any, Any]  # stream, step, offset


def required_key(seed: Any, training: bool = True) -> tuple[np.uint64, np.uint64]:
    """Return the key of a seed. None is valid outside training only."""
    if not training:
        return NONE, NONE
    if seed is None:
        raise TypeError("seed: expected an integer (a default would repeat the same mask), got None")
    return contract.key(seed)


def sample_flat_mask(backend: Backend, size: int, threshold: int, key: Any, words: Any) -> Any:
    """Return a sampled flat mask (size,)."""
    kept = backend.empty(size, np.bool_)
    with backend.working():
        backend.kernels.sample_mask(kept, np.uint64(threshold), *key, *words)
    return kept


def grouped_dropout(
    backend: Backend, x: Any, mask_shape: Shape, p: Any, seed: Any, position: Position, training: bool, out: Any
) -> Any:
    """Return dropout of x with a mask of a shape that broadcasts to x: its elements are dropped in groups."""
    threshold = contract.threshold(checks.probability(p))
    key, words = required_key(seed, training), contract.counter(*position, math.prod(mask_shape))
    result = backend.output(out, tuple(x.shape), x.dtype)
    if not training or threshold == 0:
        return backend.assign(result, x)
    if threshold == contract.DROP_ALL:
        return backend.elementwise(result, [], backend.kernels.drop_all)
    kept = sample_flat_mask(backend, math.prod(mask_shape), threshold, key, words)
    scale = contract.scale(threshold, x.dtype)
    zero = type(scale)(0)
    return masked_dropout(backend, result, x, kept, mask_shape, (scale, -zero, zero))


def sample_rates(backend: Backend, kept: Any, shape: Shape, rates: Rates, key: Any, words: Any) -> None:
    """Fill a flat mask, with a rate for each element."""
    if rates.thresholds.size == 1:
        threshold = int(rates.thresholds.reshape(-1)[0])
        if threshold in (0, contract.DROP_ALL):
            backend.put(kept, np.full(kept.size, threshold == 0))
        else:
            backend.kernels.sample_mask(kept, np.uint64(threshold), *key, *words)
        return
    columns, starts, thresholds, _ = _rate_layout(shape, rates)
    backend.kernels.sample_mask_rates(
        kept, columns, backend.to_device(thresholds), backend.to_device(starts), *key, *words
    )


def rates_dropout(backend: Backend, result: Any, x: Any, rates: Rates, key: Any, words: Any) -> Any:
    """Return dropout of x with a rate for each element. The mask is not stored."""
    columns, *arrays = _rate_layout(tuple(x.shape), rates)
    starts, thresholds, scales = map(backend.to_device, arrays)
    drop = backend.kernels.dropout_rates_forward
    return backend.elementwise(
        result, [x], lambda out, x: drop(out, x, columns, thresholds, scales, starts, *key, *words)
    )


def masked_dropout_rates(backend: Backend, result: Any, x: Any, kept: Any, mask_shape: Shape, rates: Rates) -> Any:
    """Return x masked by a flat mask that broadcasts, times the scales of the rates."""
    shape = tuple(x.shape)
    if rates.scales.size == 1:
        if rates.scales.reshape(-1)[0] == 0:
            return backend.elementwise(result, [], backend.kernels.drop_all)
        zero = x.dtype.type(0) if x.dtype == np.float64 else np.float32(0)
        return masked_dropout(backend, result, x, kept, mask_shape, (rates.scales.reshape(-1)[0], -zero, zero))
    scales = backend.to_device(rates.scales.reshape(-1))
    return masked_dropout_scales(
        backend, result, x, kept, mask_shape, scales, broadcast(shape, rates.scales.shape, "p")
    )


def masked_dropout(
    backend: Backend, result: Any, x: Any, kept: Any, mask_shape: Shape, numbers: tuple[Any, Any, Any]
) -> Any:
    """Return x * scale + offset where a flat mask that broadcasts is True, else a constant. `numbers` has all three."""
    layout = row_layout(tuple(x.shape), mask_shape)
    if isinstance(kept, np.ndarray):
        layout, (kept,) = merge_short_rows(x.size, layout, kept)
    columns, (starts,), (stride,) = layout
    starts, drop = backend.to_device(starts), backend.kernels.masked_dropout_forward
    return backend.elementwise(result, [x], lambda out, x: drop(out, x, columns, kept, starts, stride, *numbers))


def masked_dropout_scales(
    backend: Backend, result: Any, x: Any, kept: Any, mask_shape: Shape, scales: Any, scales_shape: Shape
) -> Any:
    """Return x masked by a flat mask that broadcasts, times flat scales that broadcast."""
    columns, both, strides = row_layout(tuple(x.shape), mask_shape, scales_shape)
    starts = [backend.to_device(array) for array in both]
    drop = backend.kernels.masked_dropout_rates_forward
    return backend.elementwise(
        result, [x], lambda out, x: drop(out, x, columns, kept, starts[0], strides[0], scales, starts[1], strides[1])
    )


def _rate_layout(shape: Shape, rates: Rates) -> tuple[int, Any, Any, Any]:
    """Return columns, starts, thresholds and scales, with consecutive rates for the elements of each row."""
    mask_shape = list(broadcast(shape, rates.thresholds.shape, "p"))
    for axis in reversed(range(len(shape))):
        if mask_shape[axis] != 1:
            break
        mask_shape[axis] = shape[axis]
    expanded = [np.array(np.broadcast_to(array, mask_shape), order="C").reshape(-1) for array in rates]
    layout, values = merge_short_rows(math.prod(shape), row_layout(shape, tuple(mask_shape)), *expanded)
    return layout.columns, layout.starts[0], values[0], values[1]
