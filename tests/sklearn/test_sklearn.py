"""The scikit-learn estimators: scikit-learn's own checks, and what those do not look at."""

import copy
import os
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pytest

sklearn = pytest.importorskip("sklearn", minversion="1.6", reason="scikit-learn 1.6 is not installed")

import joblib  # noqa: E402
import scipy.sparse  # noqa: E402
from sklearn.base import clone, is_regressor  # noqa: E402
from sklearn.calibration import CalibratedClassifierCV  # noqa: E402
from sklearn.datasets import load_diabetes, load_iris  # noqa: E402
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning  # noqa: E402
from sklearn.model_selection import GridSearchCV, cross_val_score  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402
from sklearn.utils.estimator_checks import parametrize_with_checks  # noqa: E402

import numba_dropout as nd  # noqa: E402
from numba_dropout.sklearn import DropoutMLPClassifier, DropoutMLPRegressor  # noqa: E402
from numba_dropout.sklearn.joblib_threads import limit_threads  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

# What scikit-learn excuses for its own stochastic MLP: rows of weight 2 see one mask, rows given twice see two.
EXCUSED = {
    f"check_sample_weight_equivalence_on_{kind}_data": "repeated rows draw masks of their own"
    for kind in ("dense", "sparse")
}


CHECKS = parametrize_with_checks(
    [DropoutMLPClassifier(), DropoutMLPRegressor()], expected_failed_checks=lambda _: EXCUSED
).mark


@pytest.mark.jit_only
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(CHECKS.args[0], list(CHECKS.args[1]), **CHECKS.kwargs)
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def iris():
    x, y = load_iris(return_X_y=True)
    return StandardScaler().fit_transform(x), y


@pytest.fixture(scope="module")
def diabetes():
    x, y = load_diabetes(return_X_y=True)
    return StandardScaler().fit_transform(x)[:120], y[:120]


def classifier(**options):
    return DropoutMLPClassifier(**{"hidden_layer_sizes": 8, "max_iter": 3, "random_state": 1, **options})


def regressor(**options):
    return DropoutMLPRegressor(**{"hidden_layer_sizes": 8, "max_iter": 3, "random_state": 1, **options})


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one.coefs_, other.coefs_, strict=True))


# ---------------------------------------------------------------- what is learnt


def test_the_network_is_the_one_of_the_package(iris):
    """Same seed, rates, batches and optimiser: the same bits."""
    x, y = iris
    found = classifier(dropout=0.3, input_dropout=0.1, batch_size=50, alpha=0.01).fit(x, y)
    net = nd.MLP([4, 8, 3], dropout=0.3, input_dropout=0.1, seed=found.network_.seed, init="glorot")
    history = nd.fit(net, x, y, optimizer=nd.Adam(weight_decay=0.01 / 50), epochs=3, batch_size=50)
    for mine, theirs in zip(found.coefs_, (net.weights()[f"{n}.weight"] for n in range(2)), strict=True):
        assert np.array_equal(mine, theirs.T)
    for mine, theirs in zip(found.intercepts_, (net.weights()[f"{n}.bias"] for n in range(2)), strict=True):
        assert np.array_equal(mine, theirs)
    assert found.loss_curve_ == history.column("loss")
    assert (found.n_iter_, found.t_, found.n_layers_, found.n_outputs_) == (3, 450, 3, 3)
    assert found.out_activation_ == "softmax"
    assert np.array_equal(found.predict_proba(x), net.predict_proba(x))
    assert np.allclose(found.predict_log_proba(x), np.log(found.predict_proba(x)))


@pytest.mark.jit_only
def test_defaults_learn(iris):
    x, y = iris
    assert DropoutMLPClassifier(random_state=1, max_iter=500).fit(x, y).score(x, y) > 0.95


