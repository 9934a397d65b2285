"""Tables of each kind that people have, with the right value of each."""

import numpy as np
import pytest
from shared_tables import needs_tables, table

import numba_dropout as nd

pytestmark = needs_tables


def load(name, **options):
    return nd.data.load(table(name), **options)


@pytest.mark.parametrize(
    ("name", "rows", "features"),
    [("numeric_header", 200, None), ("years_header", 100, None), ("one_numeric_name", None, None)],
)
def test_numbers_as_header(name, rows, features):
    lines = table(name).read_text().split()
    data = load(name)
    assert len(data.x) == len(lines) - 1
    assert rows is None or len(data.x) == rows
    assert any("header" in note for note in data.notes)


def test_digits_of_pandas():
    data = load("digits_pandas_header")
    assert data.x.shape[0] == 1797
    assert data.classes == list(range(10))
    assert data.table.names == [str(number) for number in range(65)]


def test_counts_of_scikit_learn():
    datasets = pytest.importorskip("sklearn.datasets")
    data, expected = load("iris"), datasets.load_iris()
    assert data.x.shape == (150, 4)
    assert np.array_equal(data.x, expected.data)
    assert [data.classes[k] for k in data.y] == expected.target_names[expected.target].tolist()


@pytest.mark.parametrize("name", ["index_sorted", "ap_idx"])
def test_index(name):
    data = load(name)
    assert data.table.index == 0
    assert any("use=[" in note for note in data.notes)
    kept = load(name, use=[1])
    assert kept.x.shape[1] == data.x.shape[1] + 1


@pytest.mark.parametrize(("name", "twice"), [("dup_header_train", None), ("dup_target", "y")])
def test_duplicate_names(name, twice):
    with pytest.raises(ValueError, match=r"more than one column|twice|duplicate|same name") as error:
        load(name)
    assert "\n" not in str(error.value)
    assert twice is None or repr(twice) in str(error.value)


@pytest.mark.parametrize(
    ("name", "target"), [("few_rows_prices", None), ("women", None), ("longley", "TOTEMP"), ("letters26", None)]
)
def test_values(name, target):
    data = load(name, target=target)
    assert data.classes is None
    assert any("task='classes'" in note for note in data.notes)


def test_26_classes():
    assert load("letters26", task="classes").classes == list(range(1, 27))


@pytest.mark.parametrize(
    ("name", "options", "classes"),
    [
        ("leading_zeros", {}, ["007", "010", "042"]),
        ("float_labels", {"task": "classes"}, ["1.0", "2.0"]),
        ("stray_text_class", {}, ["0", "1", "2", "3+"]),
        ("none_class", {"missing": [""]}, ["Mild", "None", "Severe"]),
        ("namibia", {"missing": [""]}, ["DE", "FR", "NA"]),
        ("case", {}, ["No", "Yes", "yes"]),
        ("blank_line", {}, None),
        ("space_quotes", {}, None),
    ],
)
def test_classes(name, options, classes):
    data = load(name, **options)
    if classes is None:
        assert not any(set("'\" ") & set(str(label)) for label in data.classes or [])
    else:
        assert data.classes == classes


def test_similar_classes():
    assert any("Yes, yes" in note for note in load("case").notes)


def test_rare_class():
    data = load("rare_class")
    assert data.classes == ["common", "rare"]
    from numba_dropout.data.splits import hold_out

    for seed in range(20):
        train, held_out = hold_out(data, 0.2, seed=seed)
        assert (data.y[held_out] == 1).any()
        assert (data.y[train] == 1).any()
        assert len(held_out) == 20


def test_booleans():
    data = load("booleans")
    assert any("member" in name for name in data.encoder.names)


def test_all_text():
    data = load("all_text")
    assert data.encoder is not None
    assert len(data.classes) >= 2


def test_percent():
    data = load("percent")
    column = data.table.names.index("rate") if "rate" in data.table.names else 0
    assert "%" in data.table.texts(column)[0]
    assert data.x.max() <= 1


def test_money():
    data = load("money")
    assert 250000 in np.hstack([data.x, np.asarray(data.y).reshape(len(data.x), -1)])


def test_thousands():
    data = load("thousands")
    assert 1200 in np.hstack([data.x, np.asarray(data.y).reshape(len(data.x), -1)])


def test_german_thousands():
    with pytest.raises(ValueError, match=r"two readings.*thousands='.', decimal=','"):
        load("german_thousands")
    data = load("german_thousands", thousands=".", decimal=",")
    assert max(data.x.max(), np.asarray(data.y).max()) >= 1000


def test_decimal_commas():
    data = load("boston_csv2", decimal=",")
    text = table("boston_csv2").read_text().replace(",", ".").replace(";", ",")
    expected = np.genfromtxt(text.splitlines()[1:], delimiter=",")
    assert len(data.x) == len(expected)
    assert np.array_equal(data.y[:, 0], expected[:, -1])


def test_lines(tmp_path):
    assert len(load("multiline").x) == 3
    assert len(load("comment", comment="#").x) >= 1
    assert len(load("utf16").x) >= 1
    assert len(load("latin1", encoding="latin-1").x) >= 1
    with pytest.raises(ValueError, match="encoding='latin-1'"):
        load("latin1")


def test_row_without_target():
    data = load("total")
    assert len(data.x) == 3
    assert any("left out" in note for note in data.notes)


def test_copy_of_the_target():
    assert any("y_copy" in note and "drop=['y_copy']" in note for note in load("leak").notes)


def test_missing_number():
    data = load("sentinel", missing=["-999"])
    assert np.isfinite(data.x).all()
    assert data.x.min() > -900
    assert any("missing" in name for name in data.encoder.names)


def test_encoder_by_hand():
    table = nd.data.read({"x": [1, 2, None, 4, 6], "c": ["a", "b", "b", "", "c"], "y": [0, 1, 0, 1, 0]})
    data = nd.data.load(table, task="classes", min_count=1)
    assert data.encoder.names == ["x", "x missing", "c=b", "c=a", "c=c", "c missing"]
    assert data.x[:, 0].tolist() == [1, 2, 3, 4, 6]
    assert data.x[:, 1].tolist() == [0, 0, 1, 0, 0]
    offset, scale = data.scaling()
    assert offset[0] == pytest.approx(3.2)
    assert 1 / scale[0] == pytest.approx(2.96**0.5)
    assert data.x[:, 2:5].tolist() == [[0, 1, 0], [1, 0, 0], [1, 0, 0], [0, 0, 0], [0, 0, 1]]
