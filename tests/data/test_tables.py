"""Parquet files, data frames, and the sets that come with scikit-learn."""

import datetime
import importlib
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from numba_dropout_cli.main import cli

import numba_dropout as nd
from numba_dropout import data


@pytest.fixture
def table(rng):
    """Return columns: of numbers, whole numbers, booleans, and texts, which are told by the first."""
    a = rng.standard_normal(60)
    return {"a": a, "b": np.arange(60, dtype=np.int32), "c": a > 0, "kind": np.where(a > 0.3, "large", "small")}


def written(path, columns, categories=()):
    """Write columns to a Parquet file, in several groups of rows."""
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    arrays = {name: pyarrow.array(values) for name, values in columns.items()}
    arrays |= {name: arrays[name].dictionary_encode() for name in categories}
    parquet.write_table(pyarrow.table(arrays), path, row_group_size=25)
    return path


# ---------------------------------------------------------------- Parquet


@pytest.mark.parametrize("target", [None, "b", "c", 3])
@pytest.mark.parametrize("categories", [(), ("kind",)])
def test_parquet_is_read_as_the_same_text(target, categories, tmp_path, table):
    if target is not None:
        table["kind"] = np.arange(60) / 7  # of features no texts
        categories = ()
    written(tmp_path / "t.parquet", table, categories)
    rows = [[value.item() for value in row] for row in zip(*table.values(), strict=True)]
    cells = [[str(int(value)) if isinstance(value, bool) else str(value) for value in row] for row in rows]
    (tmp_path / "t.csv").write_text("\n".join(",".join(row) for row in [list(table), *cells]))
    one, other = (data.load(tmp_path / name, target=target) for name in ("t.csv", "t.parquet"))
    assert np.array_equal(one.x, other.x)
    assert np.array_equal(one.targets(), other.targets())
    assert one.classes == other.classes
    assert (one.features, one.target, one.target_column) == (other.features, other.target, other.target_column)


def test_a_model_finds_its_columns_by_their_names(tmp_path, table):
    path = written(tmp_path / "t.parquet", table)
    other = written(tmp_path / "u.parquet", {name: table[name] for name in ("c", "kind", "a", "b")})
    rows = [data.load(each, target="kind") for each in (path, other)]
    net = nd.MLP([3, 4, 2], seed=1)
    net.classes, net.features, net.target = rows[0].classes, rows[0].features, "kind"
    found = [data.load_for(net, each) for each in (path, other)]
    assert np.array_equal(found[0].x, found[1].x)
    assert np.array_equal(found[0].y, found[1].y)
    assert (
        data.load_for(net, written(tmp_path / "v.parquet", table | {"kind": table["a"]}), need_target=False).y is None
    )


@pytest.mark.jit_only
def test_commands_take_parquet(tmp_path, table):
    path, model = str(written(tmp_path / "t.parquet", table)), str(tmp_path / "m.npz")
    for words in (
        ["train", path, "--epochs", "2", "--out", model],
        ["evaluate", model, path],
        ["predict", model, path],
    ):
        done = CliRunner().invoke(cli, words)
        assert done.exit_code == 0, done.output
    assert set(done.output.split()) <= {"class", "prediction", "large", "small"}


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
def test_cells_that_cannot_be_used(name, values, message, tmp_path, table):
    path = written(tmp_path / "t.parquet", table | {name: values})
    with pytest.raises(ValueError, match=message):
        data.load(path)


def test_files_that_are_none_of_parquet(tmp_path, table):
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


def test_an_index_of_pandas_is_no_column(tmp_path, table):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frame = pandas.DataFrame(table).sample(frac=0.7, random_state=0)
    for given in (frame, frame.set_index("b"), frame.reset_index(drop=True)):
        given.to_parquet(tmp_path / "t.parquet")
        found = data.load(tmp_path / "t.parquet")
        assert (found.features, found.target) == ([name for name in given.columns if name != "kind"], "kind")
    frame[[]].to_parquet(tmp_path / "t.parquet")
    with pytest.raises(ValueError, match="expected columns of data, got only an index"):
        data.load(tmp_path / "t.parquet")


def test_numbers_that_are_written_as_texts_are_classes(tmp_path, table):
    path = written(tmp_path / "t.parquet", table | {"kind": np.array(["0", "1", "2"] * 20)})
    found = data.load(path)
    assert (found.classes, found.y.tolist()) == ([0, 1, 2], [0, 1, 2] * 20)


def test_columns_of_one_name_are_told_apart_by_their_numbers(tmp_path, table):
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    twice = pyarrow.Table.from_arrays([pyarrow.array(table[name]) for name in ("a", "b", "kind")], ["x", "x", "kind"])
    parquet.write_table(twice, tmp_path / "t.parquet")
    found = data.load(tmp_path / "t.parquet")
    assert (found.x.shape, found.features) == ((60, 2), None)