@pytest.mark.parametrize("seed", [0, np.random.RandomState(0)])
def test_a_seed_fixes_all(seed, iris):
    once, again = (classifier(random_state=copy.deepcopy(seed)).fit(*iris) for _ in range(2))
    assert same(once, again)
    assert not same(once, classifier(random_state=5).fit(*iris))


def test_two_classes_by_their_names(iris):
    x, y = iris
    names = np.array(["no", "yes"])[(y == 1).astype(int)]
    found = classifier().fit(x, names)
    assert found.classes_.tolist() == ["no", "yes"]
    assert found.predict_proba(x).shape == (150, 2)
    assert found.predict_proba(x).sum(1) == pytest.approx(1)
    assert set(found.predict(x)) <= {"no", "yes"}
    assert (found.out_activation_, found.n_outputs_) == ("logistic", 1)


def test_several_labels_at_once(iris):
    x, y = iris
    labels = np.column_stack([y == 1, y < 2, x[:, 0] > 0]).astype(int)
    found = classifier().fit(x, labels)
    assert found.predict(x).shape == found.predict_proba(x).shape == (150, 3)
    assert np.array_equal(found.predict(x), found.predict_proba(x) > 0.5)
    assert found.score(x, labels) == (found.predict(x) == labels).all(1).mean()
    assert same(found, classifier().fit(x, scipy.sparse.csr_array(labels)))


def test_several_values(diabetes):
    x, y = diabetes
    found = regressor().fit(x, np.column_stack([y, -100 * y]))
    assert found.predict(x).shape == (120, 2)
    mean, std = found.predict(x, return_std=True)
    assert mean.shape == std.shape == (120, 2)
    assert found.out_activation_ == "identity"
    with pytest.warns(DataConversionWarning):
        assert regressor().fit(x, y[:, None]).predict(x).shape == (120,)


def test_a_regressions_target_may_be_of_any_scale(diabetes):
    x, y = diabetes
    one, large = regressor().fit(x, y), regressor().fit(x, 1e6 * y + 1e9)
    assert np.allclose(large.predict(x), 1e6 * one.predict(x) + 1e9, rtol=1e-5)
    assert np.allclose(regressor().fit(x, 1e-3 * y + 1e9).predict(x), 1e-3 * one.predict(x) + 1e9, rtol=0, atol=1e-3)
    for solver in ("adam", "sgd"):
        same_values = regressor(solver=solver, max_iter=20).fit(x, np.full(120, 0.1))
        assert same_values.predict(x) == pytest.approx(0.1, abs=2)
        assert same_values.loss_ < 10


def test_draws_of_the_masks(iris, diabetes):
    x, y = diabetes
    found = regressor(mc_samples=20).fit(x, y)
    drawn = found.network_.predict_mc(x, 20)
    mean, std = found.predict(x, return_std=True)
    assert np.array_equal(mean, drawn.mean[:, 0])
    assert np.array_equal(std, drawn.std[:, 0])
    assert np.array_equal(found.predict(x), mean)
    found.mc_samples = None
    assert np.array_equal(found.predict(x, return_std=True)[1], found.network_.predict_mc(x, 100).std[:, 0])
    assert np.array_equal(found.predict(x), found.network_.predict(x))
    sure = classifier(mc_samples=20).fit(*iris)
    assert np.array_equal(sure.predict_proba(iris[0]), sure.network_.predict_mc(iris[0], 20).mean)
    assert np.allclose(np.exp(sure.predict_log_proba(iris[0])), sure.predict_proba(iris[0]))


def test_sparse_and_small_integers(iris):
    x, y = iris
    coarse = np.clip(np.round(x * 2), 0, 9)
    dense = classifier().fit(coarse, y)
    for kind in (scipy.sparse.csr_matrix, scipy.sparse.csc_array, scipy.sparse.coo_matrix):
        found = classifier(early_stopping=False).fit(kind(coarse), y)
        assert same(dense, found)
        assert np.array_equal(dense.predict_proba(coarse), found.predict_proba(kind(coarse)))
    assert same(dense, classifier().fit(coarse.astype(np.uint8), y))
    assert classifier(early_stopping=True).fit(scipy.sparse.coo_matrix(coarse), y).validation_scores_


