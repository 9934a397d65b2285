"""Masks on their way from the arguments to the kernels: for one rate or many, and what goes through them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arrays.backend import Place
from ..core import checks, contract
from ._rates import Rates, broadcast, joined, rows_of

__all__ = [
    "Position",
    "drawn_mask",
    "grouped",
    "rates_dropout",
    "required_key",
    "sample_rates",
    "through_mask",
    "through_rates",
    "through_scales",
]

NONE = np.uint64(0)

Shape = tuple[int, ...]
Position = tuple[Any, Any, Any]  # stream, step, offset


def required_key(seed: Any, training: bool = True) -> tuple[np.uint64, np.uint64]:
    """Return the words of a seed; only outside training may there be none."""
    if not training:
        return NONE, NONE
    if seed is None:
        raise TypeError("seed: expected an integer (a default would repeat one mask for ever), got None")
    return contract.key(seed)


def drawn_mask(place: Place, size: int, threshold: int, key: Any, words: Any) -> Any:
    """Return a flat mask of so many elements, drawn."""
    kept = place.empty(size, np.bool_)
    with place.working():
        place.kernels.sample_mask(kept, np.uint64(threshold), *key, *words)
    return kept


def grouped(
    place: Place, x: Any, smaller: Shape, p: Any, seed: Any, position: Position, training: bool, out: Any
) -> Any:
    """Do dropout with a mask of a smaller shape."""
    threshold = contract.threshold(checks.probability(p))
    key, words = required_key(seed, training), contract.counter(*position, math.prod(smaller))
    result = place.output(out, tuple(x.shape), x.dtype)
    if not training or threshold == 0:
        return place.assign(result, x)
    if threshold == contract.DROP_ALL:
        return place.elementwise(result, [], place.kernels.drop_all)
    kept = drawn_mask(place, math.prod(smaller), threshold, key, words)
    scale = contract.scale(threshold, x.dtype)
    zero = type(scale)(0)
    return through_mask(place, result, x, kept, smaller, (scale, -zero, zero))


def sample_rates(place: Place, kept: Any, shape: Shape, rates: Rates, key: Any, words: Any) -> None:
    """Draw a flat mask, each element by its rate."""
    if rates.thresholds.size == 1:
        threshold = int(rates.thresholds.reshape(-1)[0])
        if threshold in (0, contract.DROP_ALL):
            place.put(kept, np.full(kept.size, threshold == 0))
        else:
            place.kernels.sample_mask(kept, np.uint64(threshold), *key, *words)
        return
    columns, starts, thresholds, _ = _as_runs(shape, rates)
    place.kernels.sample_mask_rates(kept, columns, place.bring(thresholds), place.bring(starts), *key, *words)


def rates_dropout(place: Place, result: Any, x: Any, rates: Rates, key: Any, words: Any) -> Any:
    """Write x through a mask that is drawn on the way, each element by its rate."""
    columns, *rest = _as_runs(tuple(x.shape), rates)
    starts, thresholds, scales = map(place.bring, rest)
    drop = place.kernels.dropout_rates_forward
    return place.elementwise(
        result, [x], lambda out, x: drop(out, x, columns, thresholds, scales, starts, *key, *words)
    )


def through_rates(place: Place, result: Any, x: Any, kept: Any, smaller: Shape, rates: Rates) -> Any:
    """Write x through a flat mask of a smaller shape, each element with its rate's scale."""
    shape = tuple(x.shape)
    if rates.scales.size == 1:
        if rates.scales.reshape(-1)[0] == 0:
            return place.elementwise(result, [], place.kernels.drop_all)
        zero = x.dtype.type(0) if x.dtype == np.float64 else np.float32(0)
        return through_mask(place, result, x, kept, smaller, (rates.scales.reshape(-1)[0], -zero, zero))
    scales = place.bring(rates.scales.reshape(-1))
    return through_scales(place, result, x, kept, smaller, scales, broadcast(shape, rates.scales.shape, "p"))


def through_mask(place: Place, result: Any, x: Any, kept: Any, smaller: Shape, numbers: tuple[Any, Any, Any]) -> Any:
    """Write x * scale + shift where a flat mask of a smaller shape is True, and a third number elsewhere."""
    layout = rows_of(tuple(x.shape), smaller)
    if isinstance(kept, np.ndarray):
        layout, (kept,) = joined(x.size, layout, kept)
    columns, (starts,), (step,) = layout
    starts, drop = place.bring(starts), place.kernels.apply_mask
    return place.elementwise(result, [x], lambda out, x: drop(out, x, columns, kept, starts, step, *numbers))


def through_scales(
    place: Place, result: Any, x: Any, kept: Any, smaller: Shape, scales: Any, scales_shape: Shape
) -> Any:
    """Write x through a flat mask of a smaller shape, times the flat scales of another one."""
    columns, both, steps = rows_of(tuple(x.shape), smaller, scales_shape)
    starts = [place.bring(one) for one in both]
    drop = place.kernels.apply_mask_rates
    return place.elementwise(
        result, [x], lambda out, x: drop(out, x, columns, kept, starts[0], steps[0], scales, starts[1], steps[1])
    )


def _as_runs(shape: Shape, rates: Rates) -> tuple[int, Any, Any, Any]:
    """Return columns, starts, thresholds and scales, with an element of the latter for each of a row."""
    smaller = list(broadcast(shape, rates.thresholds.shape, "p"))
    for axis in reversed(range(len(shape))):
        if smaller[axis] != 1:
            break
        smaller[axis] = shape[axis]
    whole = [np.array(np.broadcast_to(own, smaller), order="C").reshape(-1) for own in rates]
    layout, values = joined(math.prod(shape), rows_of(shape, tuple(smaller)), *whole)
    return layout.columns, layout.starts[0], values[0], values[1]
