"""Medians, spreads, intervals and means."""

import math

import pytest
from numba_dropout_bench import medians


def test_median_and_spread():
    assert medians.median([3.0, 1.0, 2.0]) == 2.0
    assert medians.spread([1.0, 2.0, 3.0, 4.0, 5.0]) == pytest.approx(100 * (4 - 2) / 3)
    assert medians.spread([7.0] * 4) == 0
    assert medians.geometric_mean([1.0, 4.0, 2.0]) == pytest.approx(2.0)


@pytest.mark.parametrize("values", [[], [math.nan], [math.nan, 1.0], [math.inf]])
def test_nan_and_infinity(values):
    assert medians.median(values) is None
    assert medians.interval(values) is None


@pytest.mark.parametrize("n", [5, 6, 11, 15, 60, 220, 2000])
def test_interval(n):
    """The ranks follow from the binomial distribution, which is summed here in integers."""
    interval = medians.interval(list(range(n)))
    if n < 6:
        assert interval is None
        return
    low, high = interval
    assert low + high == n - 1

    def outside(k):  # the chance that fewer than k values are below the median, or above it, times 2**n
        return 2 * sum(math.comb(n, i) for i in range(k))

    assert outside(low + 1) * 20 <= 2**n < outside(low + 2) * 20
