"""Rows of the table of docs/sklearn.md, "what differs", that no other test of the estimators has."""

import inspect
import re
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn", minversion="1.7", reason="the MLP of scikit-learn 1.7 is not installed")

from estimators import classifier, regressor
from sklearn.neural_network import MLPClassifier, MLPRegressor

from numba_dropout.kernels.scalar.activations import ACTIVATIONS
from numba_dropout.sklearn import DropoutMLPClassifier, DropoutMLPRegressor

PAGE = (Path(__file__).parents[2] / "docs" / "sklearn.md").read_text()
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def names(estimator):
    """Return the parameters of a class of estimators."""
    return list(inspect.signature(estimator).parameters)


def test_parameters():
    row = next(line for line in PAGE.splitlines() if line.startswith("| more parameters"))
    pairs = (DropoutMLPClassifier, MLPClassifier), (DropoutMLPRegressor, MLPRegressor)
    more = {name for ours, theirs in pairs for name in set(names(ours)) - set(names(theirs))}
    assert set(re.findall(r"`(\w+)`", row)) == more
    assert all(set(names(theirs)) <= set(names(ours)) for ours, theirs in pairs)
    assert names(DropoutMLPRegressor)[:2] == names(DropoutMLPClassifier)[:2] == ["hidden_layer_sizes", "activation"]
    with pytest.raises(TypeError, match="positional"):
        DropoutMLPRegressor(8, "relu", "poisson")


@pytest.mark.compiles_long
def test_activations(iris):
    assert len(ACTIVATIONS) == 10
    assert "| four names | ten, one for all hidden layers" in PAGE
    estimator = classifier(hidden_layer_sizes=(8, 6), activation=["gelu", "tanh"]).fit(*iris)
    assert estimator.network_.activation == ["gelu", "tanh"]


def test_partial_fit_takes_the_classes_of_y(iris):
    assert classifier().partial_fit(*iris).classes_.tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        MLPClassifier().partial_fit(*iris)


def test_initial_weights(iris):
    x, y = iris
    estimator = classifier(activation="logistic", hidden_layer_sizes=400, learning_rate_init=1e-12, max_iter=1).fit(
        x, y
    )
    assert np.abs(estimator.intercepts_[0]).max() < 1e-9
    assert np.abs(estimator.coefs_[0]).max() == pytest.approx(np.sqrt(6 / 404), rel=0.01)
    theirs = MLPClassifier(400, activation="logistic", learning_rate_init=1e-12, max_iter=1).fit(x, y)
    assert np.abs(theirs.coefs_[0]).max() == pytest.approx(np.sqrt(2 / 404), rel=0.01)


def test_targets_are_standardized(diabetes):
    x, y = diabetes
    standard = (y - y.mean()) / y.std()
    found, expected = regressor().fit(x, y), regressor().fit(x, standard)
    np.testing.assert_allclose(found.loss_curve_, expected.loss_curve_, rtol=1e-9)
    np.testing.assert_allclose(found.predict(x), expected.predict(x) * y.std() + y.mean(), rtol=1e-9)


def test_logarithms_of_small_probabilities(iris):
    x, y = iris
    ours, theirs = classifier(max_iter=50).fit(x, y), MLPClassifier(max_iter=50).fit(x, y)
    assert np.isfinite(ours.predict_log_proba(1e6 * x)).all()
    with np.errstate(divide="ignore"):
        assert np.isneginf(theirs.predict_log_proba(1e6 * x)).any()


def test_warm_starts_after_other_fits(iris):
    x, y = iris
    estimator = classifier(warm_start=True).fit(x, y).set_params(early_stopping=True).fit(x, y)
    assert len(estimator.validation_scores_) == 3
    theirs = MLPClassifier(warm_start=True, max_iter=2).fit(x, y).set_params(early_stopping=True)
    with pytest.raises(AttributeError):
        theirs.fit(x, y)