def test_weights_of_rows(iris):
    x, y = iris
    weights = np.where(y == 2, 0.0, 1.0)
    found = classifier(max_iter=50, learning_rate_init=0.01).fit(x, y, weights)
    assert found.predict_proba(x)[:, 2].mean() < 0.3
    few = np.where(np.arange(150) < 1, 1.0, 0.0)
    with pytest.raises(ValueError, match="sample_weight: expected weights above 0 among the held-out rows"):
        classifier(early_stopping=True).fit(x, y, few)
    with pytest.raises(ValueError, match="Negative"):
        classifier().fit(x, y, -weights - 1)


# ---------------------------------------------------------------- when it ends, and going on


def test_it_stops_where_the_loss_stands_still(iris):
    found = classifier(max_iter=50, tol=10.0, n_iter_no_change=3).fit(*iris)
    assert found.n_iter_ == 5  # the first is progress; then 3 are waited for, and one more as in scikit-learn
    assert found.best_loss_ == min(found.loss_curve_)
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(4\) reached"):
        classifier(max_iter=4).fit(*iris)


def test_early_stopping_keeps_the_best_weights(iris):
    x, y = iris
    found = classifier(max_iter=40, early_stopping=True, n_iter_no_change=2, learning_rate_init=0.05).fit(x, y)
    assert len(found.validation_scores_) == found.n_iter_ < 40
    assert found.best_validation_score_ == max(found.validation_scores_)
    best = found.validation_scores_.index(max(found.validation_scores_)) + 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        until = classifier(max_iter=best, early_stopping=True, learning_rate_init=0.05).fit(x, y)
    assert same(found, until)
    values = regressor(early_stopping=True).fit(x, x[:, 0])
    assert len(values.validation_scores_) == 3
    with pytest.raises(ValueError, match="validation set is too small"):
        regressor(early_stopping=True, validation_fraction=0.01).fit(x[:20], x[:20, 0])


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_partial_fit_goes_on(solver, iris):
    """Three calls are three epochs: the optimiser's state is kept, also in a pickle."""
    x, y = iris
    whole = classifier(solver=solver).fit(x, y)
    parts = classifier(solver=solver)
    for _ in range(3):
        parts = pickle.loads(pickle.dumps(parts.partial_fit(x, y, classes=[0, 1, 2])))
    assert same(whole, parts)
    assert parts.loss_curve_ == whole.loss_curve_
    with pytest.raises(ValueError, match=r"y: expected only classes of \[0 1 2\], got 3"):
        parts.partial_fit(x, y + 1)
    with pytest.raises(ValueError, match="classes: expected the classes of the first call"):
        parts.partial_fit(x, y, classes=[0, 1])
    with pytest.raises(ValueError, match="partial_fit does not support early_stopping"):
        classifier(early_stopping=True).partial_fit(x, y)


def test_partial_fit_of_values(diabetes):
    x, y = diabetes
    whole, parts = regressor().fit(x, y), regressor()
    for _ in range(3):
        parts.partial_fit(x, y)
    assert same(whole, parts)
    with pytest.raises(ValueError, match=r"y: expected 1 output\(s\) as in the first call"):
        parts.partial_fit(x, np.column_stack([y, y]))


@pytest.mark.parametrize("options", [{}, {"solver": "sgd", "learning_rate": "invscaling", "power_t": 0.3}])
def test_the_first_batch_decides_about_no_other(options, iris):
    """The penalty and the falling rate are those of each call's batch, also after a pickle and other parameters."""
    x, y = iris
    parts = classifier(alpha=1.0, **options).partial_fit(x[:4], y[:4], classes=[0, 1, 2])
    parts.partial_fit(x, y)
    copied = pickle.loads(pickle.dumps(parts))
    copied.set_params(solver="adam", momentum=0.1)
    assert parts._optimizer.weight_decay == copied._optimizer.weight_decay == 1 / 150
    copied = pickle.loads(pickle.dumps(copied)).set_params(**parts.get_params())
    for each in (parts, copied):
        each.partial_fit(x, y)
    assert same(parts, copied)
    assert parts.n_iter_ == 1
    if options:
        assert parts._optimizer.rates(1)[0] == pytest.approx(0.001 / (4 + 150 + 150 + 1) ** 0.3)


