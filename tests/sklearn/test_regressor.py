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
        same_values = regressor(solver=solver, max_iter=40).fit(x, np.full(120, 0.1))
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


@pytest.mark.jit_only
@pytest.mark.parametrize("early_stopping", [False, True])
def test_quantiles_include_the_noise(early_stopping, rng):
    x = rng.standard_normal((600, 2))
    y = 30 * x[:, 0] + 10 * rng.standard_normal(600) + 500
    estimator = regressor(max_iter=80, dropout=0.05, early_stopping=early_stopping, learning_rate_init=0.02)
    estimator.fit(x[:400], y[:400])
    quantiles = estimator.predict_quantiles(x[400:], [0.1, 0.5, 0.9])
    assert quantiles.shape == (200, 3)
    assert ((quantiles[:, 0] <= y[400:]) & (y[400:] <= quantiles[:, 2])).mean() == pytest.approx(0.8, abs=0.08)
    mean, std = estimator.predict(x[400:], return_std=True)
    np.testing.assert_allclose(quantiles[:, 1], mean)
    np.testing.assert_allclose(quantiles[:, 2] - quantiles[:, 1], 1.2815515655446004 * std, rtol=1e-9)
    both = regressor().fit(x, np.column_stack([y, -y])).predict_quantiles(x)
    assert both.shape == (600, 2, 3)


def test_wrong_quantiles(diabetes):
    x, y = diabetes
    estimator = regressor(max_iter=1).fit(x, y)
    for wrong, message in (
        ([0.0], "quantiles: expected a number above 0, got 0.0"),
        ([0.5, 1.5], "quantiles: expected a number between 0 and 1"),
        (0.5, "quantiles: expected a sequence of numbers such as"),
        ([], "quantiles: expected a sequence of numbers such as"),
    ):
        with pytest.raises(ValueError, match=message):
            estimator.predict_quantiles(x, wrong)


def test_quantiles_of_counts_and_unknown_noise(rng):
    x = rng.standard_normal((100, 2))
    counts = regressor(loss="poisson").fit(x, rng.poisson(np.exp(x[:, 0]))).predict_quantiles(x)
    assert counts.min() == 0
    assert (np.diff(counts, axis=1) >= 0).all()
    with pytest.raises(ValueError, match="predict_quantiles: the noise of the target is unknown"):
        regressor().fit(x, 1e300 * x[:, 0]).predict_quantiles(x)
