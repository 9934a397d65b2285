"""Kernels of masks against the reference of the mask contract."""

import naive
import numpy as np
import pytest
from backends import position, threshold

from numba_dropout import reference

SIZES = [1, 7, 8, 9, 300]
OFFSETS = [0, 3, 8, 2**35 + 5, 2**62 + 1]
AT = {"seed": 2**63 + 7, "stream": 9, "step": 2**32 - 1}


@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("n", SIZES)
def test_sample_mask(backend, n, offset):
    expected = reference.sample_mask(n, 0.3, **AT, offset=offset)
    mask = backend.run("sample_mask", np.ones(n, bool), threshold(0.3), *position(**AT, offset=offset))[0]
    assert np.array_equal(mask, expected)


@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("n", SIZES)
def test_sample_packed_mask(backend, n, offset):
    expected = np.packbits(reference.sample_mask(n, 0.3, **AT, offset=offset), bitorder="little")
    packed = np.full((n + 7) // 8, 0xFF, np.uint8)
    result = backend.run("sample_packed_mask", packed, n, threshold(0.3), *position(**AT, offset=offset))[0]
    assert np.array_equal(result, expected)


@pytest.mark.parametrize("p", [2**-32, 1e-9, 0.1, 0.5, 0.9, 1 - 1e-9])
def test_probabilities(backend, p):
    mask = backend.run("sample_mask", np.empty(100, bool), threshold(p), *position())[0]
    assert np.array_equal(mask, reference.sample_mask(100, p, seed=5))


def test_ties(backend):
    """If a threshold's high half equals an element's number, the low half decides. Both outcomes are tested."""
    for i in range(0, 32, 5):
        high = naive.half(i, 3, 0, 0)
        low = naive.half(i, 3, 1 << 31, 0)
        for low_half in {low, min(low + 1, 0xFFFF)}:
            t = np.uint64(high << 16 | low_half)
            mask = backend.run("sample_mask", np.empty(40, bool), t, *position(3))[0]
            assert mask[i] == (low >= low_half)
            assert mask.tolist() == [naive.kept(j, int(t) / 2**32, 3, 0, 0) for j in range(40)]


@pytest.mark.parametrize("n", [1, 20, 29, 32])
def test_pack_and_unpack(backend, n, rng):
    mask = rng.random(n) < 0.5
    packed = np.packbits(mask, bitorder="little")
    assert np.array_equal(backend.run("pack_mask", np.zeros_like(packed), mask)[0], packed)
    assert np.array_equal(backend.run("unpack_mask", np.zeros(n, bool), packed)[0], mask)