def test_the_network_knows_names(iris, tmp_path):
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    x, y = iris
    names = np.array(["a", "b", "c"])[y]
    found = classifier(early_stopping=True).fit(pandas.DataFrame(x, columns=list("wxyz")), names)
    found.network_.save(tmp_path / "m.npz")
    net = nd.MLP.load(tmp_path / "m.npz")
    assert (net.classes, net.features) == (["a", "b", "c"], list("wxyz"))
    assert np.array_equal(net.predict(x), found.predict(pandas.DataFrame(x, columns=list("wxyz"))))


def test_warm_start(iris):
    x, y = iris
    found = classifier(warm_start=True).fit(x, y)
    net, before = found.network_, [w.copy() for w in found.coefs_]
    found.fit(x, y)
    assert found.network_ is net
    assert not np.array_equal(before[0], found.coefs_[0])
    assert (len(found.loss_curve_), found.n_iter_) == (6, 3)
    with pytest.raises(ValueError, match=r"expected {'sizes': \[4, 8, 3\]} as in the first fit, got {'sizes': \[4, 9"):
        found.set_params(hidden_layer_sizes=9).fit(x, y)
    with pytest.raises(ValueError, match=r"expected {'dropout': 0.5} as in the first fit, got {'dropout': 0.1}"):
        found.set_params(hidden_layer_sizes=8, dropout=0.1).fit(x, y)
    found.set_params(dropout=0.5, early_stopping=True).fit(x, y)
    assert len(found.validation_scores_) == 3
    assert found.set_params(warm_start=False).fit(x, y).network_ is not net


def test_learning_rates(iris):
    x, y = iris
    falling = classifier(solver="sgd", learning_rate="invscaling", power_t=0.25, momentum=0.0).fit(x, y)
    assert falling._optimizer.rates(2, step=0) == pytest.approx([0.001, 0.001 / 151**0.25])
    adaptive = classifier(solver="sgd", learning_rate="adaptive", max_iter=60, tol=10.0, n_iter_no_change=1).fit(x, y)
    assert adaptive._optimizer.lr == pytest.approx(0.001 / 5**5)
    assert adaptive.n_iter_ == 3 + 5 * 2


def test_what_verbose_says(iris, capsys):
    found = classifier(verbose=True, early_stopping=True, max_iter=200).fit(*iris)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"Iteration 1, loss = {found.loss_curve_[0]:.8f}"
    assert lines[1] == f"Validation score: {found.validation_scores_[0]:f}"
    assert lines[-1] == "Validation score did not improve more than tol=0.0001 for 10 consecutive epochs. Stopping."
    classifier(verbose=True, solver="sgd", learning_rate="adaptive", tol=10, n_iter_no_change=2, max_iter=40).fit(*iris)
    lines = capsys.readouterr().out.splitlines()
    without_progress = "Mean training loss did not improve more than tol=10 for 2 consecutive epochs. "
    assert without_progress + "Setting learning rate to 0.000200" in lines
    assert lines[-1] == without_progress + "Stopping."


# ---------------------------------------------------------------- in scikit-learn's tools


def test_pickles_clones_and_copies(iris):
    x, y = iris
    found = classifier(max_norm=2.0, dropout=[0.3], input_dropout=0.1).fit(x, y)
    for other in (pickle.loads(pickle.dumps(found)), copy.deepcopy(found)):
        assert same(found, other)
        assert np.array_equal(found.predict_proba(x), other.predict_proba(x))
        assert other.network_.seed == found.network_.seed
    fresh = clone(found)
    assert fresh.get_params() == found.get_params()
    assert not hasattr(fresh, "network_")
    net = copy.deepcopy(found.network_)
    net.state_dict()["0.weight"][:] = 0
    assert found.coefs_[0].any()


