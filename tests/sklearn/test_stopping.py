"""The end of training: tolerance, early stopping, learning rates, and messages."""

import warnings

import pytest
from estimators import classifier, regressor, same
from sklearn.exceptions import ConvergenceWarning

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_tol(iris):
    estimator = classifier(max_iter=50, tol=10.0, n_iter_no_change=3).fit(*iris)
    assert estimator.n_iter_ == 5  # the first improves, then 3 do not, and one more as in scikit-learn
    assert estimator.best_loss_ == min(estimator.loss_curve_)
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(4\) reached"):
        classifier(max_iter=4).fit(*iris)


def test_early_stopping(iris):
    x, y = iris
    estimator = classifier(max_iter=40, early_stopping=True, n_iter_no_change=2, learning_rate_init=0.05).fit(x, y)
    assert len(estimator.validation_scores_) == estimator.n_iter_ < 40
    assert estimator.best_validation_score_ == max(estimator.validation_scores_)
    best = estimator.validation_scores_.index(max(estimator.validation_scores_)) + 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        shorter = classifier(max_iter=best, early_stopping=True, learning_rate_init=0.05).fit(x, y)
    assert same(estimator, shorter)
    values = regressor(early_stopping=True).fit(x, x[:, 0])
    assert len(values.validation_scores_) == 3
    with pytest.raises(ValueError, match="validation set is too small"):
        regressor(early_stopping=True, validation_fraction=0.01).fit(x[:20], x[:20, 0])


def test_learning_rates(iris):
    x, y = iris
    decreasing = classifier(solver="sgd", learning_rate="invscaling", power_t=0.25, momentum=0.0).fit(x, y)
    assert decreasing._optimizer.lr == pytest.approx(0.001 / (3 * 150 + 1) ** 0.25)
    adaptive = classifier(solver="sgd", learning_rate="adaptive", max_iter=60, tol=10.0, n_iter_no_change=1).fit(x, y)
    assert adaptive._optimizer.lr == pytest.approx(0.001 / 5**5)
    assert adaptive.n_iter_ == 3 + 5 * 2


def test_verbose(iris, capsys):
    estimator = classifier(verbose=True, early_stopping=True, max_iter=200).fit(*iris)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"Iteration 1, loss = {estimator.loss_curve_[0]:.8f}"
    assert lines[1] == f"Validation score: {estimator.validation_scores_[0]:f}"
    assert lines[-1] == "Validation score did not improve more than tol=0.000100 for 10 consecutive epochs. Stopping."
    classifier(verbose=True, solver="sgd", learning_rate="adaptive", tol=10, n_iter_no_change=2, max_iter=40).fit(*iris)
    lines = capsys.readouterr().out.splitlines()
    without_progress = "Training loss did not improve more than tol=10.000000 for 2 consecutive epochs. "
    assert without_progress + "Setting learning rate to 0.000200" in lines
    assert lines[-1] == without_progress + "Learning rate too small. Stopping."
