"""All implementations of the generator against its published known answers."""

from pathlib import Path

import naive
import numpy as np
import pytest
from numba import njit

from numba_dropout import reference
from numba_dropout.kernels.scalar import philox

KNOWN = [
    [int(word, 16) for word in line.split()]
    for line in (Path(__file__).parents[1] / "support" / "philox_vectors.txt").read_text().splitlines()
    if not line.startswith("#")
]


@njit
def compiled(c0, c1, c2, c3, k0, k1):
    return philox.philox4x32(c0, c1, c2, c3, k0, k1)


@pytest.mark.parametrize("known", KNOWN)
def test_known_answers(known):
    counter, key, output = known[:4], known[4:6], known[6:]
    assert list(naive.philox4x32(counter, key)) == output
    assert list(compiled(*np.array(counter + key, np.uint64))) == output
    assert reference.philox4x32(np.array(counter, np.uint64), key[1] << 32 | key[0]).tolist() == output


def test_number_of_known_answers():
    assert len(KNOWN) == 3


def test_range_of_words_and_halves(rng):
    for counter in rng.integers(0, 2**32, (50, 6), dtype=np.uint64):
        words = compiled(*counter)
        assert list(words) == list(naive.philox4x32(counter[:4].tolist(), counter[4:].tolist()))
        assert all(word <= 0xFFFFFFFF for word in words)
