"""Noise, intervals and densities under transformed targets and for counts."""

import math

import numpy as np
import pytest

import numba_dropout as nd
from numba_dropout.nn import target_transform
from numba_dropout.training import prediction_table
from numba_dropout.training.baseline import baseline
from numba_dropout.training.evaluate import evaluation, precision_of_noise
from numba_dropout.training.noise import Noise

TRANSFORMS = ["none", "log1p", "yeo-johnson"]
Z = 1.6448536269514722  # the 0.95 quantile of the normal distribution


@pytest.fixture
def x(rng):
    return rng.standard_normal((40, 3))


def network(name="log1p", outputs=1, loss="mse"):
    """Return a network of skewed positive values, with its noise, and targets for 40 rows."""
    y = np.random.default_rng(5).lognormal(2.0, 0.8, (40, outputs))
    net = nd.MLP([3, 16, outputs], dropout=0.3, loss=loss, dtype="float64", seed=4)
    if loss != "poisson":
        transformed = net.transform_target(name, y)
        net.scale_target(transformed.mean(0), 1 / transformed.std(0))
        net.tau = (1 / (0.5 * transformed.var(0))).tolist()
    return net, y


def transformed_samples(net, x, samples):
    scale, offset = net.target_scaling()
    return np.array([out / scale + offset for out in net.samples(x, samples)])


@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("name", TRANSFORMS)
def test_spread(name, outputs, x):
    net, _ = network(name, outputs)
    result = prediction_table.table(net, x, samples=30, interval=0.9)
    model, noise, total, lower, upper = np.split(result.figures, 5, axis=1)
    expected = net.predict_mc(x, 30)
    np.testing.assert_allclose(result.values, expected.mean, rtol=1e-12)
    np.testing.assert_allclose(model, expected.std, rtol=1e-9)
    np.testing.assert_allclose(total**2, model**2 + noise**2, rtol=1e-12)
    values = transformed_samples(net, x, 30)
    half = Z * np.sqrt(values.var(0) + 1 / np.array(net.tau))
    for bound, sign in ((lower, -1), (upper, 1)):
        ends = target_transform.inverse(name, values.mean(0) + sign * half, net.target_lambdas)
        np.testing.assert_allclose(bound, ends, rtol=1e-9)
    if name == "log1p":
        assert (lower >= 0).all()


def test_noise_of_log1p():
    """Away from 0 the values are lognormal, whose variance has a formula."""
    net, _ = network("log1p")
    values, variance = np.linspace(6, 9, 7)[:, None], 1 / net.tau[0]
    expected = np.exp(2 * values + variance) * np.expm1(variance)
    np.testing.assert_allclose(Noise(net).variance(values), expected, rtol=1e-6)


@pytest.mark.parametrize("name", TRANSFORMS)
def test_density_is_normalized(name):
    net, _ = network(name)
    out = np.array([[0.3]])
    ends = Noise(net).transformed(out) + np.array([[-8], [8]]) / np.sqrt(net.tau[0])
    low, high = Noise(net).inverse(ends)[:, 0]
    y = np.linspace(low, high, 200_001)[:, None]
    mass = np.exp(Noise(net).log_density(y)(np.broadcast_to(out, y.shape))).sum() * (y[1, 0] - y[0, 0])
    lost = 0.5 * math.erfc(float(Noise(net).transformed(out)[0, 0]) * math.sqrt(net.tau[0] / 2)) * (name == "log1p")
    assert mass + lost == pytest.approx(1, abs=1e-3)  # log1p has no targets below 0


