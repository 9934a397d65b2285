"""Tables of predictions, as CSV and as NumPy files."""

import csv
import gzip

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


IDS = [("name", ["007", None, 'a "b", c', "", "ü"]), ("day", np.array(["2020-01-01"] * 4 + ["NaT"], "datetime64[s]"))]


@pytest.mark.parametrize("name", ["p.csv", "p.csv.gz", "p.tsv", "P.CSV", "p"])
def test_ids_in_text(net, name, tmp_path):
    result = prediction_table.table(net, X, ids=[*IDS, ("row", np.arange(5))])
    result.write(tmp_path / name)
    content = (tmp_path / name).read_bytes()
    text = (gzip.decompress(content) if name.endswith(".gz") else content).decode()
    head, *rows = csv.reader(text.splitlines(), delimiter="\t" if name.endswith(".tsv") else ",")
    assert head == ["name", "day", "row", "prediction"]
    assert [row[0] for row in rows] == ["007", "", 'a "b", c', "", "ü"]
    assert [row[1] for row in rows] == ["2020-01-01T00:00:00"] * 4 + [""]
    assert [row[2:] for row in rows] == [[str(i), label] for i, label in enumerate(net.predict(X))]


def test_gzipped_text_has_no_time(net, tmp_path):
    result = prediction_table.table(net, X)
    for name in ("a.csv.gz", "b.csv.gz"):
        result.write(tmp_path / name)
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()


def test_ids_in_array(net, tmp_path):
    prediction_table.table(net, X, ids=IDS).write(tmp_path / "p.npy")
    fields = np.load(tmp_path / "p.npy")
    assert fields.dtype.names == ("name", "day", "prediction")
    assert fields["name"].tolist() == ["007", "", 'a "b", c', "", "ü"]
    assert fields["prediction"].tolist() == net.predict(X).tolist()


def test_parquet(net, tmp_path):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    prediction_table.table(net, X, proba=True, ids=[*IDS, ("prediction", range(5))]).write(tmp_path / "p.parquet")
    frame = pandas.read_parquet(tmp_path / "p.parquet")
    assert frame.columns.tolist() == ["name", "day", "id prediction", "prediction", "ja", "größer, als"]
    assert frame["name"].fillna("missing").tolist() == ["007", "missing", 'a "b", c', "", "ü"]
    assert frame["prediction"].tolist() == net.predict(X).tolist()
    np.testing.assert_array_equal(frame.iloc[:, -2:].to_numpy(), net.predict_proba(X))


def test_texts_of_classes(net):
    net.classes = ["007", "1e2"]
    assert set(prediction_table.table(net, X).csv().split()[1:]) <= {"007", "1e2"}


def test_refused_tables(net, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"predictions cannot be written as \.xlsx"):
        prediction_table.table(net, X).write(tmp_path / "p.xlsx")
    with pytest.raises(ValueError, match="ids: expected 5 cells in 'name'"):
        prediction_table.table(net, X, ids=[("name", ["a"])])
    with pytest.raises(ValueError, match="x: expected finite numbers, got nan"):
        prediction_table.table(net, np.where(X == 0, X, np.nan))
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    with pytest.raises(ValueError, match="requires pyarrow: pip install pyarrow"):
        prediction_table.check_output(tmp_path / "p.parquet")
