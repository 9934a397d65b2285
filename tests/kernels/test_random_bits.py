"""The kernel of random bits against Philox in Python's integers."""

import naive
import numpy as np
import pytest
from backends import position


@pytest.mark.parametrize("offset", [0, 1, 5, 2**61])
@pytest.mark.parametrize("n", [1, 2, 5, 64])
def test_random_bits(backend, n, offset):
    bits = backend.run("random_bits", np.empty(n, np.uint64), *position(1, 2, 3, offset))[0]
    assert bits.tolist() == [naive.bits64(offset + i, 1, 2, 3) for i in range(n)]
