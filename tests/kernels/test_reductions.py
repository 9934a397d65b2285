"""Kernels of sums against sums in Python's floats."""

import math

import numpy as np
import pytest
from backends import full_precision


@full_precision
@pytest.mark.parametrize("n", [1, 300])
def test_batch_sums(backend, dtype, n, rng):
    losses, correct = rng.random(n).astype(dtype), (rng.random(n) < 0.5).astype(dtype)
    sums = backend.run("batch_sums", np.empty(2), losses, correct)[0]
    assert sums[0] == pytest.approx(math.fsum(losses), rel=1e-14)
    assert sums[1] == correct.sum()


def test_batch_sums_add_in_float64(backend):
    values = np.full(1000, 0.1, np.float32)
    sums = backend.run("batch_sums", np.empty(2), values, np.ones(1000, np.float32))[0]
    assert sums[0] == pytest.approx(1000 * float(np.float32(0.1)), rel=1e-14)
    assert sums[1] == 1000
