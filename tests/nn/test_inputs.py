"""Inputs of networks: scaling, and batches that are refused."""

import numpy as np
import pytest

import numba_dropout as nd


def test_scale_input(rng):
    x = rng.integers(0, 256, (6, 4), dtype=np.uint8)
    net, plain = nd.MLP([4, 5, 3], seed=1, dtype="float64"), nd.MLP([4, 5, 3], seed=1, dtype="float64")
    net.scale_input([1, 2, 3, 4], 1 / 255)
    scaled = (x - np.arange(1.0, 5)) * (1 / 255)
    assert np.array_equal(net.forward(x), plain.forward(scaled))
    assert np.array_equal(net.forward(x.astype(np.int32)), net.forward(x))


@pytest.mark.parametrize("scaling", [(np.zeros(3), 1), (0, 0), (np.nan, 1), (0, [1, 1, 1, -1])])
def test_invalid_scaling(scaling):
    with pytest.raises(ValueError, match="offset, scale"):
        nd.MLP([4, 3]).scale_input(*scaling)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.ones((3, 5)), [0, 1, 2], r"x: expected shape \(rows, 4\), got \(3, 5\)"),
        (np.ones(4), [0], r"x: expected shape \(rows, 4\), got \(4,\)"),
        (np.ones((3, 4)), [0, 1], "y: expected 3 rows like x, got 2"),
        (np.ones((3, 4)), [0, 1, 3], "y: expected labels from 0 to 2, got 0 to 3"),
        (np.ones((3, 4)), [0.0, 1.0, 2.0], "y: expected labels"),
    ],
)
def test_invalid_batches(x, y, message):
    with pytest.raises(ValueError, match=message):
        nd.MLP([4, 5, 3]).train_step(x, y, nd.SGD())
