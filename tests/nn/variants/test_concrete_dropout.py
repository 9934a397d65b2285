"""Concrete dropout: learned rates, and their regularizer."""

import math

import numpy as np
import pytest
from numpy_networks import SIZES, logit, network

import numba_dropout as nd
from numba_dropout.nn.updates import RULES
from numba_dropout.nn.variants import concrete_dropout
from numba_dropout.optim import OPTIMIZERS


@pytest.mark.jit_only
def test_rates_decrease_with_more_data(rng):
    """More data reduce the uncertainty of the weights (Gal et al., 2017, section 4.1)."""
    w, rates = rng.standard_normal((5, 3)) / math.sqrt(5), []
    for rows in (20, 2000):
        x = rng.standard_normal((rows, 5))
        y = x @ w + 0.5 * rng.standard_normal((rows, 3))
        net = nd.MLP(SIZES, variant="concrete", dropout=0.2, seed=9, loss="mse", dtype="float64")
        assert net.rates == [0, pytest.approx(0.2), pytest.approx(0.2)]
        assert net.size == 5 * 12 + 12 + 12 * 8 + 8 + 8 * 3 + 3 + 2
        nd.fit(net, x, y, optimizer=nd.SGD(0.01), epochs=40_000 // rows, batch_size=20)
        rates.append(net.rates)
    assert rates[0][0] == rates[1][0] == 0
    assert sum(rates[1]) < 0.5 * sum(rates[0])


def test_gradient_in_evaluation_mode(rng):
    net, x = network("concrete"), rng.standard_normal((6, 5))
    net.backward(net.forward(x, training=True))
    assert net.gradients()["1.logit"] != 0
    net.backward(net.forward(x))
    assert net.gradients()["1.logit"] == 0


def test_rates_near_0_and_1(rng):
    net, x = network("concrete"), rng.standard_normal((6, 5))
    net.load_state_dict({**net.state_dict(), "1.logit": [100.0], "2.logit": [-100.0]})
    assert net.rates == [pytest.approx(0.2), 1, pytest.approx(0)]
    state = net.state_dict()
    expected = np.maximum(state["1.bias"], 0) @ state["2.weight"].T + state["2.bias"]
    np.testing.assert_allclose(net.forward(x, training=True), np.tile(expected, (6, 1)))


def test_regularizer_of_small_rates():
    """In float32, 1 - (1 - p) is not p."""
    from numba_dropout.kernels import cpu

    regularization, weight = np.array([0, 1], np.float32), np.zeros((2, 10), np.float32)
    for p in (1e-5, 1e-8, 1e-20):
        dlogit = np.zeros(1, np.float32)
        cpu.concrete_regularizer(dlogit, np.zeros(256), weight, np.array([logit(p)], np.float32), regularization)
        assert dlogit[0] == pytest.approx(10 * p * (1 - p) * logit(p), rel=1e-5)


def test_train_step_without_regularizers(rng, tmp_path):
    net = nd.MLP(SIZES, variant="concrete", loss="mse", dtype="float64")
    x, y = rng.standard_normal((6, 5)), rng.standard_normal((6, 3))
    with pytest.raises(ValueError, match="train_step: expected a network with weight_regularizer and"):
        net.train_step(x, y, nd.SGD())
    with pytest.raises(ValueError, match=r"dropout_schedule: expected .* got learned rates"):
        nd.fit(net, x, y, optimizer=nd.SGD(), dropout_schedule="linear")
    assert net.rows is None
    nd.fit(net, x, y, optimizer=(optimizer := nd.SGD()), epochs=1)
    net.save(tmp_path / "m.npz")
    loaded = nd.MLP.load(tmp_path / "m.npz")
    assert net.train_step(x, y, optimizer) == loaded.train_step(x, y, nd.SGD())
    with pytest.raises(ValueError, match=r"dropout_schedule: expected .* got learned rates"):
        nd.fit(net, x, y, optimizer=optimizer, dropout_schedule="linear")


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_column_of_weight_decay(name):
    """It is 0 if the weight decay is decoupled from the gradient."""
    optimizer = OPTIMIZERS[name](weight_decay=0.37, clip_norm=1.0)
    hyperparameters = optimizer.hyperparameters(1)[0]
    assert hyperparameters[RULES[optimizer.update].decay] == (0.37 if 0.37 in hyperparameters else 0)
    assert hyperparameters.size <= concrete_dropout.SETTINGS


@pytest.mark.parametrize(("loss", "likelihood"), [("mse", 150), ("huber", 300), ("absolute", 300), ("poisson", 300)])
def test_default_strengths(loss, likelihood):
    """The mean loss over 100 rows of 3 outputs is the negative log-likelihood of the rows over this number."""
    assert concrete_dropout.regularization(loss, 3, 100) == pytest.approx((1e-4 / (2 * likelihood), 1 / likelihood))
