"""Reading Parquet files."""

import datetime

import numpy as np
import pytest
from click.testing import CliRunner
from numba_dropout_cli.main import cli

import numba_dropout as nd
from numba_dropout import data


@pytest.fixture
def table(rng):
    """Return columns of floats, integers, booleans and texts. The texts depend on the first column."""
    a = rng.standard_normal(60)
    return {"a": a, "b": np.arange(60, dtype=np.int32), "c": a > 0, "kind": np.where(a > 0.3, "large", "small")}


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
    if target is not None:
        table["kind"] = np.arange(60) / 7  # features cannot be texts
        categories = ()
    written(tmp_path / "t.parquet", table, categories)
    rows = [[value.item() for value in row] for row in zip(*table.values(), strict=True)]
    cells = [[str(int(value)) if isinstance(value, bool) else str(value) for value in row] for row in rows]
    (tmp_path / "t.csv").write_text("\n".join(",".join(row) for row in [list(table), *cells]))
    from_csv, from_parquet = (data.load(tmp_path / name, target=target) for name in ("t.csv", "t.parquet"))
    assert np.array_equal(from_csv.x, from_parquet.x)
    assert np.array_equal(from_csv.targets(), from_parquet.targets())
    assert from_csv.classes == from_parquet.classes
    assert (from_csv.features, from_csv.target, from_csv.target_column) == (
        from_parquet.features,
        from_parquet.target,
        from_parquet.target_column,
    )


def test_columns_for_a_model(tmp_path, table):
    path = written(tmp_path / "t.parquet", table)
    reordered = written(tmp_path / "u.parquet", {name: table[name] for name in ("c", "kind", "a", "b")})
    rows = [data.load(each, target="kind") for each in (path, reordered)]
    net = nd.MLP([3, 4, 2], seed=1)
    net.classes, net.features, net.target = rows[0].classes, rows[0].features, "kind"
    results = [data.load_for(net, each) for each in (path, reordered)]
    assert np.array_equal(results[0].x, results[1].x)
    assert np.array_equal(results[0].y, results[1].y)
    assert (
        data.load_for(net, written(tmp_path / "v.parquet", table | {"kind": table["a"]}), need_target=False).y is None
    )


@pytest.mark.jit_only
def test_commands(tmp_path, table):
    path, model = str(written(tmp_path / "t.parquet", table)), str(tmp_path / "m.npz")
    for words in (
        ["train", path, "--epochs", "2", "--out", model],
        ["evaluate", model, path],
        ["predict", model, path],
    ):
        result = CliRunner().invoke(cli, words)
        assert result.exit_code == 0, result.output
    assert set(result.output.split()) <= {"class", "prediction", "large", "small"}


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("a", [None, *range(59)], r"a missing value at row 1, column 1 \('a'\); fill it in"),
        ("a", [*range(59), np.nan], r"a missing value at row 60, column 1 \('a'\)"),
        ("b", [*range(59), np.inf], r"expected a finite number at row 60, column 2 \('b'\), got inf"),
        ("b", ["x"] * 60, r"expected numbers in column 2 \('b'\), got string"),
        ("b", [datetime.date(2020, 1, 1)] * 60, r"expected numbers in column 2 \('b'\), got date32\[day\]"),
        ("kind", [None, *["x", "y"] * 29, "y"], r"a missing value at row 1, column 4 \('kind'\)"),
    ],
)
def test_unusable_cells(name, values, message, tmp_path, table):
    path = written(tmp_path / "t.parquet", table | {name: values})
    with pytest.raises(ValueError, match=message):
        data.load(path)


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
        assert (result.features, result.target) == ([name for name in source.columns if name != "kind"], "kind")
    frame[[]].to_parquet(tmp_path / "t.parquet")
    with pytest.raises(ValueError, match="expected columns of data, got only an index"):
        data.load(tmp_path / "t.parquet")


def test_numbers_as_text(tmp_path, table):
    path = written(tmp_path / "t.parquet", table | {"kind": np.array(["0", "1", "2"] * 20)})
    result = data.load(path)
    assert (result.classes, result.y.tolist()) == ([0, 1, 2], [0, 1, 2] * 20)


def test_columns_of_the_same_name(tmp_path, table):
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    twice = pyarrow.Table.from_arrays([pyarrow.array(table[name]) for name in ("a", "b", "kind")], ["x", "x", "kind"])
    parquet.write_table(twice, tmp_path / "t.parquet")
    result = data.load(tmp_path / "t.parquet")
    assert (result.x.shape, result.features) == ((60, 2), None)
