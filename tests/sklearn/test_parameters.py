"""Parameters that scikit-learn's MLP has too: their ranges, dtypes, the order of rows, and fitted weights."""

import copy
import inspect
import pickle

import numpy as np
import pytest
from estimators import classifier, regressor, same
from sklearn.neural_network import MLPClassifier, MLPRegressor

from numba_dropout.sklearn import DropoutMLPClassifier, DropoutMLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize(
    ("ours", "theirs"), [(DropoutMLPClassifier, MLPClassifier), (DropoutMLPRegressor, MLPRegressor)]
)
def test_names_and_defaults_are_those_of_scikit_learn(ours, theirs):
    found, expected = (inspect.signature(estimator).parameters for estimator in (ours, theirs))
    missing = {name for name in expected if name not in found or found[name].default != expected[name].default}
    assert missing <= {"loss"}
    assert {name: str(rule) for name, rule in theirs._parameter_constraints.items()}.keys() - found.keys() <= {"loss"}


@pytest.mark.parametrize(
    "options",
    [
        {"momentum": 1, "solver": "sgd"},
        {"n_iter_no_change": np.inf},
        {"validation_fraction": 0},
        {"validation_fraction": 0.5, "early_stopping": True},
        {"max_fun": 1},
        {"beta_1": 0, "beta_2": 0},
    ],
)
def test_ranges(options, iris):
    assert np.isfinite(classifier(**options).fit(*iris).loss_)


@pytest.mark.parametrize("options", [{"momentum": 1.1}, {"validation_fraction": 1}, {"max_fun": 0}, {"dtype": "f4"}])
def test_refused_ranges(options, iris):
    with pytest.raises(ValueError, match=f"The '{next(iter(options))}' parameter of DropoutMLPClassifier must be"):
        classifier(**options).fit(*iris)
    assert classifier().set_params(n_iter_no_change=np.inf, max_iter=4, tol=1e9).fit(*iris).n_iter_ == 4


@pytest.mark.parametrize("make", [classifier, regressor])
def test_dtypes(make, iris):
    x, y = iris
    for dtype, expected in [("float32", "float32"), ("float64", "float64"), ("uint8", "float32"), ("int64", "float64")]:
        values = np.abs(x * 10).astype(dtype)
        estimator = make().fit(values, y)
        assert {value.dtype.name for value in estimator.coefs_ + estimator.intercepts_} == {expected}
        found = estimator.predict_proba(values) if make is classifier else estimator.predict(values)
        assert found.dtype == expected
        assert make(dtype="float64").fit(values, y).coefs_[0].dtype == np.float64
        assert make(dtype="float32").fit(values, y).coefs_[0].dtype == np.float32
    once = make(warm_start=True).fit(x, y)
    assert once.fit(x.astype(np.float32), y).coefs_[0].dtype == np.float64
    sampling = make(mc_samples=3).fit(x.astype(np.float32), y)
    assert (sampling.predict_proba(x) if make is classifier else sampling.predict(x)).dtype == np.float32


def test_shuffle(iris):
    """With shuffle=False, rows are taken in their order: as many batches as parts of the rows, one after another."""
    x, y = iris
    options = {"max_iter": 1, "batch_size": 50, "solver": "sgd", "dropout": 0}
    whole = classifier(shuffle=False, **options).fit(x, y)
    parts = classifier(**options)
    for start in (0, 50, 100):
        parts.partial_fit(x[start : start + 50], y[start : start + 50], classes=[0, 1, 2])
    for found, expected in zip(parts.coefs_, whole.coefs_, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert not same(whole, classifier(**options).fit(x, y))


def test_weights_can_be_set(iris):
    x, y = iris
    first, second = classifier().fit(x, y), classifier(random_state=5).fit(x, y)
    second.coefs_, second.intercepts_ = first.coefs_, [value.tolist() for value in first.intercepts_]
    assert np.array_equal(first.predict_proba(x), second.predict_proba(x))
    with pytest.raises(ValueError, match=r"coefs_: expected arrays of the shapes \[\(4, 8\), \(8, 3\)\], got \[\(4, 8"):
        second.coefs_ = first.coefs_[:1]
    with pytest.raises(ValueError, match=r"intercepts_: expected arrays of the shapes \[\(8,\), \(3,\)\], got"):
        second.intercepts_ = [np.zeros(7), np.zeros(3)]


def test_weights_of_a_layer_can_be_set(iris):
    """Assigning to an item or to elements changes the network, as in scikit-learn."""
    x, y = iris
    ours, theirs = classifier().fit(x, y), MLPClassifier(8, max_iter=3).fit(x, y)
    rng = np.random.default_rng(0)
    weights = [rng.standard_normal((4, 8)), rng.standard_normal((8, 3))]
    for estimator in (ours, theirs):
        coefs = estimator.coefs_
        coefs[0] = weights[0]
        coefs[1][:] = weights[1]
        coefs[0][0] = 0
        estimator.intercepts_[0] = np.zeros(8)
        estimator.intercepts_[1][:] = [0, 1, 2]
    np.testing.assert_allclose(ours.predict_proba(x), theirs.predict_proba(x), rtol=1e-9)
    assert type(copy.deepcopy(ours.coefs_)) is list
    assert type(pickle.loads(pickle.dumps(ours.coefs_))) is list
    with pytest.raises(ValueError, match=r"coefs_: expected arrays of the shapes \[\(4, 8\), \(8, 3\)\], got"):
        ours.coefs_[0] = np.zeros((3, 8))
