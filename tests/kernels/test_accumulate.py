"""Sums of gradients over the chunks of a batch."""

import pytest
from backends import cpu_only, full_precision
from dtypes import same_numbers


@full_precision
@pytest.mark.parametrize("n", [0, 1, 9, 300])
def test_accumulate(backend, dtype, n, rng):
    check(backend, dtype, n, rng)


@cpu_only
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_accumulate_on_several_threads(backend, dtype, rng):
    check(backend, dtype, 40_000, rng)


def check(backend, dtype, n, rng):
    total, values = rng.standard_normal((2, n)).astype(dtype)
    assert same_numbers(backend.run("accumulate", total, values)[0], total + values)
