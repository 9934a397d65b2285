"""Predictions: classes, values and probabilities."""

import numpy as np
import pytest
from networks import problem

import numba_dropout as nd


def test_classes(rng):
    net, (x, _) = nd.MLP([4, 5, 3], seed=1), problem(rng, rows=2500)
    out = net.outputs(x)
    assert np.array_equal(net.predict(x), out.argmax(1))
    probabilities = net.predict_proba(x)
    assert np.allclose(probabilities.sum(1), 1)
    assert np.array_equal(probabilities.argmax(1), out.argmax(1))
    net.classes = ["a", "b", "c"]
    assert net.predict(x).tolist() == ["abc"[k] for k in out.argmax(1)]


def test_regression(rng):
    net, (x, _) = nd.MLP([4, 5, 1], loss="mse", seed=1, dtype="float64"), problem(rng)
    net.scale_target(100.0, 0.1)
    assert np.allclose(net.predict(x), net.forward(x)[:, 0] * 10 + 100)
    assert nd.MLP([4, 2], loss="mse").predict(x).shape == (30, 2)
    with pytest.raises(ValueError, match="a classification network"):
        net.predict_proba(x)


def test_binary_outputs(rng):
    x, _ = problem(rng)
    net = nd.MLP([4, 1], loss="bce", seed=1)
    probabilities = net.predict_proba(x)
    assert probabilities.shape == (30, 2)
    assert np.allclose(probabilities[:, 1], 1 / (1 + np.exp(-net.forward(x)[:, 0].astype(float))))
    assert np.array_equal(net.predict(x), probabilities[:, 1] > 0.5)
    assert nd.MLP([4, 3], loss="bce").predict(x).shape == (30, 3)


def test_evaluate_loss_after_forward(rng):
    net, (x, y) = nd.MLP([4, 5, 3], seed=1), problem(rng, rows=2500)
    before = net.evaluate_loss(x, y)
    net.forward(x)
    assert net.evaluate_loss(x, y) == before
