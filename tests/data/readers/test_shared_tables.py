"""The small tables in shared/tables: rows, columns, names and texts as they are read."""

import warnings

import numpy as np
import pytest
import shared_tables

from numba_dropout import data

TABLES = shared_tables.FOLDER
pytestmark = pytest.mark.skipif(not TABLES.is_dir(), reason="shared/tables is not there")

OPTIONS = {"comment.csv": {"comment": "#"}, "latin1.csv": {"encoding": "latin-1"}, "boston_csv2.csv": {"decimal": ","}}


def read(name, **options):
    return data.read(TABLES / name, **OPTIONS.get(name, {}), **options)


def test_digits_of_pandas():
    table = read("digits_pandas_header.csv")
    assert (len(table), table.width) == (1797, 65)
    assert table.names == [str(i) for i in range(65)]
    assert table.index is None
    assert set(table.texts(64)) == set("0123456789")
    assert table.notes == ["header: the first row (0, 1, 2, ...); header=False reads it as data"]


@pytest.mark.parametrize(
    ("name", "rows", "names"),
    [
        ("numeric_header.csv", 200, ["0", "1", "2", "3"]),
        ("years_header.csv", 100, ["2018", "2019", "2020", "2021"]),
        ("one_numeric_name.csv", 50, ["age", "2019", "y"]),
    ],
)
def test_headers_of_numbers(name, rows, names):
    table = read(name)
    assert (len(table), table.names) == (rows, names)
    assert "header=False" in table.notes[0]
    assert len(read(name, header=False)) == rows + 1


def test_header_of_counts():
    table = read("iris.csv")
    assert (len(table), table.width) == (150, 5)
    assert table.names == ["feature 1", "feature 2", "feature 3", "feature 4", "target"]
    assert sorted(set(table.texts(4))) == ["setosa", "versicolor", "virginica"]
    assert [table.texts(4).count(name) for name in ("setosa", "versicolor", "virginica")] == [50, 50, 50]
    assert table.lines[0] == 2
    assert "150 rows and 4 features" in table.notes[0]
    assert len(read("iris.csv", header=False)) == 151


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("index_sorted.csv", 0),
        ("index_new.csv", 0),
        ("index_gone.csv", None),
        ("ap_idx.csv", 0),
        ("ap_idx_test.csv", 0),
        ("ap.csv", None),
        ("women.csv", 0),
        ("longley.csv", 0),
    ],
)
def test_index(name, index):
    table = read(name)
    assert (table.index, table.notes) == (index, [])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("dup_header_train.csv", r"more than one column is called 'b' \(columns 2, 3\)"),
        ("dup_header_reordered.csv", r"'b' \(columns 1, 2\)"),
        ("dup_target.csv", r"'y' \(columns 2, 3\)"),
    ],
)
def test_names_that_occur_twice(name, message):
    with pytest.raises(ValueError, match=message):
        read(name)


@pytest.mark.parametrize(
    ("name", "column", "texts"),
    [
        ("leading_zeros.csv", 1, ["007", "010", "042"]),
        ("float_labels.csv", 1, ["1.0", "2.0", "1.0"]),
        ("none_class.csv", 1, ["None", "Mild", "Severe"]),
        ("namibia.csv", 1, ["NA", "DE", "FR"]),
        ("case.csv", 1, ["Yes", "yes", "No"]),
        ("percent.csv", 0, ["12%", "7%", "30%"]),
        ("money.csv", 1, ["$250,000", "$180,000"]),
        ("thousands.csv", 0, ["1,200", "2,300", "900"]),
        ("german_thousands.csv", 1, ["646", "617", "1.847"]),
        ("multiline.csv", 1, ["two\nlines", "ok", "ok"]),
        ("space_quotes.csv", 0, ["Usain, B", "Yohan"]),
        ("space_quotes.csv", 1, ["JAM", "JAM"]),
        ("blank_line.csv", 1, ["a", "b", "a"]),
        ("comment.csv", 1, ["a", "b", "a"]),
        ("utf16.csv", 2, ["101000", "150000"]),
        ("latin1.csv", 0, ["1", "2", "3"]),
        ("booleans.csv", 1, ["True", "True", "False"]),
        ("total.csv", 1, ["a", "b", "a", ""]),
    ],
)
def test_texts(name, column, texts):
    assert read(name).texts(column)[: len(texts)] == texts


def test_lengths_and_names():
    assert len(read("multiline.csv")) == 3
    assert read("multiline.csv").lines == [2, 4, 5]
    assert len(read("blank_line.csv")) == 4
    assert list(read("blank_line.csv").lines) == [2, 3, 5, 6]
    assert read("latin1.csv").names == ["straße", "y"]
    assert read("all_text.csv").names == ["cap", "odor", "class"]
    assert read("space_quotes.csv").names == ["Name", "Country", "Time"]
    assert "empty cells after the last column" in read("total.csv").notes[0]


def test_thousands_are_texts():
    assert read("german_thousands.csv").columns[1].cells.dtype == np.float64
    assert read("german_thousands.csv", decimal=",", thousands=".").columns[1].cells.dtype == object


def test_wrong_encoding():
    with pytest.raises(ValueError, match="encoding='latin-1'"):
        data.read(TABLES / "latin1.csv")


@pytest.mark.parametrize("path", sorted(TABLES.glob("*.csv")) if TABLES.is_dir() else [], ids=lambda path: path.name)
def test_pandas_agrees(path):
    pandas = pytest.importorskip("pandas")
    if path.name.startswith("dup_") or path.name in ("iris.csv", "total.csv"):
        pytest.skip("documented differences")
    encoding = {"latin1.csv": "latin-1", "utf16.csv": "utf-16"}.get(path.name, "utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame = pandas.read_csv(
            path,
            sep=";" if path.name in ("boston_csv2.csv", "german_thousands.csv") else ",",
            dtype=str,
            keep_default_na=False,
            skipinitialspace=True,
            encoding=encoding,
            comment=OPTIONS.get(path.name, {}).get("comment"),
        )
    table = read(path.name)
    assert table.names == ["column 1" if name == "Unnamed: 0" else name for name in frame.columns]
    for i in range(table.width):
        assert table.texts(i) == [cell.strip() for cell in frame.iloc[:, i].tolist()]
