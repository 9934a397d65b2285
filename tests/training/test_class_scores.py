"""AUC, average precision, F1 and balanced accuracy, compared with scikit-learn."""

import math

import numpy as np
import pytest

import numba_dropout as nd
from numba_dropout.training.metrics import average_precision, calibration, class_metrics, label_metrics, roc_auc

metrics = pytest.importorskip("sklearn.metrics")


def measured(y, proba):
    with np.errstate(divide="ignore"):
        return class_metrics(y, proba, np.log(proba[np.arange(len(y)), y]), calibration(y, proba))


@pytest.mark.parametrize("digits", [1, 2, 15])
def test_two_classes(digits, rng):
    """Rounded probabilities are tied, many of them with one digit."""
    y, scores = rng.integers(0, 2, 300), rng.random(300).round(digits)
    result = measured(y, np.stack([1 - scores, scores], 1))
    predicted = (scores > 0.5).astype(int)
    expected = {
        "auc": metrics.roc_auc_score(y, scores),
        "average_precision": metrics.average_precision_score(y, scores),
        "f1": metrics.f1_score(y, predicted),
        "balanced_accuracy": metrics.balanced_accuracy_score(y, predicted),
    }
    assert {name: result[name] for name in expected} == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("absent", [None, 2])
@pytest.mark.filterwarnings("ignore:y_pred contains classes")
def test_several_classes(absent, rng):
    y, proba = rng.integers(0, 4, 200), rng.dirichlet(np.ones(4), 200).round(2) + 0.01
    proba /= proba.sum(1, keepdims=True)
    y[y == absent] = 0
    result, predicted = measured(y, proba), proba.argmax(1)
    present = np.unique(y)
    aucs = [metrics.roc_auc_score(y == label, proba[:, label]) for label in present]
    assert result["auc"] == pytest.approx(np.mean(aucs), abs=1e-12)
    if absent is None:
        whole = metrics.roc_auc_score(y, proba, multi_class="ovr")
        assert result["auc"] == pytest.approx(whole, abs=1e-12)
    assert result["f1"] == pytest.approx(metrics.f1_score(y, predicted, average="macro"), abs=1e-12)
    assert result["balanced_accuracy"] == pytest.approx(metrics.balanced_accuracy_score(y, predicted), abs=1e-12)
    assert result["log_loss"] == pytest.approx(metrics.log_loss(y, proba, labels=range(4)), abs=1e-12)
    assert "average_precision" not in result


def test_class_neither_true_nor_predicted(rng):
    y, proba = rng.integers(0, 2, 50), np.hstack([rng.dirichlet(np.ones(2), 50), np.zeros((50, 1))])
    assert measured(y, proba)["f1"] == metrics.f1_score(y, proba.argmax(1), average="macro")


def test_one_class_only():
    result = measured(np.zeros(3, int), np.array([[0.9, 0.1]] * 3))
    assert [name for name, value in result.items() if isinstance(value, float) and math.isnan(value)] == [
        "auc",
        "average_precision",
        "f1",
    ]
    assert result["balanced_accuracy"] == 1


def test_constant_scores():
    positive = np.array([True, False, False, True, False])
    assert roc_auc(positive, np.ones(5)) == 0.5
    assert average_precision(positive, np.ones(5)) == 0.4


def test_labels(rng):
    y, proba = rng.integers(0, 2, (80, 3)), rng.random((80, 3)).round(1)
    result = label_metrics(y, proba, proba > 0.5)
    assert result["auc"] == pytest.approx(metrics.roc_auc_score(y, proba), abs=1e-12)
    assert result["f1"] == pytest.approx(metrics.f1_score(y, proba > 0.5, average="macro"), abs=1e-12)


def test_label_without_rows(rng):
    y, proba = rng.integers(0, 2, (80, 3)), rng.random((80, 3))
    y[:, 1], proba[:, 1] = 0, 0.1
    result = label_metrics(y, proba, proba > 0.5)
    assert result["auc"] == pytest.approx(metrics.roc_auc_score(y[:, [0, 2]], proba[:, [0, 2]]), abs=1e-12)
    expected = metrics.f1_score(y, proba > 0.5, average="macro", zero_division=np.nan)
    assert result["f1"] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("outputs", [1, 3])
def test_evaluation_of_logits(outputs, rng):
    net, x = nd.MLP([4, 6, outputs], loss="bce", seed=3), rng.standard_normal((60, 4))
    y = rng.integers(0, 2, (60, outputs))
    result, proba = nd.evaluate(net, x, y), net.predict_proba(x)
    proba = proba[:, -outputs:]
    assert result["auc"] == pytest.approx(metrics.roc_auc_score(y, proba), abs=1e-12)
    average = "macro" if outputs == 3 else "binary"
    assert result["f1"] == pytest.approx(metrics.f1_score(y, proba > 0.5, average=average), abs=1e-12)
    assert result["log_loss"] == pytest.approx(metrics.log_loss(y.ravel(), proba.ravel()), rel=1e-9)


def test_fractions_have_no_ranking(rng):
    result = nd.evaluate(nd.MLP([4, 3], loss="bce"), rng.standard_normal((9, 4)), np.full((9, 3), 0.5))
    assert "auc" not in result
    assert result["log_loss"] == -result["log_likelihood"]