# ---------------------------------------------------------------- sets by name


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
def test_sets_that_come_with_scikit_learn(name, shape, classes):
    pytest.importorskip("sklearn")
    found = data.load(name)
    assert (found.x.shape, found.classes, len(found.features)) == (shape, classes, shape[1])
    assert np.isfinite(found.x).all()
    net = nd.MLP([shape[1], len(classes) if classes else 1], loss="cross_entropy" if classes else "mse")
    net.classes = classes
    again = data.load_for(net, name)
    assert np.array_equal(again.x, found.x)
    assert np.array_equal(again.y, found.y)


@pytest.mark.parametrize(("name", "task"), [("iris", "values"), ("diabetes", "classes"), ("pipeline", "values")])
def test_tasks_that_a_set_has_not(name, task):
    pytest.importorskip("sklearn")
    with pytest.raises(
        ValueError, match=f"{name}: the target of this data set holds (values|classes); do not train on {task}"
    ):
        data.load(name, task=task)


def test_a_file_of_the_name_comes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "iris").write_text("1,2,a\n3,4,b\n")
    assert data.load("iris").x.shape == (2, 2)


@pytest.mark.parametrize(
    ("library", "source", "extra"), [("sklearn", "digits", "sklearn"), ("pyarrow", "t.parquet", "parquet")]
)
def test_what_is_missing_is_said_in_a_line(library, source, extra, tmp_path):
    (tmp_path / "t.parquet").write_bytes(b"PAR1")
    code = f"import sys; sys.modules[{library!r}] = None\nfrom numba_dropout_cli.main import cli\ncli()"
    command = [sys.executable, "-c", code, "train", source]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"pip install 'numba-dropout[{extra}]'" in done.stderr
    assert len(done.stderr.splitlines()) == 1


# ---------------------------------------------------------------- frames


@pytest.fixture(params=["pandas", "polars"])
def frame(request, table):
    library = pytest.importorskip(request.param, reason=f"{request.param} is not installed")
    return library.DataFrame({name: table[name] for name in "abc"})


def test_frames_are_learnt_from_by_their_names(frame, table, tmp_path):
    x, y = np.column_stack([table[name] for name in "abc"]).astype(float), (table["a"] > 0).astype(int)
    nets = [nd.MLP([3, 4, 2], seed=1) for _ in range(2)]
    for net, given in zip(nets, (frame, x), strict=True):
        nd.fit(net, given, y, optimizer=nd.SGD(), epochs=1, validation=(given, y))
    assert np.array_equal(nets[0].predict_proba(frame), nets[1].predict_proba(x))
    assert np.array_equal(nets[0].predict_proba(x), nets[1].predict_proba(frame))
    assert (nets[0].features, nets[1].features) == (["a", "b", "c"], None)
    with pytest.raises(ValueError, match="x: expected the columns of the training data, a, b, c, in this"):
        nets[0].predict(frame[["b", "a", "c"]])
    nets[0].save(tmp_path / "m.npz")
    assert nd.MLP.load(tmp_path / "m.npz").features == ["a", "b", "c"]


@pytest.mark.parametrize("values", [["x"] * 60, [datetime.datetime(2020, 1, 1)] * 60])
def test_columns_without_numbers(values, frame):
    library = importlib.import_module(type(frame).__module__.partition(".")[0])
    wrong = library.DataFrame({**{name: frame[name] for name in "ab"}, "c": values})
    with pytest.raises(TypeError, match="x: expected numbers in column 'c', got"):
        nd.MLP([3, 2]).predict(wrong)


def test_missing_values_in_frames(frame):
    library = importlib.import_module(type(frame).__module__.partition(".")[0])
    values = [None, *range(59)]
    wrong = library.DataFrame({**{name: frame[name] for name in "ab"}, "c": values})
    for given in (wrong, *([wrong.convert_dtypes()] if library.__name__ == "pandas" else [])):
        with pytest.raises(ValueError, match=r"x: expected finite numbers, got nan at \[0, 2\]"):
            nd.fit(nd.MLP([3, 2]), given, np.zeros(60, int), optimizer=nd.SGD(), epochs=1)


def test_names_that_come_twice():
    pandas = pytest.importorskip("pandas")
    twice = pandas.DataFrame(np.ones((3, 2)), columns=["a", "a"])
    with pytest.raises(ValueError, match="x: more than one column is called 'a'"):
        nd.MLP([2, 2]).predict(twice)


def test_other_types_of_columns():
    pandas = pytest.importorskip("pandas")
    sparse = pandas.DataFrame({"a": [1.0, 0.0, 2.0]}).astype("Sparse[float64]")
    net = nd.MLP([1, 2], seed=1)
    assert np.array_equal(net.predict_proba(sparse), net.predict_proba(np.array([[1.0], [0.0], [2.0]])))
    with pytest.raises(TypeError, match=r"x: expected numbers in column 'a', got interval"):
        net.predict(pandas.DataFrame({"a": pandas.interval_range(0, 3)}))
