"""Statistical tests of masks and noise, on up to 10^8 numbers, with bounds of four standard errors.

The numbers are pure functions of the seed, so that the results never change.
"""

import itertools
import math

import numpy as np
import pytest

import numba_dropout as nd

pytestmark = [pytest.mark.full, pytest.mark.jit_only]

N = 10**8
BOUND = 4.0  # standard errors
RATES = [1e-6, 1e-4, 0.001, 0.1, 0.5, 0.9, 0.999, 1 - 1e-4, 1 - 1e-6]
LAGS = [*range(1, 65), *range(128, 640, 64)]


def kept_share(p):
    """Return the share of kept elements after p is rounded to a threshold."""
    return 1 - round(p * 2**32) / 2**32


def deviation(count, n, q):
    """Return the deviation of a count of n draws, in standard errors."""
    return (count - n * q) / math.sqrt(n * q * (1 - q))


def correlation(a, b, q):
    """Return the correlation of two masks, in standard errors."""
    both, first, second = (np.count_nonzero(mask) for mask in (a & b, a, b))
    centred = both - q * (first + second) + a.size * q * q
    return centred / (math.sqrt(a.size) * q * (1 - q))


@pytest.mark.parametrize("p", RATES)
def test_rate(p):
    mask = nd.sample_mask(N, p, seed=11)
    assert abs(deviation(np.count_nonzero(mask), N, kept_share(p))) < BOUND


@pytest.mark.parametrize("p", [0.001, 0.9])
def test_rates_finer_than_8_bits(p):
    """Rates in 256ths would be 0 or 0.0039, and 0.8984: more than 50 standard errors off."""
    dropped = N - np.count_nonzero(nd.sample_mask(N, p, seed=12))
    assert abs(deviation(dropped, N, p)) < BOUND
    assert abs(deviation(dropped, N, round(p * 256) / 256 or 1 / 256)) > 50
    mean = nd.dropout(np.ones(N, np.float32), p, seed=12).mean(dtype=np.float64)
    assert abs(mean - 1) < BOUND * math.sqrt(p / (1 - p) / N)


@pytest.mark.parametrize("p", [0.1, 0.5])
def test_autocorrelation(p):
    mask = nd.sample_mask(N, p, seed=13)
    correlations = [correlation(mask[:-lag], mask[lag:], kept_share(p)) for lag in LAGS]
    assert max(map(abs, correlations)) < BOUND
    assert 0.7 < np.std(correlations) < 1.3


@pytest.mark.parametrize("what", ["step", "stream", "seed", "row"])
def test_correlation_of_neighbouring_masks(what):
    """Correlations of a mask with those of the next steps, streams, seeds and rows."""
    n, p = 2**20, 0.3
    count = N // n + 1

    def mask(number):
        at = {"seed": 14, **({"offset": number * n} if what == "row" else {what: number + 14 * (what == "seed")})}
        return nd.sample_mask(n, p, **at)

    masks = [mask(number) for number in range(max(count, LAGS[-1] + 1))]
    correlations = [correlation(masks[0], masks[lag], kept_share(p)) for lag in LAGS]
    correlations += [correlation(a, b, kept_share(p)) for a, b in itertools.pairwise(masks)]
    assert np.mean(np.abs(correlations) > 3) < 0.01
    assert max(map(abs, correlations)) < 4.5
    assert 0.9 < np.std(correlations) < 1.1


@pytest.mark.parametrize("p", [0.2, 0.5, 0.9])
def test_runs(p):
    """The number of runs given the number of kept elements (Wald & Wolfowitz, 1940)."""
    mask = nd.sample_mask(N, p, seed=15)
    kept = np.count_nonzero(mask)
    pairs = 2.0 * kept * (N - kept)
    runs = 1 + np.count_nonzero(mask[1:] != mask[:-1])
    spread = math.sqrt(pairs * (pairs - N) / (N * N * (N - 1.0)))
    assert abs(runs - 1 - pairs / N) / spread < BOUND


@pytest.mark.parametrize("p", [0.2, 0.5, 0.9])
def test_gaps(p):
    """The distances between kept elements are geometric (Knuth, volume 2, 3.3.2 D): a chi-squared test."""
    gaps = np.diff(np.flatnonzero(nd.sample_mask(N, p, seed=16)))
    q = kept_share(p)
    longest = int(math.log(1e-5) / math.log(1 - q))
    counts = np.bincount(np.minimum(gaps, longest), minlength=longest + 1)[1:]
    shares = q * (1 - q) ** np.arange(longest)
    shares[-1] = (1 - q) ** (longest - 1)
    expected = gaps.size * shares
    freedom = longest - 1
    chi2 = ((counts - expected) ** 2 / expected).sum()
    normal = ((chi2 / freedom) ** (1 / 3) - 1 + 2 / (9 * freedom)) / math.sqrt(2 / (9 * freedom))  # Wilson & Hilferty
    assert abs(normal) < BOUND