@pytest.mark.parametrize("samples", [None, 20])
@pytest.mark.parametrize("name", TRANSFORMS)
def test_log_likelihood(name, samples, x):
    net, y = network(name, 2)
    scale, offset = net.target_scaling()
    values = (net.outputs(x) / scale + offset)[None] if samples is None else transformed_samples(net, x, samples)
    residuals = target_transform.forward(name, y, net.target_lambdas) - values
    tau = np.array(net.tau)
    density = (np.exp(-tau / 2 * residuals**2) * np.sqrt(tau / (2 * np.pi))).prod(2).mean(0)
    slopes = target_transform.log_derivative(name, y, net.target_lambdas).sum(1)
    measures = nd.evaluate(net, x, y, samples=samples)
    assert measures["log_likelihood"] == pytest.approx((np.log(density) + slopes).mean())
    assert measures["rmse"] > 0
    if samples is None:
        assert measures["loss"] == pytest.approx(net.evaluate_loss(x, y)[0])


@pytest.mark.parametrize("loss", ["huber", "absolute", "poisson"])
def test_losses(loss, x):
    net, y = network("none", 2, loss)
    assert nd.evaluate(net, x, y)["loss"] == pytest.approx(net.evaluate_loss(x, y)[0])


@pytest.mark.parametrize("name", TRANSFORMS)
def test_precision(name, x):
    net, y = network(name, 2)
    scale, offset = net.target_scaling()
    residuals = target_transform.forward(name, y, net.target_lambdas) - (net.outputs(x) / scale + offset)
    assert precision_of_noise(net, x, y) == pytest.approx((1 / (residuals**2).mean(0)).tolist())


@pytest.mark.parametrize("name", TRANSFORMS)
def test_coverage(name):
    """Targets drawn from the model's own samples and noise are covered as the level says."""
    net, _ = network(name)
    rng = np.random.default_rng(1)
    x = rng.standard_normal((3000, 3))
    chosen = transformed_samples(net, x, 25)[11]
    y = Noise(net).inverse(chosen + rng.standard_normal(chosen.shape) / np.sqrt(net.tau[0]))
    result = evaluation(net, x, y, samples=25, interval=0.9)
    assert result.measures["coverage"] == pytest.approx(0.9, abs=0.03)


def test_counts(x):
    net, _ = network(loss="poisson")
    result = prediction_table.table(net, x, samples=30, interval=0.9)
    model, noise, total, lower, upper = result.figures.T
    rates = np.array([net.predictive(out) for out in net.samples(x, 30)])[..., 0]
    np.testing.assert_allclose(result.values[:, 0], rates.mean(0))
    np.testing.assert_allclose(model, rates.std(0))
    np.testing.assert_allclose(noise**2, rates.mean(0))
    np.testing.assert_allclose(total**2, rates.var(0) + rates.mean(0))
    np.testing.assert_allclose(upper, rates.mean(0) + Z * total)
    np.testing.assert_allclose(lower, np.maximum(rates.mean(0) - Z * total, 0))
    assert result.note is None


@pytest.mark.parametrize("samples", [None, 20])
def test_log_likelihood_of_counts(samples, x):
    net, _ = network(loss="poisson", outputs=2)
    y = np.random.default_rng(2).poisson(3.0, (40, 2)).astype(float)
    outputs = [net.outputs(x)] if samples is None else list(net.samples(x, samples))
    rates = np.exp(np.array(outputs, float))
    factorials = np.array([[math.factorial(int(count)) for count in row] for row in y])
    density = (rates**y * np.exp(-rates) / factorials).prod(2).mean(0)
    measures = nd.evaluate(net, x, y, samples=samples)
    assert measures["log_likelihood"] == pytest.approx(np.log(density).mean())
    if samples is not None:
        assert 0 <= measures["coverage"] <= 1
    with pytest.raises(ValueError, match="tau: only valid for normal noise, got loss poisson"):
        nd.evaluate(net, x, y, tau=1.0)


@pytest.mark.parametrize("loss", ["mse", "huber", "poisson"])
def test_baseline_is_in_units_of_the_target(loss):
    net, y = network("log1p" if loss != "poisson" else "none", loss=loss)
    assert baseline(net, y, y).measures["rmse"] == pytest.approx(y.std())
