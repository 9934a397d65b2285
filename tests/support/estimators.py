"""Small estimators. A module that imports this one is skipped without scikit-learn."""

import numpy as np
import pytest

pytest.importorskip("sklearn", minversion="1.6", reason="scikit-learn 1.6 is not installed")


def classifier(**options):
    """Return a classifier of one hidden layer, for three epochs."""
    from numba_dropout.sklearn import DropoutMLPClassifier

    return DropoutMLPClassifier(**{"hidden_layer_sizes": 8, "max_iter": 3, "random_state": 1, **options})


def regressor(**options):
    """Return a regressor of one hidden layer, for three epochs."""
    from numba_dropout.sklearn import DropoutMLPRegressor

    return DropoutMLPRegressor(**{"hidden_layer_sizes": 8, "max_iter": 3, "random_state": 1, **options})


def same(first, second):
    """Return whether two estimators have equal weights."""
    return all(np.array_equal(a, b) for a, b in zip(first.coefs_, second.coefs_, strict=True))
