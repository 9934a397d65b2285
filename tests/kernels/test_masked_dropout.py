"""Kernels of dropout with a mask as argument, against NumPy."""

import numpy as np
import pytest
from backends import all_precisions
from dtypes import cast, same_numbers, scalar, widen

shapes = pytest.mark.parametrize(("n", "columns"), [(1, 1), (29, 7), (32, 16), (20, 40)])
strides = pytest.mark.parametrize("stride", [1, 0])


def broadcast(n, columns, stride, rng):
    """Return the mask row of each row of an array, its start in the mask, and the index of each element's mask."""
    rows = rng.integers(0, 3, -(-n // columns))
    starts = rows * (columns if stride else 1)
    return rows, starts, (starts[:, None] + np.arange(columns) * stride).reshape(-1)[:n]


@all_precisions
@strides
@shapes
def test_masked_dropout(backend, dtype, n, columns, stride, rng):
    x = cast(rng.standard_normal(n).astype(np.float16), dtype)  # products are exact, whether or not a sum is fused
    mask = rng.random(3 * columns) < 0.5
    _, starts, index = broadcast(n, columns, stride, rng)
    factor, shift, dropped = (scalar(value, dtype) for value in (1.5, 0.25, -0.75))
    expected = cast(np.where(mask[index], widen(x) * factor + shift, dropped), dtype)
    arguments = columns, mask, starts, stride, factor, shift, dropped
    assert same_numbers(backend.run("masked_dropout_forward", np.zeros_like(x), x, *arguments)[0], expected)


@all_precisions
@strides
@shapes
def test_masked_dropout_rates(backend, dtype, n, columns, stride, rng):
    x, mask = cast(rng.standard_normal(n), dtype), rng.random(3 * columns) < 0.5
    rows, starts, index = broadcast(n, columns, stride, rng)
    scales, scale_starts = rng.random(3 * columns).astype(scalar(0, dtype).dtype), rows * columns
    each_scale = scales[(scale_starts[:, None] + np.arange(columns)).reshape(-1)[:n]]
    expected = cast(np.where(mask[index], widen(x) * each_scale, scalar(0, dtype)), dtype)
    arguments = columns, mask, starts, stride, scales, scale_starts, 1
    assert same_numbers(backend.run("masked_dropout_rates_forward", np.zeros_like(x), x, *arguments)[0], expected)


@all_precisions
@pytest.mark.parametrize("n", [1, 20, 29, 32])
def test_masked_dropout_packed(backend, dtype, n, rng):
    x, mask, factor = cast(rng.standard_normal(n), dtype), rng.random(n) < 0.5, scalar(1.5, dtype)
    packed = np.packbits(mask, bitorder="little")
    expected = cast(np.where(mask, widen(x) * factor, scalar(0, dtype)), dtype)
    assert same_numbers(backend.run("masked_dropout_packed_forward", np.zeros_like(x), x, packed, factor)[0], expected)
