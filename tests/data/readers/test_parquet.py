"""Reading Parquet files."""

import datetime

import numpy as np
import pytest
from animals import model
from click.testing import CliRunner
from numba_dropout_cli.main import cli

from numba_dropout import data


@pytest.fixture
def table(rng):
    """Return columns of floats, integers, booleans and texts. The texts depend on the first column."""
    a = rng.standard_normal(60)
    return {"a": a, "b": np.arange(0, 180, 3, dtype=np.int32), "c": a > 0, "kind": np.where(a > 0.3, "large", "small")}


def written(path, columns, categories=()):
    """Write columns to a Parquet file, in several groups of rows."""
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    arrays = {name: pyarrow.array(values) for name, values in columns.items()}
    arrays |= {name: arrays[name].dictionary_encode() for name in categories}
    parquet.write_table(pyarrow.table(arrays), path, row_group_size=25)
    return path


@pytest.mark.parametrize("target", [None, "b", "c", 3])
@pytest.mark.parametrize("categories", [(), ("kind",)])
def test_parquet_equals_text(target, categories, tmp_path, table):
    written(tmp_path / "t.parquet", table, categories)
    rows = [[str(value.item()) for value in row] for row in zip(*table.values(), strict=True)]
    (tmp_path / "t.csv").write_text("\n".join(",".join(row) for row in [list(table), *rows]))
    from_csv, from_parquet = (data.load(tmp_path / name, target=target) for name in ("t.csv", "t.parquet"))
    assert np.array_equal(from_csv.x, from_parquet.x)
    assert np.array_equal(from_csv.targets(), from_parquet.targets())
    assert from_csv.classes == from_parquet.classes
    assert from_csv.notes == from_parquet.notes
    assert (from_csv.features, from_csv.target, from_csv.target_column) == (
        from_parquet.features,
        from_parquet.target,
        from_parquet.target_column,
    )
    options = {"classes": from_csv.classes, "encoder": from_csv.encoder.to_dict()}
    assert options == {"classes": from_parquet.classes, "encoder": from_parquet.encoder.to_dict()}


def test_columns_for_a_model(tmp_path, table):
    path = written(tmp_path / "t.parquet", table)
    reordered = written(tmp_path / "u.parquet", {name: table[name] for name in ("c", "kind", "a", "b")})
    net = model(dataset=data.load(path, target="kind"))
    results = [data.load_for(net, each) for each in (path, reordered)]
    assert np.array_equal(results[0].x, results[1].x)
    assert np.array_equal(results[0].y, results[1].y)
    assert net.encoder.kinds == {"a": "number", "b": "number", "c": "category"}
    other = written(tmp_path / "v.parquet", table | {"kind": table["a"]})
    assert data.load_for(net, other, need_target=False).y is None


def test_booleans_of_version_0_1(tmp_path, table):
    """Its networks learnt from 0 and 1."""
    path = written(tmp_path / "t.parquet", table)
    net = model(3, classes=["large", "small"], names=["a", "b", "c"], target="kind")
    assert data.load_for(net, path).x[:, 2].tolist() == table["c"].astype(float).tolist()


