"""The built-in data sets."""

import naive
import numpy as np

import numba_dropout as nd
from numba_dropout import data


def test_pipeline():
    dataset = data.load("pipeline")
    assert dataset.x.shape == (1000, 20)
    assert np.bincount(dataset.y).tolist() == [334, 333, 333]
    assert np.array_equal(dataset.x, data.load("pipeline").x)
    assert np.isfinite(dataset.x).all()
    net = nd.MLP([20, 3])
    net.classes = [0, 1, 2]
    assert np.array_equal(data.load_for(net, "pipeline").y, dataset.y)


def test_values_of_pipeline():
    """The values are those of the counter-based generator in Python's arithmetic."""
    pipeline = data.load("pipeline")
    assert pipeline.x.shape == (1000, 20)
    assert np.bincount(pipeline.y).tolist() == [334, 333, 333]
    stream = 6 << 24
    for row in (0, 1, 2, 3, 999):
        for column in range(20):
            centre = -1.25 + 2.5 * naive.uniform53(20 * (row % 3) + column, 0, stream)
            scatter = -2.0 + 4.0 * naive.uniform53(20 * row + column, 0, stream | 1)
            assert pipeline.x[row, column] == centre + scatter
    assert np.isfinite(pipeline.x).all()
