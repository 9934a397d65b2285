"""Both estimators: samples, partial fits, copies, tools of scikit-learn, and parameters that are refused."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest
from estimators import classifier, regressor, same
from joblib import parallel_config
from sklearn.base import clone, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import numba_dropout as nd

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_mc_samples(iris, diabetes):
    x, y = diabetes
    estimator = regressor(mc_samples=20).fit(x, y)
    samples = estimator.network_.predict_mc(x, 20)
    mean, std = estimator.predict(x, return_std=True)
    assert np.array_equal(mean, samples.mean[:, 0])
    noise = 1 / np.sqrt(estimator.network_.tau)
    np.testing.assert_allclose(noise, np.sqrt(np.mean((estimator.network_.predict(x) - y) ** 2)), rtol=1e-12)
    np.testing.assert_allclose(std, np.hypot(samples.std[:, 0], noise), rtol=1e-12)
    assert np.array_equal(estimator.predict(x), mean)
    estimator.mc_samples = None
    expected = np.hypot(estimator.network_.predict_mc(x, 100).std[:, 0], noise)
    np.testing.assert_allclose(estimator.predict(x, return_std=True)[1], expected, rtol=1e-12)
    assert np.array_equal(estimator.predict(x), estimator.network_.predict(x))
    sampling = classifier(mc_samples=20).fit(*iris)
    assert np.array_equal(sampling.predict_proba(iris[0]), sampling.network_.predict_mc(iris[0], 20).mean)
    assert np.allclose(np.exp(sampling.predict_log_proba(iris[0])), sampling.predict_proba(iris[0]))


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_partial_fit(solver, iris):
    """Three calls are three epochs, because the state of the optimizer is kept, also in a pickle."""
    x, y = iris
    full = classifier(solver=solver).fit(x, y)
    parts = classifier(solver=solver)
    for _ in range(3):
        parts = pickle.loads(pickle.dumps(parts.partial_fit(x, y, classes=[0, 1, 2])))
    assert same(full, parts)
    assert parts.loss_curve_ == full.loss_curve_
    with pytest.raises(ValueError, match=r"`y` has classes not in `self.classes_`. `self.classes_` has \[0 1 2\]"):
        parts.partial_fit(x, y + 1)
    with pytest.raises(ValueError, match="is not the same as on last call to partial_fit, was: array"):
        parts.partial_fit(x, y, classes=[0, 1])
    with pytest.raises(ValueError, match="partial_fit does not support early_stopping"):
        classifier(early_stopping=True).partial_fit(x, y)


@pytest.mark.parametrize("options", [{}, {"solver": "sgd", "learning_rate": "invscaling", "power_t": 0.3}])
def test_partial_fit_with_other_batches(options, iris):
    """The penalty and the learning rate depend on the batch of each call, also after a pickle and other parameters."""
    x, y = iris
    parts = classifier(alpha=1.0, **options).partial_fit(x[:4], y[:4], classes=[0, 1, 2])
    parts.partial_fit(x, y)
    copied = pickle.loads(pickle.dumps(parts))
    copied.set_params(solver="adam", momentum=0.1)
    assert parts._optimizer.decays == copied._optimizer.decays == 1 / 150
    copied = pickle.loads(pickle.dumps(copied)).set_params(**parts.get_params())
    for each in (parts, copied):
        each.partial_fit(x, y)
    assert same(parts, copied)
    assert parts.n_iter_ == 1
    if options:
        assert parts._optimizer.rates(1)[0] == pytest.approx(0.001 / (4 + 150 + 150 + 1) ** 0.3)


def test_names_in_network(iris, tmp_path):
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    x, y = iris
    names = np.array(["a", "b", "c"])[y]
    estimator = classifier(early_stopping=True).fit(pandas.DataFrame(x, columns=list("wxyz")), names)
    estimator.network_.save(tmp_path / "m.npz")
    net = nd.MLP.load(tmp_path / "m.npz")
    assert (net.classes, net.features) == (["a", "b", "c"], list("wxyz"))
    assert np.array_equal(net.predict(x), estimator.predict(pandas.DataFrame(x, columns=list("wxyz"))))


def test_warm_start(iris):
    x, y = iris
    estimator = classifier(warm_start=True).fit(x, y)
    net, before = estimator.network_, [w.copy() for w in estimator.coefs_]
    estimator.fit(x, y)
    assert estimator.network_ is net
    assert not np.array_equal(before[0], estimator.coefs_[0])
    assert (len(estimator.loss_curve_), estimator.n_iter_) == (6, 3)
    with pytest.raises(ValueError, match=r"expected {'sizes': \[4, 8, 3\]} as in the first fit, got {'sizes': \[4, 9"):
        estimator.set_params(hidden_layer_sizes=9).fit(x, y)
    with pytest.raises(ValueError, match=r"expected {'dropout': 0.5} as in the first fit, got {'dropout': 0.1}"):
        estimator.set_params(hidden_layer_sizes=8, dropout=0.1).fit(x, y)
    estimator.set_params(dropout=0.5, early_stopping=True).fit(x, y)
    assert len(estimator.validation_scores_) == 3
    assert estimator.set_params(warm_start=False).fit(x, y).network_ is not net


def test_pickle_clone_and_copy(iris):
    x, y = iris
    estimator = classifier(max_norm=2.0, dropout=[0.3], input_dropout=0.1).fit(x, y)
    for copied in (pickle.loads(pickle.dumps(estimator)), copy.deepcopy(estimator)):
        assert same(estimator, copied)
        assert np.array_equal(estimator.predict_proba(x), copied.predict_proba(x))
        assert copied.network_.seed == estimator.network_.seed
    fresh = clone(estimator)
    assert fresh.get_params() == estimator.get_params()
    assert not hasattr(fresh, "network_")
    net = copy.deepcopy(estimator.network_)
    net.state_dict()["0.weight"][:] = 0
    assert estimator.coefs_[0].any()


def test_feature_names(iris):
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    x, y = iris
    frame = pandas.DataFrame(x, columns=list("abcd"))
    estimator = classifier().fit(frame, pandas.Series(y, name="kind"))
    assert estimator.feature_names_in_.tolist() == list("abcd")
    assert same(estimator, classifier().fit(x, y))
    with pytest.raises(ValueError, match="feature names should match"):
        estimator.predict(frame[list("dcba")])


@pytest.mark.parametrize("backend", ["loky", "threading", "multiprocessing"])
@pytest.mark.jit_only
def test_grid_search_in_workers(backend, iris):
    x, y = iris
    grid = {"dropoutmlpclassifier__dropout": [0.1, 0.5]}
    models = make_pipeline(StandardScaler(), classifier())
    with parallel_config(backend=backend):
        parallel = GridSearchCV(models, grid, cv=2, n_jobs=2).fit(x, y)
    serial = GridSearchCV(models, grid, cv=2).fit(x, y)
    assert np.array_equal(parallel.cv_results_["mean_test_score"], serial.cv_results_["mean_test_score"])


def test_calibration_and_cross_validation(iris):
    x, y = iris
    assert CalibratedClassifierCV(classifier(), cv=2).fit(x, y).predict_proba(x).shape == (150, 3)
    assert len(cross_val_score(regressor(), x, x[:, 0], cv=3)) == 3
    assert is_regressor(regressor())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dropout": 1.5}, "The 'dropout' parameter of DropoutMLPClassifier must be"),
        ({"alpha": -1}, "The 'alpha' parameter of DropoutMLPClassifier must be a float in the range"),
        ({"solver": "newton"}, "The 'solver' parameter of DropoutMLPClassifier must be a str among"),
        ({"hidden_layer_sizes": [8, 0]}, "hidden_layer_sizes: expected an integer from 1"),
        ({"dropout": [0.1, 0.2]}, "dropout: expected one rate, or one for each of the 1 hidden layers"),
        ({"device": "tpu"}, "device: expected"),
    ],
)
def test_refused_parameters(options, message, iris):
    with pytest.raises(ValueError, match=message):
        classifier(**options).set_params(**options).fit(*iris)


def test_refused_targets(iris):
    x, y = iris
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        classifier().fit(x, x[:, 0])
    estimator = classifier().partial_fit(x, np.column_stack([y == 0, y == 1]).astype(int))
    with pytest.raises(ValueError, match="y: expected 2 labels for each row as in the first call"):
        estimator.partial_fit(x, y)
    with pytest.raises(ValueError, match=r"y: expected an indicator matrix of 0 and 1, got \[-1, 1\]"):
        classifier().fit(x, np.column_stack([y == 0, y != 0]) * 2 - 1)


def test_missing_sklearn():
    code = "import sys; sys.modules['sklearn'] = None\nimport numba_dropout.sklearn"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert process.returncode == 1
    last = process.stderr.splitlines()[-1]
    assert last == (
        "ImportError: numba_dropout.sklearn requires scikit-learn: pip install scikit-learn (or the extra [sklearn])"
    )
