"""The regressor: several outputs, and the scale of targets."""

import numpy as np
import pytest
from estimators import regressor, same
from sklearn.exceptions import DataConversionWarning

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_several_outputs(diabetes):
    x, y = diabetes
    estimator = regressor().fit(x, np.column_stack([y, -100 * y]))
    assert estimator.predict(x).shape == (120, 2)
    mean, std = estimator.predict(x, return_std=True)
    assert mean.shape == std.shape == (120, 2)
    assert estimator.out_activation_ == "identity"
    with pytest.warns(DataConversionWarning):
        assert regressor().fit(x, y[:, None]).predict(x).shape == (120,)


def test_target_scale(diabetes):
    x, y = diabetes
    small, large = regressor().fit(x, y), regressor().fit(x, 1e6 * y + 1e9)
    assert np.allclose(large.predict(x), 1e6 * small.predict(x) + 1e9, rtol=1e-5)
    assert np.allclose(regressor().fit(x, 1e-3 * y + 1e9).predict(x), 1e-3 * small.predict(x) + 1e9, rtol=0, atol=1e-3)
    for solver in ("adam", "sgd"):
        same_values = regressor(solver=solver, max_iter=20).fit(x, np.full(120, 0.1))
        assert same_values.predict(x) == pytest.approx(0.1, abs=2)
        assert same_values.loss_ < 10


def test_partial_fit(diabetes):
    x, y = diabetes
    full, parts = regressor().fit(x, y), regressor()
    for _ in range(3):
        parts.partial_fit(x, y)
    assert same(full, parts)
    with pytest.raises(ValueError, match=r"y: expected 1 output\(s\) as in the first call"):
        parts.partial_fit(x, np.column_stack([y, y]))
