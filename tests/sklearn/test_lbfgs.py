"""The solver "lbfgs", against scikit-learn's."""

import numpy as np
import pytest

pytest.importorskip("sklearn", minversion="1.7", reason="the MLP of scikit-learn 1.7 is not installed")

from estimators import classifier, regressor
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

import numba_dropout as nd
from numba_dropout.sklearn.lbfgs import Objective
from numba_dropout.training.callbacks import JsonLines

OPTIONS = {"solver": "lbfgs", "random_state": 0, "hidden_layer_sizes": 5, "activation": "tanh"}


@pytest.fixture
def problem(rng):
    """Return x and targets of each kind."""
    x = rng.standard_normal((50, 4))
    hidden = x @ rng.standard_normal((4, 3))
    return x, {
        "two classes": (hidden[:, 0] > 0).astype(int),
        "classes": hidden.argmax(1),
        "labels": (hidden > 0).astype(int),
        "value": (hidden[:, 0] - hidden[:, 0].mean()) / hidden[:, 0].std(),
        "counts": rng.poisson(np.exp(hidden[:, 0] / 3)),
    }


def pair(kind, **options):
    """Return our estimator and scikit-learn's."""
    options = {**OPTIONS, **options} | ({"loss": "poisson"} if kind == "counts" else {})
    if kind in ("value", "counts"):
        return regressor(dropout=0, **options), MLPRegressor(**options)
    return classifier(dropout=0, **options), MLPClassifier(**options)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "kind",
    [
        "classes",
        *(pytest.param(kind, marks=pytest.mark.compiles_long) for kind in ("two classes", "labels", "value", "counts")),
    ],
)
def test_iterations(kind, weighted, problem):
    """From the same weights, the iterations are scikit-learn's."""
    x, y = problem[0], problem[1][kind]
    weights = np.where(np.arange(50) % 3, 1.0, 2.0) if weighted else None
    if weighted and kind == "value":
        y = (y - np.average(y, 0, weights)) / np.sqrt(np.average((y - np.average(y, 0, weights)) ** 2, 0, weights))
    ours, theirs = (each.set_params(warm_start=True, max_iter=1, alpha=0.1) for each in pair(kind))
    for each in (ours, theirs):
        each.fit(x, y, weights)
    theirs.coefs_, theirs.intercepts_ = [w.copy() for w in ours.coefs_], [b.copy() for b in ours.intercepts_]
    for each in (ours, theirs):
        each.set_params(max_iter=8).fit(x, y, weights)
    assert ours.n_iter_ == theirs.n_iter_ == 8
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-9)
    for found, expected in zip(ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)
    assert not hasattr(ours, "loss_curve_")
    assert not hasattr(ours, "partial_fit")


@pytest.mark.plain_only
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_gradient_of_several_values(rng):
    """scikit-learn's loss of several values is not the one that its gradient is of. Ours is minimized as a sum."""
    x, y = rng.standard_normal((20, 3)), rng.standard_normal((20, 2))
    estimator = regressor(dropout=0, **OPTIONS).fit(x, y)
    objective = Objective(estimator.network_, x, y, np.arange(1.0, 21), 0.5)
    params = rng.standard_normal(estimator.network_.size)
    value, gradient = objective.value_and_gradient(params)
    steps = 1e-6 * np.eye(len(params))
    slopes = [objective.value_and_gradient(params + h)[0] - objective.value_and_gradient(params - h)[0] for h in steps]
    np.testing.assert_allclose(gradient, np.array(slopes) / 2e-6, rtol=1e-5, atol=1e-6)
    assert value > objective.loss


@pytest.mark.compiles_long
def test_ends(problem, capsys):
    x, y = problem[0], problem[1]["classes"]
    ours, _ = pair("classes", max_fun=5)
    with pytest.warns(ConvergenceWarning, match=r"lbfgs failed to converge after \d iteration"):
        ours.fit(x, y)
    with pytest.warns(ConvergenceWarning, match=r"lbfgs failed to converge after 2 iteration"):
        ours.set_params(max_iter=2, verbose=True, max_fun=100).fit(x, y)
    assert capsys.readouterr().out.splitlines()[0].startswith("Iteration 1, loss = ")
    done, _ = pair("classes", max_iter=500, tol=1e-3)
    done.fit(sparse.csr_matrix(x), y)
    assert done.n_iter_ < 500
    assert done.score(x, y) == 1
    with pytest.warns(ConvergenceWarning):
        done.set_params(solver="adam", warm_start=True, max_iter=2).fit(x, y)
    assert len(done.loss_curve_) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dropout": 0.5}, "dropout: expected 0 with solver='lbfgs', got 0.5"),
        ({"dropout": [0.0], "input_dropout": 0.1}, "input_dropout: expected 0 with solver='lbfgs', got 0.1"),
        ({"max_norm": 1.0}, r"max_norm: expected None with solver='lbfgs', got 1\.0"),
    ],
)
def test_refused_parameters(options, message, iris):
    with pytest.raises(ValueError, match=message):
        classifier(**{"dropout": 0, **OPTIONS, **options}).fit(*iris)