@pytest.mark.jit_only
def test_commands(tmp_path, table):
    path, out = str(written(tmp_path / "t.parquet", table)), str(tmp_path / "m.npz")
    for words in (
        ["train", path, "--epochs", "2", "--hidden", "4", "--out", out],
        ["evaluate", out, path],
        ["predict", out, path],
    ):
        result = CliRunner().invoke(cli, words)
        assert result.exit_code == 0, result.output
    assert set(result.output.split()) <= {"class", "prediction", "large", "small"}


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        (
            "b",
            [*range(59), np.inf],
            r"expected a finite number at row 60, column 2 \('b'\), got inf; leave the row out",
        ),
        ("b", [f"x{i}" for i in range(60)], r"column 2 \('b'\): a different text in nearly all rows.*drop=\[\'b\'\]"),
        ("kind", [datetime.date(2020, 1, 1)] * 60, r"column 4 \('kind'\) holds dates; choose another target"),
        (
            "kind",
            [*np.arange(59) / 7, np.inf],
            r"expected a finite number at row 60 of the target, column 4 .*, got inf",
        ),
        ("kind", [None] * 60, r"no row has a target in column 4 \('kind'\); choose another target"),
    ],
)
def test_unusable_cells(name, values, message, tmp_path, table):
    path = written(tmp_path / "t.parquet", table | {name: values})
    with pytest.raises(ValueError, match=message) as error:
        data.load(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("gap", [None, np.nan])
@pytest.mark.parametrize("kind", [float, int])
def test_gaps(gap, kind, tmp_path, table):
    """A gap takes the median of the others, whatever its kind, and the column gets an indicator."""
    values = [gap, *map(kind, range(1, 60))]
    result = data.load(written(tmp_path / "t.parquet", table | {"b": values}))
    assert result.features == ["a", "b", "b missing", "c=False"]
    assert result.x[:, 1].tolist() == [30, *range(1, 60)]
    assert result.x[:, 2].tolist() == [1] + [0] * 59


def test_gaps_of_the_target(tmp_path, table):
    path = written(tmp_path / "t.parquet", table | {"kind": [None, *["x", "y"] * 29, "y"]})
    result = data.load(path)
    assert (len(result.x), result.classes) == (59, ["x", "y"])
    assert "1 row has no target in column 4 ('kind') (row 1): left out" in result.notes


def test_texts_and_dates(tmp_path, table):
    days = [datetime.date(2020, 1 + i % 2, 1 + i % 28) for i in range(60)]
    path = written(tmp_path / "t.parquet", table | {"b": days, "c": ["u", "v", "w"] * 20}, ["c"])
    result = data.load(path)
    assert result.features == ["a", "b: days", "b: month", "b: weekday", "c=u", "c=v", "c=w"]
    assert result.x[0, 1:].tolist() == [18262, 1, 2, 1, 0, 0]


def test_not_parquet(tmp_path, table):
    pytest.importorskip("pyarrow")
    (tmp_path / "t.parquet").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="damaged or not in the Parquet format"):
        data.load(tmp_path / "t.parquet")
    path = written(tmp_path / "u.parquet", table)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ValueError, match="damaged or not in the Parquet format"):
        data.load(path)
    with pytest.raises(ValueError, match="expected rows of data, got none"):
        data.load(written(tmp_path / "v.parquet", {"a": np.empty(0), "b": np.empty(0)}))


def test_pandas_index(tmp_path, table):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frame = pandas.DataFrame(table).sample(frac=0.7, random_state=0)
    for source in (frame, frame.set_index("b"), frame.reset_index(drop=True)):
        source.to_parquet(tmp_path / "t.parquet")
        result = data.load(tmp_path / "t.parquet")
        names = ["c=False" if name == "c" else name for name in source.columns if name != "kind"]
        assert (result.features, result.target) == (names, "kind")
    frame[[]].to_parquet(tmp_path / "t.parquet")
    with pytest.raises(ValueError, match="expected columns of data, got only an index"):
        data.load(tmp_path / "t.parquet")


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["0", "1", "2"], [0, 1, 2]),
        (["007", "7", "7.0"], ["007", "7", "7.0"]),
        (["1e2", "100", "1"], ["1", "100", "1e2"]),
        (["9007199254740993", "9007199254740992"], [9007199254740992, 9007199254740993]),
        ([9007199254740993, 9007199254740992], [9007199254740992, 9007199254740993]),
        (["None", "NA", "?"], ["?", "NA", "None"]),
    ],
)
@pytest.mark.parametrize("categories", [(), ("kind",)])
def test_labels_stay_texts(labels, classes, categories, tmp_path, table):
    """A label is an integer only if all are written exactly as integers are, and none goes through a float."""
    path = written(tmp_path / "t.parquet", table | {"kind": labels * (60 // len(labels))}, categories)
    result = data.load(path)
    assert result.classes == classes
    assert [str(result.classes[k]) for k in result.y[: len(labels)]] == list(map(str, labels))
    assert data.load_for(model(dataset=result), path).y.tolist() == result.y.tolist()


def test_columns_of_the_same_name(tmp_path, table):
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    twice = pyarrow.Table.from_arrays([pyarrow.array(table[name]) for name in ("a", "b", "kind")], ["x", "x", "kind"])
    parquet.write_table(twice, tmp_path / "t.parquet")
    with pytest.raises(ValueError, match=r"more than one column is called 'x' \(columns 1, 2\); rename them"):
        data.load(tmp_path / "t.parquet")
