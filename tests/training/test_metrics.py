"""Metrics of classes, and calibration, against sums written out."""

import math

import numpy as np
import pytest

from numba_dropout.training.metrics import calibration, class_metrics

PROBA = np.array([[0.7, 0.2, 0.1], [0.5, 0.4, 0.1], [0.1, 0.8, 0.1], [0.25, 0.5, 0.25], [0.9, 0.05, 0.05]])
Y = np.array([0, 1, 1, 2, 0])


def test_class_metrics():
    metrics = class_metrics(Y, PROBA, np.log(PROBA[np.arange(5), Y]), calibration(Y, PROBA))
    assert metrics["ece"] == calibration(Y, PROBA).error
    assert metrics["confusion"] == [[2, 0, 0], [1, 1, 0], [0, 1, 0]]
    assert metrics["accuracy"] == pytest.approx(3 / 5)
    assert metrics["error"] == pytest.approx(2 / 5)
    assert metrics["precision"][:2] == pytest.approx([2 / 3, 1 / 2])
    assert math.isnan(metrics["precision"][2])
    assert metrics["recall"] == pytest.approx([1, 1 / 2, 0])
    assert metrics["log_likelihood"] == pytest.approx(np.log([0.7, 0.4, 0.8, 0.25, 0.9]).mean())


def test_calibration():
    """Of the 15 bins ]a, b], one holds 0.5 twice, and each other probability has a separate bin."""
    result = calibration(Y, PROBA)
    assert result.rows.tolist() == [0] * 7 + [2, 0, 0, 1, 1, 0, 1, 0]
    assert result.accuracy[7] == 0
    gaps = [2 * 0.5, 1 - 0.7, 1 - 0.8, 1 - 0.9]
    assert result.error == pytest.approx(sum(gaps) / 5)


def test_calibration_of_certain_predictions():
    result = calibration(np.array([0, 1]), np.array([[1.0, 0.0], [1.0, 0.0]]))
    assert result.rows[-1] == 2
    assert result.error == pytest.approx(0.5)
