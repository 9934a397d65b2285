"""Sums of gradients over the chunks of a batch."""

import pytest
from backends import full_precision
from dtypes import same_numbers


@full_precision
@pytest.mark.parametrize("n", [0, 1, 9, 300, 40_000])
def test_accumulate(backend, dtype, n, rng):
    total, values = rng.standard_normal((2, n)).astype(dtype)
    assert same_numbers(backend.run("accumulate", total, values)[0], total + values)
