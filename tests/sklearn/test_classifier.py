"""The classifier: classes, labels, weights, and input that is sparse."""

import copy

import numpy as np
import pytest
from estimators import classifier, same
from scipy import sparse

import numba_dropout as nd
from numba_dropout.sklearn import DropoutMLPClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_equals_mlp(iris):
    """With equal seed, rates, batches and optimizer, the results are bitwise equal."""
    x, y = iris
    options = {"solver": "sgd", "momentum": 0.8, "nesterovs_momentum": False, "learning_rate_init": 0.1}
    estimator = classifier(dropout=0.3, input_dropout=0.1, batch_size=50, alpha=0.0, **options).fit(x, y)
    net = nd.MLP(
        [4, 8, 3], dropout=0.3, input_dropout=0.1, seed=estimator.network_.seed, init="glorot", dtype="float64"
    )
    net.load_state_dict(nd.MLP([4, 8, 3], seed=net.seed, init="glorot").weights())  # in float32
    history = nd.fit(net, x, y, optimizer=nd.SGD(lr=0.1, momentum=0.8), epochs=3, batch_size=50)
    for actual, expected in zip(estimator.coefs_, (net.weights()[f"{n}.weight"] for n in range(2)), strict=True):
        assert np.array_equal(actual, expected.T)
    for actual, expected in zip(estimator.intercepts_, (net.weights()[f"{n}.bias"] for n in range(2)), strict=True):
        assert np.array_equal(actual, expected)
    assert estimator.loss_curve_ == history.column("loss")
    assert (estimator.n_iter_, estimator.t_, estimator.n_layers_, estimator.n_outputs_) == (3, 450, 3, 3)
    assert estimator.out_activation_ == "softmax"
    assert np.array_equal(estimator.predict_proba(x), net.predict_proba(x))
    assert np.allclose(estimator.predict_log_proba(x), np.log(estimator.predict_proba(x)))


@pytest.mark.jit_only
def test_defaults_learn(iris):
    x, y = iris
    assert DropoutMLPClassifier(random_state=1, max_iter=500).fit(x, y).score(x, y) > 0.95


@pytest.mark.parametrize("seed", [0, np.random.RandomState(0)])
def test_random_state(seed, iris):
    first, second = (classifier(random_state=copy.deepcopy(seed)).fit(*iris) for _ in range(2))
    assert same(first, second)
    assert not same(first, classifier(random_state=5).fit(*iris))


def test_two_classes(iris):
    x, y = iris
    names = np.array(["no", "yes"])[(y == 1).astype(int)]
    estimator = classifier().fit(x, names)
    assert estimator.classes_.tolist() == ["no", "yes"]
    assert estimator.predict_proba(x).shape == (150, 2)
    assert estimator.predict_proba(x).sum(1) == pytest.approx(1)
    assert set(estimator.predict(x)) <= {"no", "yes"}
    assert (estimator.out_activation_, estimator.n_outputs_) == ("logistic", 1)


def test_multilabel(iris):
    x, y = iris
    labels = np.column_stack([y == 1, y < 2, x[:, 0] > 0]).astype(int)
    estimator = classifier().fit(x, labels)
    assert estimator.predict(x).shape == estimator.predict_proba(x).shape == (150, 3)
    assert np.array_equal(estimator.predict(x), estimator.predict_proba(x) > 0.5)
    assert estimator.score(x, labels) == (estimator.predict(x) == labels).all(1).mean()
    assert same(estimator, classifier().fit(x, sparse.csr_array(labels)))


def test_sparse_and_integers(iris):
    x, y = iris
    coarse = np.clip(np.round(x * 2), 0, 9).astype(np.float32)
    dense = classifier().fit(coarse, y)
    for kind in (sparse.csr_matrix, sparse.csc_array, sparse.coo_matrix):
        estimator = classifier(early_stopping=False).fit(kind(coarse), y)
        assert same(dense, estimator)
        assert np.array_equal(dense.predict_proba(coarse), estimator.predict_proba(kind(coarse)))
    assert same(dense, classifier().fit(coarse.astype(np.uint8), y))
    assert classifier(early_stopping=True).fit(sparse.coo_matrix(coarse), y).validation_scores_


def test_sample_weight(iris):
    x, y = iris
    weights = np.where(y == 2, 0.0, 1.0)
    estimator = classifier(max_iter=50, learning_rate_init=0.01).fit(x, y, weights)
    assert estimator.predict_proba(x)[:, 2].mean() < 0.3
    one_weight = np.where(np.arange(150) < 1, 1.0, 0.0)
    with pytest.raises(ValueError, match="sample_weight: expected weights above 0 among the held-out rows"):
        classifier(early_stopping=True).fit(x, y, one_weight)
