"""The kernel of DropBlock's masks against loops over its squares."""

import numpy as np
import pytest
from backends import full_precision

SAMPLES, CHANNELS, HEIGHT, WIDTH = 2, 2, 3, 4


@full_precision
@pytest.mark.parametrize("block", [1, 2, 3])
def test_block_mask(backend, dtype, block, rng):
    seeds = rng.random((SAMPLES, CHANNELS, HEIGHT - block + 1, WIDTH - block + 1)) < 0.8
    expected = np.ones((SAMPLES, CHANNELS, HEIGHT, WIDTH), bool)
    for sample, channel, i, j in np.argwhere(~seeds):
        expected[sample, channel, i : i + block, j : j + block] = False
    kept = expected.sum((1, 2, 3))
    arguments = np.full(SAMPLES, 7, dtype), seeds.reshape(-1), HEIGHT, WIDTH, block
    mask, scales = backend.run("block_mask", ~expected.reshape(-1), *arguments)[:2]
    assert np.array_equal(mask, expected.reshape(-1))
    assert np.array_equal(scales, (CHANNELS * HEIGHT * WIDTH / kept).astype(dtype))
