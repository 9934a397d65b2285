"""Weights of rows and of classes, against scikit-learn's."""

from dataclasses import replace

import numpy as np
import pytest

import numba_dropout as nd
from numba_dropout.experiments.config import TrainConfig, build
from numba_dropout.experiments.row_weights import row_weights


@pytest.fixture
def dataset(rng):
    """Return rows of three classes."""
    y = rng.choice(3, 40, p=[0.6, 0.3, 0.1])
    return nd.data.Dataset("mine", rng.standard_normal((40, 2)), y, ["no", "yes", "007"])


def test_balanced_classes_match_scikit_learn(dataset):
    utils = pytest.importorskip("sklearn.utils.class_weight")
    weights = row_weights(dataset, "balanced")
    np.testing.assert_allclose(weights, utils.compute_sample_weight("balanced", dataset.y), rtol=1e-15)
    assert weights.sum() == pytest.approx(40)


def test_classes_without_training_rows(dataset):
    """They do not count, as in scikit-learn's weights of the labels that occur."""
    utils = pytest.importorskip("sklearn.utils.class_weight")
    part = dataset.rows(np.flatnonzero(dataset.y != 2))
    expected = utils.compute_sample_weight("balanced", part.y)
    np.testing.assert_allclose(row_weights(part, "balanced"), expected, rtol=1e-15)


def test_weights_of_named_classes_match_scikit_learn(dataset):
    utils = pytest.importorskip("sklearn.utils.class_weight")
    expected = utils.compute_sample_weight({0: 1, 1: 5, 2: 0.5}, dataset.y)
    assert row_weights(dataset, {"yes": 5, "007": 0.5}).tolist() == expected.tolist()


def test_classes_of_integers(dataset):
    numbered = replace(dataset, classes=[0, 1, 2])
    for weights in ({1: 5}, {"1": 5}):
        assert row_weights(numbered, weights).tolist() == np.where(dataset.y == 1, 5, 1).tolist()


def test_products_with_the_rows_weights(dataset, rng):
    weights = rng.random(40)
    weighted = replace(dataset, weights=weights)
    assert row_weights(dataset, None) is None
    assert row_weights(weighted, None) is weights
    np.testing.assert_allclose(row_weights(weighted, {"yes": 5}), np.where(dataset.y == 1, 5, 1) * weights)


@pytest.mark.parametrize(
    ("class_weight", "message"),
    [
        ({"maybe": 2}, "class_weight: there is no class 'maybe'; the classes are no, yes, 007"),
        ({"7": 2}, "there is no class '7'"),
        ({"yes": -1}, "class_weight"),
        ({"yes": np.nan}, "class_weight"),
        ("balance", "class_weight: expected balanced or a weight for each class .*NAME=5.*, got 'balance'"),
    ],
)
def test_refused(dataset, class_weight, message):
    with pytest.raises(ValueError, match=message):
        row_weights(dataset, class_weight)


def test_values_have_no_class_weights(dataset):
    with pytest.raises(ValueError, match="class_weight: only valid for classes, got a target with values"):
        row_weights(replace(dataset, y=np.zeros((40, 1)), classes=None), "balanced")


def test_weights_of_the_training_part(write_weighted):
    """The weights of a job are those of its training rows, and change what is learnt."""
    options = {"hidden": (4,), "epochs": 2, "batch_size": 10, "val": 0.25}
    job = build(write_weighted, TrainConfig(**options, table={"weights": "w"}))
    rows = {tuple(x): w for x, w in zip(job.train.x.tolist(), job.sample_weight.tolist(), strict=True)}
    assert len(job.sample_weight) == 30
    assert all(w == x % 3 + 1 for (x,), w in rows.items())
    assert job.train.features == ["x"]
    plain = build(write_weighted, TrainConfig(**options, table={"drop": ["w"]}))
    for each in (job, plain):
        each.fit()
    assert any((job.net.weights()[name] != weights).any() for name, weights in plain.net.weights().items())


@pytest.fixture
def write_weighted(tmp_path):
    """Return a table whose weights follow from its feature."""
    path = tmp_path / "t.csv"
    path.write_text("x,w,y\n" + "".join(f"{i * 7 % 40},{i * 7 % 40 % 3 + 1},{'ab'[i % 2]}\n" for i in range(40)))
    return path
