"""Steps of the estimators against those of scikit-learn's MLP, from the same weights."""

import numpy as np
import pytest
from covering import pairwise
from estimators import classifier, regressor
from mlp_parity import loss_difference, trained_pair, weight_difference
from sklearn.neural_network import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

ROWS = 40
SOLVERS = {
    "adam": {"solver": "adam"},
    "sgd": {"solver": "sgd", "momentum": 0},
    "momentum": {"solver": "sgd", "nesterovs_momentum": False},
    "nesterov": {"solver": "sgd", "momentum": 0.8},
    "invscaling": {"solver": "sgd", "learning_rate": "invscaling", "power_t": 0.3},
    "adaptive": {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.1, "n_iter_no_change": 1},
}
FACTORS = {
    "solver": list(SOLVERS),
    "kind": ["two classes", "classes", "labels", "value", "values", "counts"],
    "alpha": [0.0, 1e-4, 1.0],
    "batch_size": [ROWS, 13, 1],
    "weights": ["none", "counts", "fractions", "negative"],
    "activation": ["relu", "tanh", "logistic", "identity"],
}


def data(rng, kind, weights):
    """Return x, y and the sample weights. Values have a weighted mean of 0 and a weighted standard deviation of 1."""
    x = rng.standard_normal((ROWS, 5))
    weight = {"none": None, "counts": rng.integers(1, 4, ROWS), "fractions": rng.random(ROWS)}.get(weights)
    if weights == "negative":
        weight = np.where(np.arange(ROWS) % 13 == 3, -0.5, 1.0)
    hidden = x @ rng.standard_normal((5, 3))
    if kind == "classes":
        return x, hidden.argmax(1), weight
    if kind in ("two classes", "labels"):
        labels = (hidden > 0).astype(int)
        return x, labels if kind == "labels" else labels[:, 0], weight
    if kind == "counts":
        return x, rng.poisson(np.exp(hidden / 3)), weight
    positive = None if weights == "negative" else weight
    values = hidden - np.average(hidden, 0, positive)
    values /= np.sqrt(np.average(values**2, 0, positive))
    return x, values if kind == "values" else values[:, 0], weight


def pair(kind, **options):
    """Return our estimator without dropout and scikit-learn's, on rows in their order."""
    common = {"hidden_layer_sizes": (7, 6), "max_iter": 4, "random_state": 0, "learning_rate_init": 0.05}
    common |= {"shuffle": False, **options}
    if kind == "counts":
        common |= {"loss": "poisson", "learning_rate_init": common["learning_rate_init"] / 5}
    if kind in ("value", "values", "counts"):
        return regressor(dropout=0, **common), MLPRegressor(**common)
    return classifier(dropout=0, **common), MLPClassifier(**common)


CASES = [
    {name: FACTORS[name][index] for name, index in zip(FACTORS, indices, strict=True)}
    for indices in pairwise(*map(len, FACTORS.values()))
]


@pytest.mark.plain_only  # compiling each loss, solver and activation would take a minute
@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(map(str, case.values())))
def test_steps(case, rng):
    options = {name: case[name] for name in ("alpha", "batch_size", "activation")} | SOLVERS[case["solver"]]
    options["learning_rate_init"] = 0.01 if case["batch_size"] == 1 else 0.05
    ours, theirs = trained_pair(*pair(case["kind"], **options), *data(rng, case["kind"], case["weights"]))
    assert weight_difference(ours, theirs) < 1e-9
    assert ours.n_iter_ == theirs.n_iter_
    assert loss_difference(ours, theirs) < 1e-9


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_compiled_steps(solver, rng):
    ours, theirs = trained_pair(
        *pair("values", solver=solver, batch_size=13, alpha=0.5), *data(rng, "values", "counts")
    )
    assert weight_difference(ours, theirs) < 1e-9


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("schedule", ["invscaling", "adaptive"])
def test_learning_rates(schedule, momentum, rng):
    """The rate changes after an epoch, and the velocity keeps the rates of its steps."""
    options = {"learning_rate": schedule, "momentum": momentum, "tol": 0.1, "n_iter_no_change": 2, "power_t": 0.2}
    ours, theirs = trained_pair(*pair("classes", solver="sgd", max_iter=25, **options), *data(rng, "classes", "none"))
    assert ours._optimizer.lr == pytest.approx(theirs._optimizer.learning_rate)
    assert ours._optimizer.lr < 0.05
    assert ours.n_iter_ == theirs.n_iter_
    assert weight_difference(ours, theirs) < 1e-9


def test_learning_rate_of_partial_fits(rng):
    """The count of epochs without progress goes on in the next call."""
    x, y, _ = data(rng, "classes", "none")
    ours, theirs = pair("classes", solver="sgd", learning_rate="adaptive", tol=10.0, n_iter_no_change=2)
    for estimator in (ours, theirs):
        for _ in range(5):
            estimator.partial_fit(x, y, classes=[0, 1, 2])
    assert ours._optimizer.lr == pytest.approx(theirs._optimizer.learning_rate) == pytest.approx(0.01)