@pytest.mark.parametrize("p", [0.001, 0.3, 0.9])
def test_mean_and_variance_of_dropout(p):
    """The output for x = 1 has mean 1 and variance p / (1 - p)."""
    y = nd.dropout(np.ones(N, np.float32), p, seed=17).astype(np.float64)
    variance = p / (1 - p)
    assert abs(y.mean() - 1) < BOUND * math.sqrt(variance / N)
    fourth = p + (1 - p) * (p / (1 - p)) ** 4  # E (y - 1)^4
    spread = math.sqrt((fourth - variance**2) / N)
    assert abs(((y - 1) ** 2).mean() - variance) < BOUND * spread + 1e-6  # the scale is rounded to float32


@pytest.mark.parametrize("p", [0.05, 0.5])
def test_mean_and_variance_of_alpha_dropout(p):
    n = N // 4
    x = nd.gaussian_noise(np.zeros(n), 1.0, seed=18)
    y = nd.alpha_dropout(x, p, seed=19)
    fourth = ((y - y.mean()) ** 4).mean()
    assert abs(y.mean()) < BOUND / math.sqrt(n)
    assert abs(y.var() - 1) < BOUND * math.sqrt((fourth - 1) / n)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_normal_numbers(dtype):
    """Moments, tails and autocorrelation of the noise."""
    z = nd.gaussian_noise(np.zeros(N // 2, dtype), 1.0, seed=20).astype(np.float64)
    n = z.size
    for power, moment, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert abs((z**power).mean() - moment) < BOUND * math.sqrt(variance / n), power
    for bound in (1, 2, 3, 4, 5):
        beyond = math.erfc(bound / math.sqrt(2))
        assert abs(deviation(np.count_nonzero(np.abs(z) > bound), n, beyond)) < BOUND, bound
    for lag in (1, 2, 3, 4, 5, 8, 16, 64):
        assert abs((z[:-lag] * z[lag:]).mean()) < BOUND / math.sqrt(n), lag


@pytest.mark.parametrize("p", [0.3, 0.7])
def test_mean_and_variance_of_gaussian_dropout(p):
    y = nd.gaussian_dropout(np.ones(N // 2, np.float32), p, seed=21).astype(np.float64)
    variance = p / (1 - p)
    assert abs(y.mean() - 1) < BOUND * math.sqrt(variance / y.size)
    assert abs(y.var() - variance) < BOUND * variance * math.sqrt(2 / y.size)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("p", [0.01, 0.3, 0.9])
def test_quantiles_of_concrete_dropout(p, dtype):
    """The mask exceeds s where odds(u) > odds(p) * odds(s)^(1/10), u uniform."""
    logit = math.log(p / (1 - p))
    shares = nd.concrete_dropout(np.ones(N // 4, dtype), logit, seed=25) * (1 - p)
    for s in (0.01, 0.5, 0.99):
        odds = p / (1 - p) * (s / (1 - s)) ** 0.1
        assert abs(deviation(np.count_nonzero(shares > s), shares.size, 1 / (1 + odds))) < BOUND, s


def test_array_of_rates():
    rates = np.linspace(0.001, 0.999, 1000)
    kept = nd.sample_mask((N // 1000, 1000), rates, seed=22).sum(0)
    deviations = [deviation(count, N // 1000, kept_share(p)) for count, p in zip(kept, rates, strict=True)]
    assert max(map(abs, deviations)) < 4.5
    assert 0.9 < np.std(deviations) < 1.1


def test_drop_block():
    """Blocks of side 1 drop a share p. Larger ones leave (1 - gamma)^(block_size^2) of the inner elements."""
    x = np.ones((1000, 10, 100, 100), np.float32)
    assert abs(deviation(np.count_nonzero(nd.drop_block2d(x, 0.1, 1, seed=23)), x.size, 0.9)) < BOUND
    del x
    y = nd.drop_block2d(np.ones((200, 10, 100, 100), np.float32), 0.1, 5, seed=24)
    inner = y[:, :, 4:96, 4:96] != 0
    gamma = 0.1 * 100 * 100 / (25 * 96 * 96)
    assert inner.mean() == pytest.approx((1 - gamma) ** 25, abs=0.001)
