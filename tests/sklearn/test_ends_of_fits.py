"""Fits that end in other ways: interrupted, diverged, warm, and with few rows to hold out."""

import numpy as np
import pytest
from estimators import classifier, regressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score
from sklearn.neural_network import MLPClassifier

import numba_dropout.sklearn.stopping as stopping

FAST = {"solver": "sgd", "learning_rate_init": 1e4, "max_iter": 30, "activation": "identity", "dropout": 0}


@pytest.fixture
def interrupted(monkeypatch):
    """Interrupt training after the third epoch."""
    record = stopping.Stopping.on_epoch_end

    def interrupt(self, epoch):
        record(self, epoch)
        if epoch["epoch"] == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(stopping.Stopping, "on_epoch_end", interrupt)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_interrupts_warn_and_keep_the_model(early_stopping, iris, interrupted):
    x, y = iris
    estimator = classifier(max_iter=9, early_stopping=early_stopping, learning_rate_init=0.1)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        estimator.fit(x, y)
    assert estimator.n_iter_ == len(estimator.loss_curve_) == 3
    assert estimator.predict(x).shape == (150,)
    if early_stopping:
        best = max(estimator.validation_scores_)
        assert estimator.best_validation_score_ == best
        assert np.array_equal(estimator.coefs_[0], estimator._best_weights["0.weight"].T)
    assert estimator.network_.classes == [0, 1, 2]


@pytest.mark.compiles_long
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_divergence(diabetes):
    x, y = diabetes
    message = "Solver produced non-finite parameter weights. The input data may contain large values and need to be pre"
    with pytest.raises(ValueError, match=rf"{message}processed. \(the (loss|weights) became .* in epoch \d; a lower"):
        regressor(**FAST).fit(x, y)


@pytest.mark.compiles_long
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_divergence_with_early_stopping_keeps_the_best_weights(diabetes):
    x, y = diabetes
    estimator = regressor(early_stopping=True, **FAST)
    with pytest.warns(ConvergenceWarning, match=r"became .* in epoch \d; the weights of the best epoch are kept"):
        estimator.fit(x, y)
    assert np.isnan(estimator.validation_scores_[-1])
    assert np.isnan(estimator.loss_)
    assert len(estimator.validation_scores_) == len(estimator.loss_curve_) == estimator.n_iter_
    assert np.isfinite(estimator.predict(x)).all()


def test_warm_starts_need_all_classes(iris):
    x, y = iris
    for estimator in (classifier(warm_start=True), MLPClassifier(warm_start=True)):
        with pytest.warns(ConvergenceWarning):
            estimator.set_params(max_iter=3).fit(x, y)
        for other in (y[y < 2], np.where(y == 2, 3, y)):
            message = r"warm_start can only be used where `y` has the same classes as .* Previously got \[0 1 2\], `y` "
            with pytest.raises(ValueError, match=message):
                estimator.fit(x[: len(other)], other)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_warm_fit_at_a_worse_rate_keeps_the_better_weights(iris):
    x, y = iris
    estimator = classifier(early_stopping=True, warm_start=True, max_iter=40, learning_rate_init=0.02).fit(x, y)
    best, weights = estimator.best_validation_score_, [value.copy() for value in estimator.coefs_]
    estimator.set_params(learning_rate_init=50.0, max_iter=2).fit(x, y)
    assert max(estimator.validation_scores_[-2:]) <= best == estimator.best_validation_score_
    assert all(np.array_equal(a, b) for a, b in zip(weights, estimator.coefs_, strict=True))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_held_out_rows_of_small_classes(rng):
    x = rng.standard_normal((120, 3))
    many, single = np.repeat(np.arange(20), 6), np.where(np.arange(120) == 0, 2, x[:, 0] > 0)
    for y in (many, single):
        assert len(classifier(early_stopping=True).fit(x, y).validation_scores_) == 3
        assert len(MLPClassifier(early_stopping=True, max_iter=3).fit(x, y).validation_scores_) == 3
    two = np.where(np.arange(120) == 0, "rare", "usual")
    message = "The least populated class.* only 1 member"  # newer versions name it
    with pytest.raises(ValueError, match=message) as raised:
        classifier(early_stopping=True).fit(x, two)
    assert "rare" in str(raised.value) or "are:" not in str(raised.value)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_more_classes_are_stratified_if_they_have_rows_enough(iris):
    x, y = iris
    estimator = classifier(early_stopping=True, validation_fraction=0.1, max_iter=1)
    shares = []
    estimator._score = lambda _, target, weight: float(
        accuracy_score(target, target, sample_weight=shares.append(target))
    )
    estimator.fit(x, y)
    assert np.bincount(shares[0]).tolist() == [5, 5, 5]


def test_batches_larger_than_the_data(iris):
    for estimator in (classifier(batch_size=500), MLPClassifier(batch_size=500, max_iter=3)):
        with pytest.warns() as warned:
            estimator.fit(*iris)
        assert any(str(each.message).startswith("Got `batch_size` less than 1 or larger than") for each in warned)
