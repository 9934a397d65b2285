"""Evaluation of networks, against sums written out."""

import numpy as np
import pytest

import numba_dropout as nd
from numba_dropout.training.evaluate import evaluation


def test_classes(rng):
    net, x, y = nd.MLP([4, 6, 3], dropout=0.4, seed=3), rng.standard_normal((50, 4)), rng.integers(0, 3, 50)
    metrics = nd.evaluate(net, x, y)
    assert metrics["log_likelihood"] == pytest.approx(-metrics["loss"], rel=1e-5)
    assert metrics["accuracy"] == pytest.approx((net.predict(x) == y).mean())
    mean = np.mean([net.predictive(out) for out in net.samples(x, 20)], axis=0)
    sampled = evaluation(net, x, y, samples=20)
    assert sampled.measures["loss"] == pytest.approx(-np.log(mean[np.arange(50), y]).mean())
    assert sampled.measures["accuracy"] == (mean.argmax(1) == y).mean()
    np.testing.assert_allclose(sampled.uncertainty, -(mean * np.log(mean)).sum(1))
    assert sampled.wrong.tolist() == (mean.argmax(1) != y).tolist()


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("samples", [None, 5])
def test_logits(outputs, samples, rng):
    net, x = nd.MLP([4, 6, outputs], dropout=0.4, seed=3, loss="bce"), rng.standard_normal((30, 4))
    y = rng.integers(0, 2, (30, outputs)).astype(float)
    outs = [net.forward(x)] if samples is None else list(net.samples(x, samples))
    p = np.mean([1 / (1 + np.exp(-out.astype(float))) for out in outs], axis=0)
    metrics = nd.evaluate(net, x, y, samples=samples)
    expected = (y * np.log(p) + (1 - y) * np.log(1 - p)).mean()
    assert metrics["log_likelihood"] == pytest.approx(expected, rel=1e-5)
    assert metrics["loss"] == pytest.approx(-expected, rel=1e-5)
    assert metrics["accuracy"] == pytest.approx(((p > 0.5) == y).mean())
    assert ("confusion" in metrics) == (outputs == 1)


@pytest.mark.parametrize("samples", [None, 4])
@pytest.mark.parametrize("logit", [50.0, 1000.0])
@pytest.mark.parametrize(("loss", "outputs"), [("cross_entropy", 2), ("bce", 1), ("bce", 3)])
def test_log_likelihood_of_certain_errors(loss, outputs, logit, samples):
    net = nd.MLP([1, outputs], loss=loss)
    net.state_dict()["0.weight"][:] = np.linspace(logit, -logit if outputs == 2 else logit, outputs)[:, None]
    x, y = np.ones((4, 1)), np.zeros((4, outputs) if outputs == 3 else 4, int)
    y[0] = 1
    metrics = nd.evaluate(net, x, y, samples=samples)
    wrong = logit * (2 / 4 if loss == "cross_entropy" else 3 / 4)  # rows 1 to 3, or row 0, are wrong
    assert metrics["log_likelihood"] == pytest.approx(-wrong, rel=1e-6)
    assert metrics["loss"] == pytest.approx(wrong, rel=1e-6)


def normal(y, mean, tau):
    return np.exp(-tau / 2 * (y - mean) ** 2) * np.sqrt(tau / (2 * np.pi))


@pytest.mark.parametrize("tau", [0.5, (0.5, 2.0)])
def test_regression(tau, rng):
    net, x, y = nd.MLP([4, 6, 2], loss="mse", dtype="float64"), rng.standard_normal((20, 4)), rng.normal(5, 3, (20, 2))
    net.scale_target(5, 1 / 3)
    assert nd.evaluate(net, x, y)["log_likelihood"] is None
    density = normal(y, net.predict(x), np.array(tau)).prod(1)
    assert nd.evaluate(net, x, y, tau=tau)["log_likelihood"] == pytest.approx(np.log(density).mean())
    predictions = np.array([net.predictive(out) for out in net.samples(x, 40)])
    density = normal(y, predictions, np.array(tau)).prod(2).mean(0)
    sampled = evaluation(net, x, y, samples=40, tau=tau)
    assert sampled.measures["log_likelihood"] == pytest.approx(np.log(density).mean())
    assert sampled.measures["rmse"] == pytest.approx(np.sqrt(((y - predictions.mean(0)) ** 2).mean()))
    assert sampled.measures["loss"] == pytest.approx((((y - predictions.mean(0)) / 3) ** 2).mean())
    np.testing.assert_allclose(sampled.uncertainty, np.sqrt((predictions.var(0) + 1 / np.array(tau)).mean(1)))
    np.testing.assert_allclose(sampled.wrong, ((y - predictions.mean(0)) ** 2).mean(1))


def test_large_targets(rng):
    net, x = nd.MLP([2, 1], loss="mse"), rng.standard_normal((40, 2))
    y = 1e9 + rng.standard_normal(40)
    net.scale_target(1e9, 1.0)
    residual = y - net.predict(x)
    assert nd.evaluate(net, x, y)["rmse"] == pytest.approx(np.sqrt((residual**2).mean()), rel=1e-6)


def test_regression_metrics(rng):
    net = nd.MLP([4, 8, 1], dropout=0.0, loss="mse", dtype="float64")
    x = rng.standard_normal((80, 4))
    y = 50 + 10 * x[:, 0]
    net.scale_target(y.mean(), 1 / y.std())
    nd.fit(net, x, y, optimizer=nd.Adam(0.01), epochs=60, batch_size=16)
    measures = nd.evaluate(net, x, y)
    residual = y - net.predict(x)
    assert measures["rmse"] == pytest.approx(np.sqrt((residual**2).mean()))
    assert measures["mae"] == pytest.approx(np.abs(residual).mean())
    assert measures["r2"] == pytest.approx(1 - (residual**2).sum() / ((y - y.mean()) ** 2).sum())
    assert measures["loss"] == pytest.approx((residual**2).mean() / y.var())


@pytest.mark.parametrize(
    ("loss", "tau", "message"),
    [
        ("mse", 0, "tau: expected a number above 0, got 0"),
        ("mse", (1, 2, 3), "tau: expected one number or 2"),
        ("mse", "a", "tau: expected a number"),
        ("cross_entropy", 1, "tau: only valid for a regression"),
    ],
)
def test_invalid_tau(loss, tau, message, rng):
    net = nd.MLP([3, 2], loss=loss)
    y = np.zeros((5, 2)) if loss == "mse" else np.zeros(5, int)
    with pytest.raises((ValueError, TypeError), match=message):
        nd.evaluate(net, np.zeros((5, 3)), y, tau=tau)


@pytest.mark.parametrize("loss", ["mse", "cross_entropy", "bce"])
def test_values_that_are_not_finite(loss):
    net, x = nd.MLP([3, 2], loss=loss), np.zeros((4, 3))
    y = np.zeros(4, int) if loss == "cross_entropy" else np.zeros((4, 2))
    x[2, 1] = np.inf
    with pytest.raises(ValueError, match=r"x: expected finite numbers, got inf at \[2, 1\]"):
        nd.evaluate(net, x, y)
    if loss == "mse":
        y[3, 0] = np.nan
        with pytest.raises(ValueError, match=r"y: expected finite numbers, got nan at \[3, 0\]"):
            nd.evaluate(net, np.zeros((4, 3)), y)