def test_frames_and_their_names(iris):
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    x, y = iris
    frame = pandas.DataFrame(x, columns=list("abcd"))
    found = classifier().fit(frame, pandas.Series(y, name="kind"))
    assert found.feature_names_in_.tolist() == list("abcd")
    assert same(found, classifier().fit(x, y))
    with pytest.raises(ValueError, match="feature names should match"):
        found.predict(frame[list("dcba")])


@pytest.mark.parametrize("backend", ["loky", "threading", "multiprocessing"])
@pytest.mark.jit_only
def test_searches_in_several_workers(backend, iris):
    x, y = iris
    grid = {"dropoutmlpclassifier__dropout": [0.1, 0.5]}
    models = make_pipeline(StandardScaler(), classifier())
    with joblib.parallel_config(backend=backend):
        found = GridSearchCV(models, grid, cv=2, n_jobs=2).fit(x, y)
    alone = GridSearchCV(models, grid, cv=2).fit(x, y)
    assert np.array_equal(found.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"])


def held(_):
    import numba

    with limit_threads():
        return numba.get_num_threads()


WORKERS = """
import os, sys
import joblib, numba
sys.path.insert(0, sys.argv[1])
from test_sklearn import held
cores = numba.get_num_threads()
found = [held(0)]
for backend in ("loky", "threading", "multiprocessing"):
    with joblib.parallel_config(backend=backend, n_jobs=2):
        found += joblib.Parallel()(joblib.delayed(held)(i) for i in range(4))
print(cores, *found)
"""


@pytest.mark.jit_only
def test_workers_and_threads_are_no_more_than_the_cores():
    if (os.cpu_count() or 1) < 2:
        pytest.skip("one core: nothing to share")
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_NUM_THREADS"}
    command = [sys.executable, "-c", WORKERS, os.path.dirname(__file__)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    cores, alone, *workers = map(int, done.stdout.split())
    assert cores == alone
    assert all(2 * threads <= cores for threads in workers)
    assert workers[4:] == 8 * [1]


def test_calibration_and_cross_validation(iris):
    x, y = iris
    assert CalibratedClassifierCV(classifier(), cv=2).fit(x, y).predict_proba(x).shape == (150, 3)
    assert len(cross_val_score(regressor(), x, x[:, 0], cv=3)) == 3
    assert is_regressor(regressor())


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dropout": 1.5}, "The 'dropout' parameter of DropoutMLPClassifier must be"),
        ({"alpha": -1}, "The 'alpha' parameter of DropoutMLPClassifier must be a float in the range"),
        ({"solver": "lbfgs"}, "The 'solver' parameter of DropoutMLPClassifier must be a str among"),
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
    with pytest.raises(ValueError, match="y: expected at least 2 classes, got 1 class"):
        classifier().fit(x, np.zeros(150))
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        classifier().fit(x, x[:, 0])
    found = classifier().partial_fit(x, np.column_stack([y == 0, y == 1]).astype(int))
    with pytest.raises(ValueError, match="y: expected 2 labels for each row as in the first call"):
        found.partial_fit(x, y)
    with pytest.raises(ValueError, match=r"y: expected an indicator matrix of 0 and 1, got \[-1, 1\]"):
        classifier().fit(x, np.column_stack([y == 0, y != 0]) * 2 - 1)


def test_scikit_learn_is_asked_for_where_it_is_missing():
    code = "import sys; sys.modules['sklearn'] = None\nimport numba_dropout.sklearn"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last == "ImportError: numba_dropout.sklearn needs scikit-learn: pip install 'numba-dropout[sklearn]'"
