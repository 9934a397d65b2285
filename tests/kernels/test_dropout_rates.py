"""Kernels of dropout with a rate for each element, against the mask contract in Python's integers."""

import naive
import numpy as np
import pytest
from backends import all_precisions, position
from dtypes import cast, same_numbers, scalar, widen

shapes = pytest.mark.parametrize(("n", "columns"), [(1, 1), (29, 7), (32, 16), (20, 40)])
offsets = pytest.mark.parametrize("offset", [0, 3, 2**62 + 1])


def broadcast_rates(n, columns, rng):
    """Return three rows of rates, the start of each row of an array's rates, and the index of each element's rate."""
    rates = np.round(rng.random(3 * columns), 1)
    starts = rng.integers(0, 3, -(-n // columns)) * columns
    return rates, starts, (starts[:, None] + np.arange(columns)).reshape(-1)[:n]


def thresholds(rates):
    return np.rint(rates * 2**32).astype(np.uint64)


def contract_mask(rates, offset):
    return np.array([naive.kept(offset + i, p, 5, 1, 2) for i, p in enumerate(rates)])


@offsets
@shapes
def test_sample_mask_rates(backend, n, columns, offset, rng):
    rates, starts, index = broadcast_rates(n, columns, rng)
    mask = contract_mask(rates[index], offset)
    arguments = columns, thresholds(rates), starts, *position(5, 1, 2, offset)
    assert np.array_equal(backend.run("sample_mask_rates", ~mask, *arguments)[0], mask)


@all_precisions
@offsets
@shapes
def test_dropout_rates(backend, dtype, n, columns, offset, rng):
    x = cast(rng.standard_normal(n), dtype)
    rates, starts, index = broadcast_rates(n, columns, rng)
    scales = rng.random(rates.size).astype(scalar(0, dtype).dtype)
    kept = contract_mask(rates[index], offset)
    expected = cast(np.where(kept, widen(x) * scales[index], scalar(0, dtype)), dtype)
    arguments = columns, thresholds(rates), scales, starts, *position(5, 1, 2, offset)
    for kernel in ("dropout_rates_forward", "dropout_rates_backward"):
        assert same_numbers(backend.run(kernel, np.zeros_like(x), x, *arguments)[0], expected)


def test_ties(backend):
    """The high half of each threshold is its element's number."""
    halves = [(naive.half(i, 5, 0, 0), naive.half(i, 5, 1 << 31, 0)) for i in range(24)]
    low_halves = [min(low + i % 2, 0xFFFF) for i, (_, low) in enumerate(halves)]
    numbers = np.array([high << 16 | low for (high, _), low in zip(halves, low_halves, strict=True)], np.uint64)
    arguments = 24, numbers, np.zeros(1, np.int64), *position()
    mask = backend.run("sample_mask_rates", np.zeros(24, bool), *arguments)[0]
    assert mask.tolist() == [low >= low_half for (_, low), low_half in zip(halves, low_halves, strict=True)]
