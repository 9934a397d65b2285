"""Data sets: splitting and scaling."""

import numpy as np
import pytest

from numba_dropout import data


def numbered(rows=20):
    return data.Dataset("set", np.arange(2.0 * rows).reshape(rows, 2), np.arange(rows) % 2, classes=[0, 1])


def test_split():
    train, held_out = data.split(numbered(), 0.3, seed=5)
    assert (len(train.x), len(held_out.x)) == (14, 6)
    both = np.concatenate([train.x, held_out.x])
    assert sorted(both[:, 0]) == numbered().x[:, 0].tolist()
    assert np.array_equal(train.y, train.x[:, 0] // 2 % 2)
    assert np.array_equal(held_out.x, data.split(numbered(), 0.3, seed=5)[1].x)
    assert not np.array_equal(held_out.x, data.split(numbered(), 0.3, seed=6)[1].x)


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 2, float("nan"), 0.001, 0.999])
def test_refused_fractions(fraction):
    with pytest.raises(ValueError, match="fraction: "):
        data.split(numbered(), fraction, seed=0)
    with pytest.raises(ValueError, match="val: "):
        data.split(numbered(), fraction, seed=0, name="val")


def test_unknown_scaling():
    with pytest.raises(ValueError, match="method: expected auto, features, pixels or none, got 'feature'"):
        numbered().scaling("feature")


def test_standardization():
    x = np.array([[1, 5, 0.1], [3, 5, 0.1], [8, 5, 0.1]])
    offset, scale = data.standardization(x)
    scaled = (x - offset) * scale
    assert np.allclose(scaled.mean(0), 0)
    assert np.allclose(scaled.std(0), [1, 0, 0])
