"""Tables of predictions, as CSV and as NumPy files."""

import numpy as np
import pytest

import numba_dropout as nd
from numba_dropout.training import prediction_table


@pytest.fixture
def net():
    net = nd.MLP([3, 4, 2], dropout=0.25, input_dropout=0.125, seed=2**64 - 1)
    net.scale_input([1, 2, 3], [0.5, 0.25, 2])
    net.classes, net.features, net.target = ["ja", "größer, als"], ["a", "b", "c"], "d"
    net.step, net.epoch = 7, 2
    return net


X = np.linspace(-2, 5, 15).reshape(5, 3)


def test_csv_and_npy(net, tmp_path):
    table = prediction_table.table(net, X, proba=True)
    table.write(tmp_path / "p.csv")
    lines = (tmp_path / "p.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == 'prediction,ja,"größer, als"'
    assert len(lines) == 6
    table.write(tmp_path / "p.npy")
    assert np.array_equal(np.load(tmp_path / "p.npy"), net.predict_proba(X))
    prediction_table.table(net, X).write(tmp_path / "q.npy")
    assert np.load(tmp_path / "q.npy").tolist() == net.predict(X).tolist()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p.csv", "p.npy", "q.npy"]


def test_csv_has_all_digits(tmp_path):
    net = nd.MLP([3, 2, 1], loss="mse", dtype="float64")
    prediction_table.table(net, X).write(tmp_path / "p.csv")
    values = [float(line) for line in (tmp_path / "p.csv").read_text().split()[1:]]
    assert values == net.predict(X).tolist()


def test_columns_of_several_outputs():
    net = nd.MLP([3, 2], loss="mse")
    assert prediction_table.table(net, X).csv().splitlines()[0] == "prediction 1,prediction 2"


def test_probabilities_of_regression():
    with pytest.raises(ValueError, match="regression"):
        prediction_table.table(nd.MLP([3, 1], loss="mse"), X, proba=True)


def test_class_named_like_a_column(tmp_path):
    table = prediction_table.Predictions(
        np.array(["std"]), np.array([[0.9, 0.1]]), ["prediction", "std", "std"], named=True
    )
    table.write(tmp_path / "p.npy")
    assert np.load(tmp_path / "p.npy").dtype.names == ("prediction", "std", "class std")