def test_refused_calls(iris):
    x, y = iris
    for estimator in pair("classes"):
        with pytest.raises(AttributeError, match="has no attribute 'partial_fit'"):
            estimator.partial_fit(x, y)
    with pytest.raises(ValueError, match="sample_weight: expected weights that do not add up to 0 with solver='lbfgs'"):
        pair("classes")[0].fit(x, y, np.where(np.arange(150) % 2, 1, -1))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("weights", [np.r_[-0.1, np.ones(49)], np.r_[np.ones(49), -60.0]], ids=["few", "in sum"])
def test_negative_weights(weights, problem):
    """A negative weight of the whole also turns the sign of the penalty, as in scikit-learn."""
    x, y = problem[0], problem[1]["classes"]
    ours, theirs = (each.set_params(warm_start=True, max_iter=1, alpha=0.1) for each in pair("classes"))
    for each in (ours, theirs):
        each.fit(x, y)
    theirs.coefs_, theirs.intercepts_ = [w.copy() for w in ours.coefs_], [b.copy() for b in ours.intercepts_]
    for each in (ours, theirs):
        each.set_params(max_iter=3).fit(x, y, weights)
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-7)
    for found, expected in zip(ours.coefs_, theirs.coefs_, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)


class Log(nd.Callback):
    """Callback that keeps the losses and the weights of iterations, and may stop after some."""

    def __init__(self, last):
        self.last, self.losses, self.calls = last, [], []

    def on_train_begin(self, net, epochs, steps):
        self.net, self.limit = net, (epochs, steps)
        self.training.stop = self.last == 0

    def on_steps_end(self, epoch, steps, loss):
        self.calls.append((epoch, steps, self.training.steps_done))

    def on_epoch_end(self, record):
        self.losses.append(record["loss"])
        self.weights = [value.copy() for value in self.net.weights().values()]
        self.training.stop = record["epoch"] == self.last

    def on_train_end(self, history):
        self.history, self.finished = history, self.training.finished


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_callbacks(problem, tmp_path):
    x, y = problem[0], problem[1]["classes"]
    log, lines = Log(None), JsonLines(tmp_path / "log.jsonl")
    estimator = classifier(dropout=0, **{**OPTIONS, "max_iter": 4}, callbacks=[log, lines]).fit(x, y)
    assert estimator.n_iter_ == len(log.losses) == 4
    assert log.losses == sorted(log.losses, reverse=True)
    assert log.losses[-1] == estimator.loss_
    assert log.calls == [(1, 1, 0), (2, 1, 1), (3, 1, 2), (4, 1, 3)]
    assert log.limit == (4, 4)
    assert log.finished
    assert [record["loss"] for record in log.history.records] == log.losses
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == 4
    assert "training" not in vars(log)
    for last in (0, 2):
        stopped = Log(last)
        estimator = classifier(dropout=0, **OPTIONS, callbacks=[stopped]).fit(x, y)
        assert estimator.n_iter_ == last
        assert stopped.losses == log.losses[:last]
        assert estimator.loss_ == pytest.approx(stopped.losses[-1]) if last else estimator.loss_ > log.losses[0]
    for found, expected in zip(estimator.network_.weights().values(), stopped.weights, strict=True):
        assert np.array_equal(found, expected)


def test_checkpoints_are_refused(iris, tmp_path):
    with pytest.raises(ValueError, match="callbacks: a Checkpoint needs the solver 'adam' or 'sgd', got 'lbfgs'"):
        classifier(dropout=0, **OPTIONS, callbacks=[nd.Checkpoint(tmp_path / "c.npz", 1)]).fit(*iris)
