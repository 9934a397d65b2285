"""Targets and weights that scikit-learn's MLP takes: one class, sparse labels, counts, and numbers of any size."""

import numpy as np
import pytest

pytest.importorskip("sklearn", minversion="1.7", reason="the MLP of scikit-learn 1.7 is not installed")

from estimators import classifier, regressor
from scipy import sparse
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils.class_weight import compute_sample_weight

import numba_dropout as nd

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize("options", [{}, {"early_stopping": True}, {"mc_samples": 3}])
def test_one_class(options, iris):
    x, _ = iris
    names = np.full(150, "only")
    estimator = classifier(**options).fit(x, names)
    assert estimator.classes_.tolist() == ["only"]
    assert estimator.predict(x).tolist() == MLPClassifier(max_iter=3).fit(x, names).predict(x).tolist()
    assert np.array_equal(estimator.predict_proba(x), np.ones((150, 1)))
    assert np.array_equal(estimator.predict_log_proba(x), np.zeros((150, 1)))
    assert estimator.network_.classes is None


def test_sparse_labels(iris):
    x, y = iris
    labels = np.column_stack([y == 1, y < 2, x[:, 0] > 0]).astype(int)
    dense, estimator = classifier().fit(x, labels), classifier().fit(x, sparse.csr_matrix(labels))
    expected = MLPClassifier(max_iter=3).fit(x, sparse.csr_matrix(labels)).predict(x)
    assert sparse.issparse(estimator.predict(x))
    assert sparse.issparse(expected)
    assert np.array_equal(estimator.predict(x).toarray(), dense.predict(x))
    assert estimator.score(x, labels) == dense.score(x, labels)


def test_counts(rng):
    x = rng.standard_normal((200, 3))
    y = rng.poisson(np.exp(x[:, 0]))
    estimator = regressor(loss="poisson", dropout=0.1, max_iter=100, learning_rate_init=0.01).fit(x, y)
    assert (estimator.out_activation_, estimator.network_.loss) == ("exp", "poisson")
    assert estimator.predict(x).min() > 0
    assert estimator.score(x, y) > 0.6
    early = regressor(loss="poisson", early_stopping=True).fit(x, np.column_stack([y, y]))
    assert early.predict(x).shape == (200, 2)
    with pytest.raises(ValueError, match="y: expected values at least 0 for loss='poisson', got -1"):
        regressor(loss="poisson").fit(x, y - 1)
    with pytest.raises(ValueError, match=r"expected {'loss': 'mse'} as in the first fit, got {'loss': 'poisson'}"):
        regressor(warm_start=True).fit(x, y).set_params(loss="poisson").fit(x, y)


@pytest.mark.parametrize("size", [1e-300, 1e300])
def test_huge_and_tiny_targets(size, diabetes):
    x, y = diabetes
    found = regressor().fit(x, size * y).predict(x)
    np.testing.assert_allclose(found / size, regressor().fit(x, y).predict(x), rtol=1e-9)


@pytest.mark.parametrize("make", [classifier, regressor])
def test_huge_weights(make, iris):
    """The scale of weights matters to the penalty only, as in scikit-learn."""
    x, y = iris
    weights = np.where(y == 1, 1e308, 5e307)
    found, expected = make(alpha=0).fit(x, y, weights), make(alpha=0).fit(x, y, weights / 1e308)
    np.testing.assert_allclose(found.coefs_[0], expected.coefs_[0], rtol=1e-9)
    assert np.isfinite(make().fit(x, y, weights).loss_)
    found, expected = (make(alpha=0, early_stopping=True).fit(x, y, each) for each in (weights, weights / 1e308))
    np.testing.assert_allclose(found.validation_scores_, expected.validation_scores_, rtol=1e-9)
    assert np.isfinite(make(dropout=0, solver="lbfgs").fit(x, y, weights).loss_)


def test_negative_weights(iris):
    """test_parity.py compares their steps. With early stopping, they only have to train."""
    x, y = iris
    weights = np.where(np.arange(150) % 10 == 0, -0.1, 1.0)
    for make in (classifier, regressor):
        assert np.isfinite(make(early_stopping=True).fit(x, y, weights).loss_)
    assert np.isfinite(regressor().fit(x, y, -np.ones(150)).loss_)


def test_a_batch_without_weight_is_a_step_without_gradient(iris):
    x, y = iris
    weights = np.repeat([0.0, 1.0], [50, 100])
    options = {"batch_size": 50, "shuffle": False, "dropout": 0, "solver": "sgd", "momentum": 0, "max_iter": 1}
    found = classifier(**options).fit(x, y, weights)
    expected = classifier(**options).partial_fit(x[50:100], y[50:100], classes=[0, 1, 2])
    expected.partial_fit(x[100:], y[100:])
    np.testing.assert_allclose(found.coefs_[0], expected.coefs_[0], rtol=1e-12)
    with pytest.raises(ZeroDivisionError):
        MLPClassifier(batch_size=50, shuffle=False).fit(x, y, weights)


def test_class_weight(iris):
    x, y = iris
    y = np.array(["a", "b", "c"])[np.where(np.arange(150) % 3, y, 0)]
    for weight in ("balanced", {"a": 1.0, "b": 3.0, "c": 0.5}):
        found = classifier(class_weight=weight).fit(x, y, np.arange(1, 151))
        expected = classifier().fit(x, y, compute_sample_weight(weight, y) * np.arange(1, 151))
        assert np.array_equal(found.coefs_[0], expected.coefs_[0])
    labels = np.column_stack([y == "a", y == "b"]).astype(int)
    found = classifier(class_weight="balanced").fit(x, labels)
    expected = classifier().fit(x, labels, compute_sample_weight("balanced", labels))
    assert np.array_equal(found.coefs_[0], expected.coefs_[0])
    with pytest.raises(ValueError, match="class_weight: 'balanced' needs all rows; partial_fit takes weights of class"):
        classifier(class_weight="balanced").partial_fit(x, y)
    assert np.isfinite(classifier(class_weight={"a": 2.0}).partial_fit(x, y).loss_)
    with pytest.raises(ValueError, match="The 'class_weight' parameter of DropoutMLPClassifier must be"):
        classifier(class_weight="even").fit(x, y)


def test_class_names_of_saved_networks(iris, tmp_path):
    x, _ = iris
    classifier().fit(x, np.full(150, "only")).network_.save(tmp_path / "m.npz")
    assert set(nd.MLP.load(tmp_path / "m.npz").predict(x)) <= {0, 1}
    assert MLPRegressor().get_params().keys() - regressor().get_params().keys() == set()
