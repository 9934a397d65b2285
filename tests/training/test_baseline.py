"""The baseline of an evaluation, compared with scikit-learn's dummy estimators."""

import math

import numpy as np
import pytest

import numba_dropout as nd
from numba_dropout.training.baseline import baseline

dummy = pytest.importorskip("sklearn.dummy")
metrics = pytest.importorskip("sklearn.metrics")


@pytest.mark.parametrize("classes", [2, 4])
def test_classes(classes, rng):
    train, y = (np.minimum(rng.geometric(0.6, 90) - 1, classes - 1) for _ in range(2))
    net = nd.MLP([3, classes])
    net.classes = list("abcd")[:classes]
    result = baseline(net, train, y)
    model = dummy.DummyClassifier(strategy="prior").fit(np.zeros((90, 1)), train)
    predicted, proba = model.predict(np.zeros((90, 1))), model.predict_proba(np.zeros((90, 1)))
    assert result.prediction == "'a'"
    assert result.measures["accuracy"] == (predicted == y).mean()
    assert result.measures["log_loss"] == pytest.approx(metrics.log_loss(y, proba), abs=1e-12)
    assert result.measures["balanced_accuracy"] == pytest.approx(metrics.balanced_accuracy_score(y, predicted))
    assert result.measures["auc"] == 0.5


def test_one_logit(rng):
    result = baseline(nd.MLP([3, 1], loss="bce"), [1, 1, 1, 0], [1, 0])
    assert result.prediction == "1"
    assert result.measures["log_loss"] == pytest.approx(-(math.log(0.75) + math.log(0.25)) / 2)
    assert result.measures["average_precision"] == 0.5


def test_class_absent_in_training():
    assert baseline(nd.MLP([3, 3]), [0, 1, 1], [0, 1, 2]).measures["log_loss"] == math.inf


def test_labels(rng):
    train, y = (rng.random((50, 3)) < [0.2, 0.5, 0.9] for _ in range(2))
    result = baseline(nd.MLP([3, 3], loss="bce"), train.astype(float), y.astype(float))
    proba = np.broadcast_to(train.mean(0), y.shape)
    assert result.measures["log_loss"] == pytest.approx(metrics.log_loss(y.ravel(), proba.ravel()), abs=1e-12)
    assert result.measures["accuracy"] == ((proba > 0.5) == y).mean()
    absent = baseline(nd.MLP([3, 2], loss="bce"), [[0.0, 0.5]] * 4, [[0.0, 1.0]] * 2)
    assert absent.measures["log_loss"] == pytest.approx(math.log(2) / 2)


@pytest.mark.parametrize("outputs", [1, 2])
def test_values(outputs, rng):
    train, y = rng.normal(5, 2, (40, outputs)), rng.normal(5, 2, (30, outputs))
    result = baseline(nd.MLP([3, outputs], loss="mse"), train, y)
    predicted = np.broadcast_to(train.mean(0), y.shape)
    assert result.measures["rmse"] == pytest.approx(np.sqrt(((y - predicted) ** 2).mean()))
    assert result.measures["mae"] == pytest.approx(metrics.mean_absolute_error(y, predicted))
    assert result.measures["r2"] == pytest.approx(metrics.r2_score(y, predicted))


def test_verdict_of_classes():
    net = nd.MLP([3, 2])
    net.classes = ["no", "yes"]
    constant = baseline(net, [0] * 94 + [1] * 6, [0] * 94 + [1] * 6)
    assert constant.verdict({"accuracy": 0.95, "log_loss": 0.2, "auc": 0.7}) is None
    worse = {"accuracy": 0.94, "log_loss": constant.measures["log_loss"], "auc": 0.55}
    assert constant.verdict(worse) == "no better than always predicting 'no' (accuracy 0.940)"
    ranks = constant.verdict({**worse, "auc": 0.76})
    assert ranks == (
        "no better than always predicting 'no' (accuracy 0.940), but the probabilities of the network rank the rows "
        "(auc 0.760)"
    )
    imbalanced = constant.verdict({"accuracy": 0.93, "log_loss": 0.2, "auc": 0.76})
    assert imbalanced == (
        "the accuracy is no better than always predicting 'no' (accuracy 0.940), but the probabilities of the network "
        "are better (log loss 0.200 against 0.227, auc 0.760)"
    )
    assert constant.verdict({"accuracy": 0.94, "log_loss": 0.2, "auc": float("nan")}).endswith("against 0.227)")


def test_verdict_of_values():
    constant = baseline(nd.MLP([3, 1], loss="mse"), [1.0, 3.0], [1.0, 3.0])
    assert constant.verdict({"rmse": 0.99}) is None
    assert constant.verdict({"rmse": 1.0}) == "no better than always predicting the mean (rmse 1)"
    assert constant.verdict({"rmse": float("nan")}) is not None


def test_refused_targets():
    with pytest.raises(ValueError, match="at least one row"):
        baseline(nd.MLP([3, 2]), [], [1])
    with pytest.raises(ValueError, match="labels from 0 to 1"):
        baseline(nd.MLP([3, 2]), [0, 1], [2])
