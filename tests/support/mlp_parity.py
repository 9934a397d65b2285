"""Our estimators and scikit-learn's, trained from the same weights on rows in the same order.

A module that imports this one is skipped without a scikit-learn whose MLP takes sample weights and loss="poisson".
"""

import numpy as np
import pytest

pytest.importorskip("sklearn", minversion="1.7", reason="scikit-learn 1.7 is not installed")


def trained_pair(ours, theirs, x, y, sample_weight=None):
    """Return both estimators after a fit from the same weights: those of a fit of ours for one epoch, on the same data.

    Solvers start afresh in the second fit of `warm_start`.
    """
    for estimator in (ours, theirs):
        epochs = estimator.max_iter
        estimator.set_params(warm_start=True, max_iter=1).fit(x, y, sample_weight)
        estimator.set_params(max_iter=epochs)
    theirs.coefs_ = [value.copy() for value in ours.coefs_]
    theirs.intercepts_ = [value.copy() for value in ours.intercepts_]
    for estimator in (ours, theirs):
        estimator.best_loss_ = estimator._least_loss = np.inf
        estimator._no_improvement_count = 0
        estimator.fit(x, y, sample_weight)
    return ours, theirs


def weight_difference(ours, theirs):
    """Return the largest difference of weights, relative to the largest weight of the layer."""
    pairs = zip(ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True)
    return max(float(np.abs(a - b).max() / np.abs(b).max()) for a, b in pairs)


def loss_difference(ours, theirs):
    """Return the largest relative difference of the losses of epochs."""
    found, expected = np.array(ours.loss_curve_[1:]), np.array(theirs.loss_curve_[1:])
    return float(np.abs(found / expected - 1).max())
