"""Data sets of scikit-learn."""

import numpy as np
import pytest

import numba_dropout as nd
from numba_dropout import data


@pytest.mark.parametrize(
    ("name", "shape", "classes"),
    [
        ("digits", (1797, 64), list(range(10))),
        ("iris", (150, 4), ["setosa", "versicolor", "virginica"]),
        ("wine", (178, 13), ["class_0", "class_1", "class_2"]),
        ("breast_cancer", (569, 30), ["malignant", "benign"]),
        ("diabetes", (442, 10), None),
    ],
)
def test_sets(name, shape, classes):
    pytest.importorskip("sklearn")
    dataset = data.load(name)
    assert (dataset.x.shape, dataset.classes, len(dataset.features)) == (shape, classes, shape[1])
    assert np.isfinite(dataset.x).all()
    net = nd.MLP([shape[1], len(classes) if classes else 1], loss="cross_entropy" if classes else "mse")
    net.classes = classes
    reloaded = data.load_for(net, name)
    assert np.array_equal(reloaded.x, dataset.x)
    assert np.array_equal(reloaded.y, dataset.y)


@pytest.mark.parametrize(("name", "task"), [("iris", "values"), ("diabetes", "classes"), ("pipeline", "values")])
def test_wrong_task(name, task):
    pytest.importorskip("sklearn")
    with pytest.raises(
        ValueError, match=f"{name}: the target of this data set holds (values|classes); do not train on {task}"
    ):
        data.load(name, task=task)
