"""Thresholds on the probability of the second of two classes: their choice and their use."""

import pickle

import numpy as np
import pytest

import numba_dropout as nd
from numba_dropout.training import prediction_table
from numba_dropout.training.evaluate import evaluation
from numba_dropout.training.threshold import best_threshold


def pairs(scores):
    return np.stack([1 - np.asarray(scores), scores], 1)


def f1(y, predicted):
    return 2 * (y & predicted).sum() / (y.sum() + predicted.sum())


def balanced_accuracy(y, predicted):
    return (predicted[y == 1].mean() + 1 - predicted[y == 0].mean()) / 2


@pytest.mark.parametrize("metric", [f1, balanced_accuracy])
@pytest.mark.parametrize("digits", [1, 15])
def test_best_of_all(metric, digits, rng):
    y = (rng.random(60) < 0.3).astype(int)
    scores = np.clip(0.3 * y + 0.7 * rng.random(60), 0, 1).round(digits)
    best = best_threshold(y, pairs(scores), metric.__name__)
    values = [metric(y, (scores > threshold).astype(int)) for threshold in [-1, *scores]]
    assert metric(y, (scores > best).astype(int)) == pytest.approx(max(values), abs=1e-15)


def test_midpoints():
    assert best_threshold([0, 0, 1, 1], pairs([0.1, 0.2, 0.4, 0.9])) == pytest.approx(0.3)
    assert best_threshold([1, 0, 1, 1], pairs([0.2, 0.3, 0.4, 0.9])) == pytest.approx(0.1)  # all are positive
    assert best_threshold([1, 0, 0], pairs([0.25, 0.5, 0.75]), "balanced_accuracy") in (0.125, 0.875)


def test_ties_go_to_the_middle():
    """Both 0.15 and 0.55 have F1 of 0.8."""
    assert best_threshold([0, 1, 0, 1], pairs([0.1, 0.2, 0.5, 0.6]), "balanced_accuracy") == pytest.approx(0.55)


def test_neighbouring_floats():
    low = 0.3
    high = np.nextafter(low, 1)
    best = best_threshold([0, 1], pairs([low, high]))
    assert low <= best < high


def test_zero_is_never_above_a_threshold():
    assert 0 <= best_threshold([1, 1, 0], pairs([0.0, 0.0, 0.5])) <= 1


@pytest.mark.parametrize(
    ("y", "proba", "metric", "message"),
    [
        ([0, 1], [0.1, 0.2], "auc", "metric: expected one of f1, balanced_accuracy"),
        ([0, 0], [0.1, 0.2], "f1", "rows of both classes"),
        ([0, 2], [0.1, 0.2], "f1", "rows of both classes"),
        ([0, 1, 1], [0.1, 0.2], "f1", "shape"),
        ([0, 1], [0.1, np.nan], "f1", "NaN"),
    ],
)
def test_refused_choices(y, proba, metric, message):
    with pytest.raises(ValueError, match=message):
        best_threshold(y, pairs(proba), metric)


@pytest.fixture(params=["cross_entropy", "bce"])
def net(request):
    net = nd.MLP([4, 6, 2 if request.param == "cross_entropy" else 1], loss=request.param, dropout=0.3, seed=1)
    net.classes = ["no", "yes"]
    return net


def test_predictions(net, rng):
    x = rng.standard_normal((40, 4))
    plain, proba = net.predict(x), net.predict_proba(x)
    net.threshold = 0.5
    assert net.predict(x).tolist() == plain.tolist()
    net.threshold = float(np.median(proba[:, 1]))
    assert net.predict(x).tolist() == ["yes" if p > net.threshold else "no" for p in proba[:, 1]]
    assert (net.predict(x) == "yes").sum() == 20
    sampled = prediction_table.table(net, x, samples=5, proba=True)
    assert sampled.values.tolist() == ["yes" if p > net.threshold else "no" for p in sampled.figures[:, -1]]


@pytest.mark.parametrize("samples", [None, 5])
def test_evaluation(net, samples, rng):
    x, y = rng.standard_normal((40, 4)), rng.integers(0, 2, 40)
    before = nd.evaluate(net, x, y, samples=samples)
    net.threshold = float(np.quantile(net.predict_proba(x)[:, 1], 0.2))
    result = evaluation(net, x, y, samples=samples)
    predicted = result.predicted
    if samples is None:
        assert predicted.tolist() == (net.predict(x) == "yes").tolist()
    assert result.measures["accuracy"] == (predicted == y).mean()
    assert result.measures["f1"] == pytest.approx(f1(y, predicted))
    assert result.measures["balanced_accuracy"] == pytest.approx(balanced_accuracy(y, predicted))
    assert np.sum(result.measures["confusion"], 0).tolist() == np.bincount(predicted, minlength=2).tolist()
    assert result.wrong.tolist() == (predicted != y).tolist()
    assert result.measures["threshold"] == net.threshold
    for name in ("loss", "log_likelihood", "ece", "auc", "average_precision"):
        assert result.measures[name] == before[name]


@pytest.mark.parametrize("name", ["m.npz", "m.safetensors"])
def test_model_files(net, name, tmp_path):
    if name.endswith("safetensors"):
        pytest.importorskip("safetensors")
    net.threshold = 0.125
    net.save(tmp_path / name)
    assert nd.MLP.load(tmp_path / name).threshold == 0.125
    assert pickle.loads(pickle.dumps(net)).threshold == 0.125


def test_refused_thresholds():
    for sizes, loss in (([3, 3], "cross_entropy"), ([3, 2], "bce"), ([3, 1], "mse")):
        net = nd.MLP(sizes, loss=loss)
        net.threshold = None
        with pytest.raises(ValueError, match="threshold: expected a network for two classes"):
            net.threshold = 0.5
    net = nd.MLP([3, 2])
    for value in (-0.1, 1.5, float("nan")):
        with pytest.raises(ValueError, match="threshold: expected a number"):
            net.threshold = value
    with pytest.raises(TypeError, match="threshold: expected a number"):
        net.threshold = "f1"
    assert net.threshold is None
