"""Uniform numbers, bits and orders against the contract in Python's integers."""

import naive
import numpy as np
import pytest

import numba_dropout as nd
from numba_dropout.arrays import random
from numba_dropout.kernels.scalar.philox import PURPOSE


@pytest.mark.parametrize(("dtype", "oracle"), [(np.float32, naive.uniform24), (np.float64, naive.uniform53)])
def test_uniform(dtype, oracle):
    for seed, site in [(0, 0), (2**63 + 5, 3)]:
        actual = random.uniform(np.empty(50, dtype), 0, 1, "initialisation", seed=seed, site=site)
        assert actual.tolist() == [dtype(oracle(i, seed, PURPOSE["initialisation"] | site)) for i in range(50)]


@pytest.mark.jit_only
def test_uniform_interval():
    numbers = random.uniform(np.empty((1000, 100), np.float32), -2, 3, "noise", seed=1)
    assert -2 < numbers.min() < -1.99
    assert 2.99 < numbers.max() <= 3
    assert abs(numbers.mean(dtype=float) - 0.5) < 4 * 5 / np.sqrt(12 * numbers.size)


def test_extremes_of_uniform():
    ends = random.uniform24(np.array([0, 2**32 - 1], np.uint32))
    assert ends[0] == 2.0**-25
    assert ends[1] < np.float32(ends[1]) == 1
    assert random.uniform53(np.array([0, 2**64 - 1], np.uint64)).tolist() == [2.0**-54, 1]


def test_uniform_in_chunks(monkeypatch):
    for dtype in (np.float32, np.float64):
        expected = random.uniform(np.empty(101, dtype), -1, 2, "noise", seed=1)
        monkeypatch.setattr(random, "CHUNK", 10)
        assert np.array_equal(random.uniform(np.empty(101, dtype), -1, 2, "noise", seed=1), expected)


def test_permutation():
    words = [naive.bits64(i, 9, PURPOSE["shuffling"], 4) for i in range(40)]
    assert random.permutation(40, "shuffling", seed=9, step=4).tolist() == sorted(range(40), key=words.__getitem__)
    assert sorted(random.permutation(41, "splitting", seed=9).tolist()) == list(range(41))


def test_permutation_of_equal_words(monkeypatch):
    words = np.random.default_rng(0).integers(0, 50, 1000).astype(np.uint64)
    monkeypatch.setattr(random.cpu, "random_bits", lambda out, *_: np.copyto(out, words))
    assert random.permutation(1000, "shuffling", seed=0).tolist() == sorted(range(1000), key=words.__getitem__)


def test_purposes_are_distinct():
    """Sites fill bits 0..23 and the tie bit is 31, so purposes must differ in bits 24..30."""
    assert [value >> 24 for value in PURPOSE.values()] == list(range(8))
    assert all(value & 0x80FFFFFF == 0 for value in PURPOSE.values())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_weights_are_he_uniform_and_biases_zero(dtype):
    net = nd.MLP([5, 4, 3], seed=2**64 - 1, dtype=np.dtype(dtype).name)
    oracle = naive.uniform24 if dtype == np.float32 else naive.uniform53
    for layer, (inputs, units) in enumerate([(5, 4), (4, 3)]):
        bound = np.sqrt(6 / inputs)
        stream = PURPOSE["initialisation"] | layer
        expected = [-bound + 2 * bound * oracle(i, 2**64 - 1, stream) for i in range(inputs * units)]
        weight = net.state_dict()[f"{layer}.weight"]
        assert weight.dtype == dtype
        assert np.allclose(weight.ravel(), expected, rtol=2 * np.finfo(dtype).eps, atol=0)
        assert not net.state_dict()[f"{layer}.bias"].any()
