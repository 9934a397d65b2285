"""The network: arguments, steps, seeds and training."""

import numpy as np
import pytest
from networks import parameters, problem

import numba_dropout as nd


def test_step(rng):
    net, (x, y) = nd.MLP([4, 5, 3], dropout=0.5), problem(rng)
    first = net.forward(x, training=True)
    assert np.array_equal(first, net.forward(x, training=True))
    net.backward(np.zeros_like(first))
    assert net.step == 0
    net.train_step(x, y, nd.SGD(lr=1e-30))
    assert net.step == 1
    assert not np.array_equal(first, net.forward(x, training=True))
    assert np.allclose(first, net.forward(x, training=True, step=0), rtol=0, atol=1e-28)


def test_seed(rng):
    x, y = problem(rng)

    def trained(seed):
        net = nd.MLP([4, 8, 3], seed=seed)
        history = nd.fit(net, x, y, optimizer=nd.Adam(), epochs=2, batch_size=8)
        return parameters(net), history.column("loss")

    assert np.array_equal(trained(1)[0], trained(1)[0])
    assert trained(1)[1] == trained(1)[1]
    assert not np.array_equal(trained(1)[0], trained(2)[0])


@pytest.mark.parametrize(
    ("loss", "dtype"),
    [
        *(("cross_entropy", "float32"), ("cross_entropy", "float64"), ("mse", "float32"), ("bce", "float32")),
        *(pytest.param(loss, "float64", marks=pytest.mark.compiles_long) for loss in ("mse", "bce")),
        *(pytest.param(loss, "float32", marks=pytest.mark.compiles_long) for loss in ("huber", "absolute", "poisson")),
    ],
)
def test_training_lowers_the_loss(loss, dtype, rng):
    x = rng.standard_normal((200, 4))
    y = {"cross_entropy": (x[:, 0] > 0).astype(int), "bce": (x[:, :1] > 0) * 1.0, "poisson": (x[:, :1] > 0) * 9.0}
    y = y.get(loss, x[:, :1] * 2)
    net = nd.MLP([4, 16, 2 if loss == "cross_entropy" else 1], dropout=0.1, loss=loss, dtype=dtype)
    before = nd.evaluate(net, x, y)["loss"]
    nd.fit(net, x, y, optimizer=nd.Adam(0.01), epochs=5, batch_size=20)
    assert nd.evaluate(net, x, y)["loss"] < before / 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sizes": [4]}, "sizes: expected at least two"),
        ({"sizes": [4, 0, 3]}, "sizes: expected an integer from 1"),
        ({"sizes": [4, 1]}, "at least 2 outputs"),
        ({"dropout": 1.5}, "dropout: dropout probability has to be between 0 and 1, but got 1.5"),
        ({"dropout": [0.1, 0.2]}, "one for each of the 1 hidden layers"),
        ({"input_dropout": float("nan")}, "input_dropout: .* got nan"),
        ({"loss": "hinge"}, "loss: expected one of cross_entropy, bce, mse, huber, absolute, poisson, got 'hinge'"),
        ({"dtype": "float16"}, "dtype: expected float32 or float64"),
        ({"seed": -1}, "seed"),
        ({"dtype": None}, "dtype"),
        ({"sizes": [2**31 - 1] * 3}, "sizes: .* parameters"),
        ({"device": "gpu"}, "device: expected cpu, cuda, cuda:0, .* or auto, got .gpu."),
    ],
)
def test_invalid_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        nd.MLP(**{"sizes": [4, 5, 3], **arguments})


def test_backward_without_forward(rng):
    net, (x, y) = nd.MLP([4, 3]), problem(rng)
    with pytest.raises(ValueError, match="forward"):
        net.backward(np.zeros((30, 3)))
    for between in (lambda: net.train_step(x, y, nd.SGD()), lambda: net.evaluate_loss(x, y), lambda: net.predict(x)):
        net.forward(x)
        between()
        with pytest.raises(ValueError, match="forward"):
            net.backward(np.zeros((30, 3)))


def test_no_rows(rng):
    net, (x, y) = nd.MLP([4, 3]), problem(rng)
    for call in (lambda: net.train_step(x[:0], y[:0], nd.SGD()), lambda: nd.evaluate(net, x[:0], y[:0])):
        with pytest.raises(ValueError, match="at least one row"):
            call()
    assert net.predict(x[:0]).shape == (0,)
    assert net.forward(x[:0]).shape == (0, 3)
