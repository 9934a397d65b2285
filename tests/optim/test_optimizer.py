"""All optimizers: their arguments, the state of one network, and pickling."""

import pickle

import numpy as np
import pytest

import numba_dropout as nd
from numba_dropout.optim import step_decay


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nd.SGD(lr=-1), "lr: expected a number at least 0, got -1"),
        (lambda: nd.SGD(lr=np.nan), "lr: .* got nan"),
        (lambda: nd.Adam(weight_decay=-1), "weight_decay"),
        (lambda: nd.Adam(max_norm=0), "max_norm"),
        (lambda: nd.Adam(clip_norm=-1), "clip_norm: expected a number above 0, got -1"),
    ],
)
def test_invalid_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("make", [nd.SGD, nd.Adam, nd.AdamW])
def test_learning_rate_of_0(make, rng):
    """Nothing changes, as in PyTorch."""
    net = nd.MLP([3, 4, 2], seed=0)
    before = {name: value.copy() for name, value in net.weights().items()}
    optimizer = make(lr=0, weight_decay=0.1)
    for _ in range(3):
        net.train_step(rng.standard_normal((5, 3)), rng.integers(0, 2, 5), optimizer)
    assert optimizer.step == 3
    for name, value in net.weights().items():
        assert np.array_equal(value, before[name])


def test_bind_to_another_network():
    optimizer = nd.SGD()
    optimizer.bind(np.zeros(3))
    with pytest.raises(ValueError, match="optimizer: expected a new one"):
        optimizer.bind(np.zeros(3))


def test_pickle():
    optimizer = pickle.loads(pickle.dumps(nd.SGD(0.5, schedule=step_decay(2, 0.1))))
    assert np.allclose(optimizer.rates(3), [0.5, 0.5, 0.05])
