"""Spread and prediction intervals of values."""

import numpy as np
import pytest

import numba_dropout as nd
from numba_dropout.training import prediction_table
from numba_dropout.training.evaluate import evaluation
from numba_dropout.training.intervals import check_level, value_spread
from numba_dropout.training.noise import Noise

X = np.linspace(-2, 5, 18).reshape(6, 3)


def network(outputs=1):
    net = nd.MLP([3, 16, outputs], dropout=0.4, loss="mse", dtype="float64", seed=2)
    net.scale_target(np.full(outputs, 50.0), np.full(outputs, 0.1))
    return net


@pytest.mark.parametrize("outputs", [1, 2])
def test_columns(outputs):
    net = network(outputs)
    net.tau = [0.25, 0.04][:outputs]
    result = prediction_table.table(net, X, samples=30, interval=0.95)
    numbers = [""] if outputs == 1 else [" 1", " 2"]
    kinds = ["prediction", "model std", "noise std", "total std", "lower", "upper"]
    assert result.names == [kind + number for kind in kinds for number in numbers]
    expected = net.predict_mc(X, 30)
    model, noise, total, lower, upper = np.split(result.figures, 5, axis=1)
    np.testing.assert_array_equal(result.values, expected.mean)
    np.testing.assert_array_equal(model, expected.std)
    np.testing.assert_allclose(noise, np.broadcast_to([2.0, 5.0][:outputs], noise.shape))
    np.testing.assert_allclose(total, np.sqrt(expected.variance + noise**2))
    np.testing.assert_allclose(lower, expected.mean - 1.959963984540054 * total, rtol=1e-12)
    np.testing.assert_allclose(upper, expected.mean + 1.959963984540054 * total, rtol=1e-12)


def test_unknown_noise():
    assert prediction_table.table(network(), X, samples=5).names == ["prediction", "model std"]
    with pytest.raises(ValueError, match="does not know the precision of its noise"):
        prediction_table.table(network(), X, samples=5, interval=0.9)


@pytest.mark.parametrize("level", [0, 1, -0.5, float("nan")])
def test_refused_levels(level):
    with pytest.raises(ValueError, match="interval: expected a number"):
        check_level(level)


def test_refused_intervals():
    for net, samples in ((network(), None), (nd.MLP([3, 2]), 5)):
        with pytest.raises(ValueError, match="interval: expected samples"):
            prediction_table.table(net, X, samples=samples, interval=0.9)


@pytest.mark.jit_only
@pytest.mark.parametrize("level", [0.5, 0.9, 0.99])
def test_coverage_of_right_model(level):
    """Targets drawn from the model's own samples and noise are covered as the level says."""
    rng, net = np.random.default_rng(0), network()
    x = rng.standard_normal((2000, 3))
    outputs = list(net.samples(x, 50))
    y = net.predictive(outputs[7]) + rng.standard_normal((2000, 1)) * 5
    result = evaluation(net, x, y, samples=50, tau=0.04, interval=level)
    assert result.measures["interval"] == level
    assert result.measures["coverage"] == pytest.approx(level, abs=0.03)
    interval = value_spread(outputs, Noise(net, 0.04)).interval(level)
    assert result.measures["coverage"] == ((interval.lower <= y) & (y <= interval.upper)).mean()


def test_coverage_requires_noise(rng):
    x, y = rng.standard_normal((9, 3)), rng.standard_normal(9)
    assert nd.evaluate(network(), x, y, samples=3)["coverage"] is None
    assert "coverage" not in nd.evaluate(network(), x, y)
